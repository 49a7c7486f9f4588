"""The steps of a lesson, read from its text in Markdown: each heading of the second level begins one.

A heading may end with the minutes that the step takes, as `## Delayed (5 min)`. A block of code that is marked `bash`
has commands to type. Words after `bash` say more of them: `window`, they open a window; `fails`, they are meant to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

__all__ = ["Block", "Step", "StepsError", "Text", "read_text"]

MOST_STEPS: Final = 100
MOST_CHARACTERS: Final = 256 * 1024
FLAGS: Final = ("window", "fails")

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*(.*?)\s*$")
_HEADING = re.compile(r"##\s+(.+?)\s*#*\s*$")
_MINUTES = re.compile(r"\s*\((\d{1,3}) min\)$")
_LINK = re.compile(r"(!?)\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(`+)(?:.*?)\1")
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class StepsError(Exception):
    """The text cannot be used.

    Attributes:
        line: Where, from 1.
    """

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Block:
    """Commands to type.

    Attributes:
        line: Of the first command.
        text: The commands, a line each.
        flags: What is said of them, of `FLAGS`.
    """

    line: int
    text: str
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: Its name in addresses and reports, made of the title.
        title: One line for people.
        minutes: How long it takes; 0 where that is not said.
        line: Of its heading.
        text: What is below the heading, in Markdown.
        blocks: Its commands.
    """

    name: str
    title: str
    minutes: int
    line: int
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A lesson's text.

    Attributes:
        introduction: What precedes the first step, in Markdown.
        steps: The steps.
        links: Of each link that names a file: its line, the name, whether it is a picture.
        variables: The site's variables that it uses, with their lines.
    """

    introduction: str
    steps: tuple[Step, ...]
    links: tuple[tuple[int, str, bool], ...]
    variables: tuple[tuple[int, str], ...]


def read_text(text: str) -> Text:
    """Read a lesson's text.

    Raises:
        StepsError: It is too long, has too many steps, two of one name, or a block that is wrong.
    """
    if len(text) > MOST_CHARACTERS:
        raise StepsError(1, f"The text has {len(text)} characters; at most {MOST_CHARACTERS} are read.")
    lines = text.splitlines()
    fenced, blocks = _blocks(lines)
    starts = [n for n, line in enumerate(lines, 1) if n not in fenced and _HEADING.match(line)]
    if len(starts) > MOST_STEPS:
        raise StepsError(starts[MOST_STEPS], f"There are {len(starts)} steps; a lesson has at most {MOST_STEPS}.")
    steps: list[Step] = []
    for start, end in pairwise([*starts, len(lines) + 1]):
        step = _step(lines, start, end, [block for block in blocks if start < block.line < end])
        if same := next((other for other in steps if other.name == step.name), None):
            raise StepsError(start, f"The step {step.title!r} has the name of the one in line {same.line}.")
        steps.append(step)
    return Text(
        introduction="\n".join(lines[: starts[0] - 1] if starts else lines).strip(),
        steps=tuple(steps),
        links=tuple(_links(lines, fenced)),
        variables=tuple((n, name) for n, line in enumerate(lines, 1) for name in _VARIABLE.findall(line)),
    )


def with_variables(text: str, values: Mapping[str, str]) -> str:
    """A text in which the site's variables have their values."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def _step(lines: list[str], start: int, end: int, blocks: list[Block]) -> Step:
    heading = _HEADING.match(lines[start - 1])
    title = heading[1] if heading else ""
    minutes = _MINUTES.search(title)
    title = _MINUTES.sub("", title)
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if not name:
        raise StepsError(start, f"The step {title!r} needs a letter or a digit in its heading.")
    text = "\n".join(lines[start : end - 1]).strip()
    return Step(name, title, int(minutes[1]) if minutes else 0, start, text, tuple(blocks))


def _blocks(lines: list[str]) -> tuple[set[int], list[Block]]:
    """The numbers of all lines in blocks of code, and the blocks of commands."""
    fenced: set[int] = set()
    blocks: list[Block] = []
    mark, begun, info = "", 0, ""
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if not mark and fence:
            mark, begun, info = fence[1], number, fence[2]
        elif mark and fence and fence[1].startswith(mark) and not fence[2]:
            blocks += _commands(info, begun, lines[begun : number - 1])
            mark = ""
            fenced.add(number)
        if mark:
            fenced.add(number)
    if mark:
        raise StepsError(begun, f"The block of code that begins here has no end: a line with {mark}.")
    return fenced, blocks


def _commands(info: str, begun: int, lines: list[str]) -> Iterator[Block]:
    language, *flags = info.split() or [""]
    if language != "bash":
        return
    for flag in flags:
        if flag not in FLAGS:
            raise StepsError(begun, f"bash cannot be marked {flag!r}; there are: {', '.join(FLAGS)}.")
    yield Block(begun + 1, "\n".join(lines), frozenset(flags))


def _links(lines: list[str], fenced: set[int]) -> Iterator[tuple[int, str, bool]]:
    for number, line in enumerate(lines, 1):
        if number in fenced or line.startswith("    "):
            continue
        for image, target in _LINK.findall(_CODE.sub("", line)):
            if not re.match(r"(https?:|mailto:|#)", target):
                yield number, target, bool(image)
