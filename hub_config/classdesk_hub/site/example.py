"""The example of the site file, written from the models so that it cannot be out of date."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from classdesk_spawner import Interface

from .classes import ClassSettings
from .file import Site

_HEAD = """\
# classdesk's site file: /etc/classdesk/site.toml
#
# Every key is here, commented out, at its default. Set only what differs on your site; a key that is
# misspelled or out of range stops the hub before it starts. `classdesk check` checks the file and the machine.
"""


def example() -> str:
    """Return the text of site.example.toml."""
    lines = [_HEAD.rstrip()]
    explained: set[type[BaseModel]] = set()
    for name in Site.model_fields:
        section = getattr(Site(), name)
        if isinstance(section, dict):
            lines += ["", *_sample(f"{name}.NAME", ClassSettings())]
        else:
            lines += _table(name, section, explained)
    return "\n".join(lines) + "\n"


def _table(path: str, section: BaseModel, explained: set[type[BaseModel]]) -> Iterator[str]:
    """Write a table and the tables in it; a kind of table is explained where it comes first."""
    kind = type(section)
    fields = kind.model_fields
    explain = kind not in explained
    explained.add(kind)
    plain = {name: getattr(section, name) for name in fields if not _is_table(getattr(section, name))}
    if plain:
        yield from ("", f"[{path}]")
    if explain and plain:
        yield from [*_comment((kind.__doc__ or "").splitlines()[0]), "##"]
    for name, value in plain.items():
        if explain:
            yield from _comment(fields[name].description or "")
        yield f"## {name} = …  (unset)" if value is None else f"# {name} = {_toml(value)}"
    for name in fields:
        value = getattr(section, name)
        if isinstance(section, Interface) and name == "fields":
            # The same tables once more for each interface would hide what differs.
            if explain:
                yield from _comment(f"[{path}.fields.cores] and so on: as in [form.fields], for this interface alone.")
        elif isinstance(value, BaseModel):
            yield from _table(f"{path}.{name}", value, explained)
        elif isinstance(value, dict):
            for key, nested in value.items():
                yield from _table(f"{path}.{name}.{key}", nested, explained)


def _sample(path: str, section: BaseModel) -> Iterator[str]:
    """Describe a kind of table of which there is none by default."""
    fields = type(section).model_fields
    yield from [f"## [{path}]", *_comment((type(section).__doc__ or "").splitlines()[0]), "##"]
    for name, field in fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from ["##", *_sample(f"{path}.{name}", value)]
        else:
            yield from _comment(field.description or "")
            yield f"##   {name} = {'…  (unset)' if value is None else _toml(value)}"


def _is_table(value: object) -> bool:
    return isinstance(value, BaseModel) or (isinstance(value, dict) and value != {})


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="## ", subsequent_indent="## ")


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)
