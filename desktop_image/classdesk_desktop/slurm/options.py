"""The options of sbatch, srun and salloc: where they end and what the learner's own words begin.

Which options there are, and which have a value, is read from the command's own `--help`, so it is right for whatever
version the site runs. They are written as getopt_long(3) takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_HELP_LINE: Final = re.compile(r"^ {1,6}(?:-(\w),? +)?--([a-z][\w-]*)(\[?=)?", re.MULTILINE)
# Their values are shown as if they could be left out, or not at all.
_VALUES_NOT_SHOWN: Final = frozenset({"container", "export", "wrap"})
NEXT_COMPONENT: Final = ":"


@dataclass(frozen=True)
class Known:
    """The options that a command knows.

    Attributes:
        names: Long names by the letter of the short ones.
        valued: Long names of those that have a value.
        plain: Long names of those that have none, or may have one after `=`.
    """

    names: dict[str, str]
    valued: frozenset[str]
    plain: frozenset[str]

    @classmethod
    def from_help(cls, text: str) -> Known:
        """Read what the command prints for `--help`."""
        names: dict[str, str] = {}
        valued: set[str] = set()
        plain: set[str] = set()
        for short, long, sign in _HELP_LINE.findall(text):
            if short:
                names[short] = long
            (valued if sign == "=" or long in _VALUES_NOT_SHOWN else plain).add(long)
        return cls(names, frozenset(valued), frozenset(plain - valued))

    def long(self, name: str) -> str:
        """Return the whole name of an option that may be shortened; what is not known stays as it is."""
        every = self.valued | self.plain
        if name in every:
            return name
        found = [one for one in every if one.startswith(name)]
        return found[0] if len(found) == 1 else name


@dataclass(frozen=True)
class Option:
    """One option, as it was written.

    Attributes:
        name: Its long name.
        value: Its value; None where it has none.
        words: The arguments that are it.
    """

    name: str
    value: str | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """A command's arguments.

    Attributes:
        options: The options, before the first other word.
        rest: The other words.
    """

    options: tuple[Option, ...]
    rest: tuple[str, ...]

    def value(self, name: str) -> str | None:
        """Return the last value of an option; None where it is not given or has none."""
        return next((option.value for option in reversed(self.options) if option.name == name), None)

    def has(self, name: str) -> bool:
        """Whether an option is given."""
        return any(option.name == name for option in self.options)

    def words(self, *without: str) -> list[str]:
        """Return the options as they were written, but for some."""
        return [word for option in self.options if option.name not in without for word in option.words]


def split(arguments: Sequence[str], known: Known) -> Split:
    """Tell a command's options from the rest of its arguments."""
    options: list[Option] = []
    left = list(arguments)
    while left:
        word = left[0]
        if word == "--":
            return Split(tuple(options), tuple(left[1:]))
        if word == NEXT_COMPONENT:  # of a heterogeneous job
            options.append(Option(NEXT_COMPONENT, None, (left.pop(0),)))
        elif word.startswith("--"):
            options.append(_long(left, known))
        elif word.startswith("-") and len(word) > 1:
            options += _short(left, known)
        else:
            break
    return Split(tuple(options), tuple(left))


def components(arguments: Sequence[str]) -> Iterator[list[str]]:
    """Yield the parts of a heterogeneous job step (`srun … : …`); usually there is one."""
    part: list[str] = []
    for word in arguments:
        if word == NEXT_COMPONENT:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _long(left: list[str], known: Known) -> Option:
    word = left.pop(0)
    given, equals, value = word[2:].partition("=")
    name = known.long(given)
    if equals:
        return Option(name, value, (word,))
    if name in known.valued and left:
        value = left.pop(0)
        return Option(name, value, (word, value))
    return Option(name, None, (word,))


def _short(left: list[str], known: Known) -> Iterator[Option]:
    """Yield what a word such as `-vn2` has: letters without a value, and at most one with."""
    word = left.pop(0)
    for place, letter in enumerate(word[1:], 1):
        name = known.names.get(letter, letter)
        inside = word[place + 1 :]
        if name in known.valued:
            if inside or not left:
                yield Option(name, inside or None, (f"-{letter}{inside}",))
            else:
                value = left.pop(0)
                yield Option(name, value, (f"-{letter}", value))
            return
        if name not in known.plain or not inside or not inside[0].isalpha():
            # A value that may be left out follows its letter at once.
            yield Option(name, inside or None, (f"-{letter}{inside}",))
            return
        yield Option(name, None, (f"-{letter}",))
