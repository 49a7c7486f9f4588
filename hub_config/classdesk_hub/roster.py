"""A roster: a CSV file of learners (user, name, group), read with errors by line, and what it would change. Pure."""

import codecs
import csv
import difflib
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

COLUMNS = ("user", "name", "group")

_LONGEST_TEXT = 1_000_000
_MOST_LINES = 5000
_LONGEST_NAME = 100
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))  # written in names of several scripts; not seen
_HEADINGS = frozenset({"name", "group", "email", "e-mail", "mail", "username", "user name", "login"})
"""Words of a first line that names columns, though it does not name ours."""
_USER = re.compile(r"[a-z0-9_][a-z0-9_.@-]{0,63}")


class RosterRequest(BaseModel):
    """A roster that is sent.

    Attributes:
        csv: The file's text.
        preview: Only show what it would change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    csv: str
    preview: bool = False


@dataclass(frozen=True)
class Problem:
    """What is wrong in a line; line 0 is the file as a whole."""

    line: int
    message: str


@dataclass(frozen=True)
class Entry:
    """A learner of a class.

    Attributes:
        line: Where they stand in the file.
        user: User name, in small letters as JupyterHub has it.
        name: Full name; may be empty.
    """

    line: int
    user: str
    name: str


@dataclass
class Roster:
    """What a file says.

    Attributes:
        classes: The learners by class.
        problems: What cannot be used. Nothing is changed while there is any.
    """

    classes: dict[str, list[Entry]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """What a roster changes in one class; user names, sorted.

    Attributes:
        add: Who comes into the class.
        remove: Who leaves it.
        rename: Who stays with another full name.
        keep: How many stay.
        fixed: How many of those stay only because the site file names them.
    """

    add: tuple[str, ...]
    remove: tuple[str, ...]
    rename: tuple[str, ...]
    keep: int
    fixed: int = 0


def decode_roster(data: bytes) -> str:
    """Return a file's text: UTF-8, UTF-16 as Excel's "Unicode text", or else Windows' western characters.

    Every sequence of bytes is a text in the last: who imports looks at the names in the preview.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_roster(text: str, classes: Collection[str], only: str = "") -> Roster:
    """Read a roster.

    The first line may name the columns; they can then stand in any order. Comma, semicolon and tab separate.

    Args:
        text: The file.
        classes: Names of all classes.
        only: The class that a line without a group means, and the only one that may be named; empty: any.
    """
    reader = _Reader(classes, only)
    if len(text) > _LONGEST_TEXT:
        reader.refuse(0, "The file is longer than a roster can be (1 MB).")
        return reader.roster
    try:
        for line, row in _rows(text.removeprefix("\ufeff")):
            reader.take(line, row)
            if reader.columns is None:  # no other line would make sense
                break
    except csv.Error as error:
        reader.refuse(0, f"This is not a CSV file: {error}.")
    roster = reader.roster
    if not roster.classes and not roster.problems:
        reader.refuse(0, "The roster names nobody.")
    return roster


def _rows(text: str) -> Iterable[tuple[int, list[str]]]:
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=head.count)
    lines = io.StringIO(text, newline=None)  # of Windows, Unix, and Excel for the Mac
    reader = csv.reader(lines, delimiter=separator, strict=True)
    for row in reader:
        cells = [cell.replace("\u00a0", " ").strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells


@dataclass
class _Reader:
    """One reading of a roster, line by line."""

    classes: Collection[str]
    only: str
    roster: Roster = field(default_factory=Roster)
    columns: Mapping[str, int] | None = None
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def refuse(self, line: int, message: str) -> None:
        self.roster.problems.append(Problem(line, message))

    def take(self, line: int, row: list[str]) -> None:
        if self.columns is None:
            named = [cell.lower() for cell in row]
            has_head = "user" in named
            if not has_head and self._is_another_head(named):
                self.refuse(line, f"The first line must name the columns {', '.join(COLUMNS)}.")
                return
            names = named if has_head else COLUMNS
            self.columns = {name: place for place, name in enumerate(names) if name}
            if has_head:
                if unknown := sorted(set(self.columns) - set(COLUMNS)):
                    known = ", ".join(COLUMNS)
                    self.refuse(line, f"There is no column “{_short(unknown[0])}”; they are {known}.")
                return
        values = {name: row[place] for name, place in self.columns.items() if place < len(row)}
        user, name = values.get("user", "").lower(), values.get("name", "")
        group = values.get("group", "") or self.only
        if len(row) > len(self.columns):
            self.refuse(line, f"There are {len(row)} values; a line has {', '.join(self.columns)}.")
        elif problem := self._user_problem(user, name) or self._group_problem(group, user):
            self.refuse(line, problem)
        else:
            self.seen[group, user] = line
            self.roster.classes.setdefault(group, []).append(Entry(line, user, name))

    def _is_another_head(self, cells: Sequence[str]) -> bool:
        """Tell whether a first line names other columns, or is of a list of another kind, as with addresses."""
        return any(cell in _HEADINGS - {*self.classes} for cell in cells) or any("@" in cell for cell in cells[1:])

    def _user_problem(self, user: str, name: str) -> str:
        if len(self.seen) >= _MOST_LINES:
            return f"A roster has at most {_MOST_LINES} learners."
        if not user:
            return "The user name is missing."
        if not _USER.fullmatch(user):
            return f"“{_short(user)}” is not a user name."
        if len(name) > _LONGEST_NAME or not name.translate(_JOINERS).isprintable():
            return f"The full name is longer than {_LONGEST_NAME} characters, or has characters that cannot be printed."
        return ""

    def _group_problem(self, group: str, user: str) -> str:
        if not group:
            return "The group is missing."
        if self.only and group != self.only:
            return f"“{_short(group)}” is another class; this is the roster of {self.only}."
        if group not in self.classes:
            near = difflib.get_close_matches(group, self.classes, n=1)
            hint = f"did you mean “{near[0]}”?" if near else f"the classes are {', '.join(self.classes)}."
            return f"There is no class “{_short(group)}”; {hint}"
        if (group, user) in self.seen:
            return f"{user} is already in line {self.seen[group, user]}."
        return ""


def change(entries: Iterable[Entry], members: Mapping[str, str], fixed: Collection[str]) -> Change:
    """Return what a roster changes in a class.

    Args:
        entries: The learners of the roster.
        members: Full names of today's learners by user name.
        fixed: Those of the site file, who stay whatever the roster says.
    """
    wanted = {entry.user: entry.name for entry in entries}
    return Change(
        add=tuple(sorted(set(wanted) - set(members))),
        remove=tuple(sorted(set(members) - set(wanted) - set(fixed))),
        rename=tuple(sorted(user for user, name in wanted.items() if members.get(user, name) != name)),
        keep=sum(user in wanted or user in fixed for user in members),
        fixed=sum(user not in wanted and user in fixed for user in members),
    )


def write_roster(members: Mapping[str, Mapping[str, str]]) -> str:
    """Return the roster of classes: full names by user name by class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for group, names in members.items():
        writer.writerows([user, name, group] for user, name in sorted(names.items()))
    return text.getvalue()


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= 40 else shown[:37] + "..."
