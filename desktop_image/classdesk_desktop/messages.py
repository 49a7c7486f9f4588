"""How messages become JSON, and are read by whoever has another version. The standard library is all that it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Shape = TypeVar("Shape", bound="DataclassInstance")

_LARGEST: Final = 2**53
"""Up to here all programs that read JSON have the same number."""


class ProtocolError(ValueError):
    """A message without what it is about; the text names the field."""


def as_json(message: DataclassInstance) -> str:
    """Return a message as the text that is sent."""
    return json.dumps(asdict(message), separators=(",", ":"))


def read(shape: type[Shape], told: object, odd: Callable[[str], object] = lambda _: None) -> Shape:
    """Return what the other side has told, as far as it is known here.

    What is unknown is left out; what is missing or of the wrong type has its default.

    Args:
        shape: One of the classes of `protocol`, or another dataclass of such types.
        told: The JSON values that have come.
        odd: Told, in words, what was left out.

    Raises:
        ProtocolError: What has no default is missing or of the wrong type.
    """
    kinds, usable = _kinds(shape), {}
    given = told if isinstance(told, Mapping) else {}
    for name, value in given.items():
        if name not in kinds:
            odd(f"{name} is not known here")
            continue
        try:
            usable[name] = _fitting(value, kinds[name])
        except ProtocolError:
            odd(f"{name} cannot be {value!r}")
    for field in fields(shape):
        if field.default is MISSING and field.name not in usable:
            raise ProtocolError(f"“{field.name}” is missing or of the wrong type.")
    return shape(**usable)


def read_text(shape: type[Shape], text: str | bytes) -> Shape:
    """Return a message from the text that has come; see `read`.

    Raises:
        ProtocolError: It is not JSON, or `read` raises it.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError("This is not JSON.") from None
    return read(shape, told)


@cache
def _kinds(shape: type[Any]) -> dict[str, Any]:
    return get_type_hints(shape)


def _fitting(value: Any, kind: Any) -> Any:
    """Return a JSON value as a field of that type has it.

    Raises:
        ProtocolError: It is of another type, a word that is not in the list, or a number that is negative or too large.
    """
    origin, kinds = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return read(kind, value)
    if origin is Literal and isinstance(value, str) and value in kinds:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_those_that_fit(value, kinds[0]))
    if origin not in {None, Literal, tuple}:  # either of several
        for one in kinds:
            found = [*_those_that_fit([value], one)]
            if found:
                return found[0]
    # By the exact type: True is an int, too.
    if type(value) not in {int, float}:
        if type(value) is kind:
            return value
    elif 0 <= value <= _LARGEST and (type(value) is kind or kind is float):
        return value
    raise ProtocolError("It does not fit.")


def _those_that_fit(values: Any, kind: Any) -> list[Any]:
    found = []
    for value in values:
        try:
            found.append(_fitting(value, kind))
        except ProtocolError:
            continue
    return found
