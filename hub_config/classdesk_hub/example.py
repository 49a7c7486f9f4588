"""The example of the site file, written from the models so that it can't be out of date."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from classdesk_spawner import Interface

from .site import Site

_HEAD = """\
# classdesk's site file: /etc/classdesk/site.toml
#
# Every key is here, commented out, at its default. Set what differs on your site; a key that is
# misspelled or out of range stops the hub before it starts. `classdesk check` checks the file and the machine.
"""


def example() -> str:
    """Return the text of site.example.toml."""
    lines = [_HEAD.rstrip()]
    site = Site()
    for name in Site.model_fields:
        lines += ["", f"[{name}]", *_table(getattr(site, name))]
        if name == "form":
            for key, interface in site.form.interfaces.items():
                lines += [
                    "",
                    *_interface(key, interface, explain=key == site.form.default_interface),
                ]
    return "\n".join(lines) + "\n"


def _table(section: BaseModel) -> Iterator[str]:
    documentation = type(section).__doc__ or ""
    yield from _comment(documentation.splitlines()[0])
    yield "##"
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, dict):
            continue
        yield from _comment(field.description or "")
        yield f"# {name} = {_toml(value)}"


def _interface(key: str, interface: Interface, *, explain: bool) -> Iterator[str]:
    yield f"[form.interfaces.{key}]"
    for name, field in Interface.model_fields.items():
        if explain:
            yield from _comment(field.description or "")
        yield f"# {name} = {_toml(getattr(interface, name))}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="## ", subsequent_indent="## ")


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)
