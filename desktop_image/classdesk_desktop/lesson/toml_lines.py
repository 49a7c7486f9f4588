"""In which line of a TOML file a key is: `tomllib` tells it only of what is not TOML."""

from __future__ import annotations

import re
import tomllib
from typing import Final

__all__ = ["line_of"]

_PART: Final = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*')"
_KEY: Final = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")


def line_of(text: str, keys: tuple[str | int, ...]) -> int:
    """The line of a key, or of the nearest table around it.

    Args:
        text: The file's text, which is valid TOML.
        keys: What leads to the key: names, and numbers of the tables in a list, from 0.
    """
    lines = _lines(text)
    return next(lines[keys[:length]] for length in range(len(keys), -1, -1) if keys[:length] in lines)


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    found: dict[tuple[str | int, ...], int] = {(): 1}
    counts: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    in_text = ""
    for number, line in enumerate(text.splitlines(), 1):
        if in_text:
            in_text = "" if in_text in line else in_text
            continue
        if header := _HEADER.match(line):
            table = _inside(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found[*table, *_parts(key[1])] = number
            quotes = re.match(r"\s*(\"\"\"|''')", line[key.end() :])
            if quotes and line.count(quotes[1]) == 1:
                in_text = quotes[1]
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    """The names in a dotted key, without their quotes."""
    names: list[str] = []
    table = tomllib.loads(f"{dotted} = 0")
    while isinstance(table, dict):
        ((name, table),) = table.items()
        names.append(name)
    return tuple(names)


def _inside(names: tuple[str, ...], counts: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """The keys of a header: a list's name means its last table so far."""
    keys: tuple[str | int, ...] = ()
    for place, name in enumerate(names):
        keys = (*keys, name)
        if keys in counts and place < len(names) - 1:
            keys = (*keys, counts[keys])
    return keys
