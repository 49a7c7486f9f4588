"""Data classes as a schema: a table of a TOML file becomes one of them, strictly, and a JSON Schema is made of them.

The field's types say what is allowed, the docstring's `Attributes:` what it means. Standard library only: the image has
no library for it, and each session reads its lessons when it starts.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

__all__ = ["File", "Keys", "Limits", "SchemaError", "Words", "json_schema", "nearest", "read"]

Keys = tuple[str | int, ...]

_EXPECTED: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list",
    dict: "a table",
}
_IN_JSON: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


class SchemaError(Exception):
    """Data does not fit.

    Attributes:
        keys: Where, as the keys and numbers that lead there.
    """

    def __init__(self, keys: Keys, text: str) -> None:
        super().__init__(text)
        self.keys = keys


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which numbers a value is."""

    least: float
    most: float

    def taken(self, value: Any, keys: Keys) -> Any:
        """The value."""
        if not self.least <= value <= self.most:
            raise SchemaError(keys, f"{_name(keys)} is {value!r}; expected: {self.least:g} to {self.most:g}.")
        return value

    def in_json(self) -> dict[str, Any]:
        """What a JSON Schema says of it."""
        return {"minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Words:
    """What a text looks like: a pattern, and how to say it."""

    pattern: str
    said: str

    def taken(self, value: Any, keys: Keys) -> Any:
        """The value."""
        if not re.fullmatch(self.pattern, value):
            raise SchemaError(keys, f"{_name(keys)} is {value!r}; expected: {self.said}.")
        return value

    def in_json(self) -> dict[str, Any]:
        """What a JSON Schema says of it."""
        return {"pattern": f"^({self.pattern})$"}


class _PlainName:
    """A name inside a folder."""

    def taken(self, value: Any, keys: Keys) -> str:
        """The name, without a leading `./`."""
        path = PurePosixPath(value)
        if not path.parts or path.is_absolute() or ".." in path.parts or not value.isprintable():
            text = f"{value!r} is not a file's name in a lesson; write it plainly, as loop.py."
            raise SchemaError(keys, text)
        return str(path)

    def in_json(self) -> dict[str, Any]:
        """What a JSON Schema says of it."""
        return {"pattern": r"^(?!/)(?!.*(^|/)\.\.(/|$)).+$"}


File = Annotated[str, _PlainName()]
"""The name of a file inside the folder."""


def read(kind: Any, value: object, keys: Keys = ()) -> Any:
    """Take a value as a type says.

    Args:
        kind: A data class, or the type of one of its fields.
        value: What the file says.
        keys: Where in the file.

    Raises:
        SchemaError: It does not fit; says the value and what is expected.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _ruled(arguments, value, keys)
    if origin in {Union, UnionType}:  # a number, or nothing
        return read(arguments[0], value, keys)
    if dataclasses.is_dataclass(kind):
        return _table(kind, value, keys)
    if origin is tuple:
        items = _checked(value, list, tuple, keys)
        return tuple(read(arguments[0], item, (*keys, number)) for number, item in enumerate(items))
    if origin is not None:  # a mapping
        rows = _checked(value, dict, dict, keys)
        return {_key(arguments[0], k, keys): read(arguments[1], v, (*keys, k)) for k, v in rows.items()}
    return float(_checked(value, (int, float), float, keys)) if kind is float else _checked(value, kind, kind, keys)


def _ruled(arguments: Sequence[Any], value: object, keys: Keys) -> Any:
    taken = read(arguments[0], value, keys)
    for rule in arguments[1:]:
        taken = rule.taken(taken, keys)
    return taken


def _checked(value: Any, allowed: type | tuple[type, ...], kind: type, keys: Keys) -> Any:
    # To Python, true is a number.
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise SchemaError(keys, f"{_name(keys)} is {value!r}; expected: {_EXPECTED[kind]}.")
    return value


def _key(kind: Any, key: str, keys: Keys) -> Any:
    if get_args(kind)[:1] != (int,):
        return read(kind, key, (*keys, key))
    if not key.isdecimal():
        raise SchemaError((*keys, key), f"{_name(keys)} has {key!r}; expected: values by number, as 2 = 6.5.")
    return read(kind, int(key), (*keys, key))


def _table(kind: Any, value: object, keys: Keys) -> Any:
    data = _checked(value, dict, dict, keys)
    types = get_type_hints(kind, include_extras=True)
    for key in data:
        if key not in types:
            place = f" in {_name(keys)}" if keys else ""
            raise SchemaError((*keys, key), f"There is no key {key!r}{place}. {nearest(key, types)}")
    for field in dataclasses.fields(kind):
        if field.name not in data and _is_required(field):
            raise SchemaError(keys, f"The key {field.name} is missing{f' in {_name(keys)}' if keys else ''}.")
    return kind(**{key: read(types[key], data[key], (*keys, key)) for key in data})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _name(keys: Keys) -> str:
    """As people say it: `exercise 2: seconds.at_least`."""
    words = [str(key) for key in keys]
    if len(keys) > 1 and isinstance(keys[1], int):
        first = f"{words[0].removesuffix('s')} {keys[1] + 1}"
        return f"{first}: {'.'.join(words[2:])}" if words[2:] else first
    return ".".join(words) or "the file"


def nearest(name: str, choices: Sequence[str] | Mapping[str, Any]) -> str:
    """A sentence with the choice that was probably meant, or with all of them."""
    near = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(choices) or 'none'}."


def json_schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type; a data class's docstring describes it, and its attributes the fields."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        made = json_schema(arguments[0])
        for rule in arguments[1:]:
            made |= rule.in_json()
        return made
    if origin in {Union, UnionType}:
        return json_schema(arguments[0])
    if dataclasses.is_dataclass(kind):
        return _table_schema(kind)
    if origin is tuple:
        return {"type": "array", "items": json_schema(arguments[0])}
    if origin is not None:
        names = {"pattern": "^[0-9]+$"} if get_args(arguments[0])[:1] == (int,) else json_schema(arguments[0])
        return {"type": "object", "additionalProperties": json_schema(arguments[1]), "propertyNames": names}
    return {"type": _IN_JSON[kind]}


def _table_schema(kind: Any) -> dict[str, Any]:
    types = get_type_hints(kind, include_extras=True)
    about = inspect.cleandoc(kind.__doc__)
    described = dict(re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", about, re.MULTILINE))
    fields = dataclasses.fields(kind)
    return {
        "type": "object",
        "description": about.partition("\n")[0],
        "additionalProperties": False,
        "required": [field.name for field in fields if _is_required(field)],
        "properties": {
            field.name: {**json_schema(types[field.name]), "description": " ".join(described[field.name].split())}
            for field in fields
        },
    }
