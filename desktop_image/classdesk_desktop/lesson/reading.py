"""A lesson's Markdown in a terminal: wrapped to its width, with headings and commands in colours where it has some."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

import mistune

from classdesk_desktop.lesson.model import Lesson
from classdesk_desktop.lesson.steps import with_variables

__all__ = ["for_terminal"]

_BOLD: Final = "\x1b[1m"
_GREEN: Final = "\x1b[32m"
_UNDERLINED: Final = "\x1b[4m"
_PLAIN: Final = "\x1b[0m"
_STYLES: Final = {"codespan": _GREEN, "strong": _BOLD, "emphasis": _UNDERLINED}
_BREAKS: Final = {"softbreak": " ", "linebreak": "\n"}
_ESCAPES = re.compile("\x1b\\[[0-9;]*m")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def for_terminal(lesson: Lesson, text: str, width: int, *, colours: bool) -> str:
    """A text of a lesson for a terminal.

    Args:
        lesson: The lesson.
        text: In Markdown.
        width: Columns.
        colours: Whether the terminal has colours.
    """
    # Whatever a text says, it sends no commands to the terminal.
    text = _CONTROL.sub("", with_variables(text, lesson.values))
    markdown = mistune.create_markdown(renderer="ast", plugins=["table", "strikethrough", "url"])
    blocks = markdown(text)
    shown = "\n".join(_blocks(blocks if isinstance(blocks, list) else [], width)).strip("\n") + "\n"
    return shown if colours else _ESCAPES.sub("", shown)


def _blocks(blocks: Sequence[dict[str, Any]], width: int) -> Iterator[str]:
    """The lines of blocks, with an empty one between them."""
    for block in blocks:
        if block["type"] == "blank_line":
            continue
        yield from _block(block, width)
        if block["type"] != "block_text":
            yield ""


def _block(block: dict[str, Any], width: int) -> Iterator[str]:
    children = block.get("children", [])
    match block["type"]:
        case "heading":
            yield f"{_BOLD}{_inline(children)}{_PLAIN}"
            if block["attrs"]["level"] == 1:
                yield "=" * len(_ESCAPES.sub("", _inline(children)))
        case "block_code":
            yield from (f"    {_GREEN}{line}{_PLAIN}" for line in block["raw"].rstrip("\n").split("\n"))
        case "list":
            for number, item in enumerate(children, 1):
                mark = f"{number}. " if block["attrs"].get("ordered") else "- "
                lines = [line for line in _blocks(item["children"], width - len(mark)) if line]
                yield from (f"{mark if not place else ' ' * len(mark)}{line}" for place, line in enumerate(lines))
        case "block_quote":
            yield from (f"| {line}" for line in _blocks(children, width - 2) if line)
        case "table":
            yield from _table(children)
        case "thematic_break":
            yield "-" * width
        case _:
            raw = block.get("raw", "").rstrip("\n")
            for line in (_inline(children) if children else raw).split("\n"):
                yield from _wrapped(line, width)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, of which escapes take none."""
    lines: list[str] = [""]
    taken = 0
    for word in text.split():
        length = len(_ESCAPES.sub("", word))
        if taken and taken + 1 + length > width:
            lines.append("")
            taken = 0
        lines[-1] += f" {word}" if taken else word
        taken += length + bool(taken)
    return lines


def _inline(children: Sequence[dict[str, Any]]) -> str:
    return "".join(map(_words, children))


def _words(part: dict[str, Any]) -> str:
    kind, inner = part["type"], _inline(part.get("children", []))
    if kind in _STYLES:
        return f"{_STYLES[kind]}{inner or part.get('raw', '')}{_PLAIN}"
    if kind == "link":
        url = part["attrs"]["url"]
        return inner if url == _ESCAPES.sub("", inner) else f"{inner} ({url})"
    if kind == "image":
        return f"[picture: {inner}]"
    return _BREAKS.get(kind, inner or str(part.get("raw", "")))


def _table(parts: Sequence[dict[str, Any]]) -> Iterator[str]:
    rows = [row["children"] for part in parts for row in ([part] if part["type"] == "table_head" else part["children"])]
    cells = [[_inline(cell["children"]) for cell in row] for row in rows]
    widths = [max(len(_ESCAPES.sub("", cell)) for cell in column) for column in zip(*cells, strict=False)]
    for row in cells:
        padded = [cell + " " * (width - len(_ESCAPES.sub("", cell))) for cell, width in zip(row, widths, strict=False)]
        yield textwrap.indent("  ".join(padded).rstrip(), "    ")
