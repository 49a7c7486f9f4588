"""What a lesson is: its files and its exercises, read from the `lesson.toml` among its masters.

The format is described in `lesson_scripts/README.md`. Only the standard library is used, because the
`lesson` command runs with the system's Python, whatever the learner has loaded or broken.
"""

from __future__ import annotations

import difflib
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

__all__ = [
    "DESCRIPTION",
    "SOLUTIONS",
    "Exercise",
    "Lesson",
    "LessonError",
    "Seconds",
    "lesson_folders",
    "load_lesson",
    "load_lessons",
    "masters_folder",
    "plain_name",
    "unknown",
]

DESCRIPTION = "lesson.toml"
SOLUTIONS = "solutions"

_T = TypeVar("_T")


class LessonError(Exception):
    """Something that the learner can understand and act on; its text is shown as it is."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a right script takes.

    Attributes:
        at_least: A run that ends sooner has left something out.
        in_turn: What the script's waiting adds up to when everything runs one after the other.
        at_most: For a number of cores and more: the longest that a right script takes, without the
            time that Python needs to start and to import what the exercise needs.
    """

    at_least: float | None = None
    in_turn: float | None = None
    at_most: Mapping[int, float] = field(default_factory=dict)

    def limit(self, cores: int) -> float | None:
        """The limit for this many cores; None where the time says nothing on so few."""
        return min((s for n, s in self.at_most.items() if n <= cores), default=None)

    @property
    def give_up(self) -> float:
        """When a run is stopped: late enough for any answer on a slow machine."""
        return max(30.0, 4 * max(self.in_turn or 0, *self.at_most.values(), 0))


@dataclass(frozen=True, slots=True)
class Exercise:
    """One script of the learner's, and how to know whether it is right.

    Attributes:
        name: What the learner calls it: `lesson check NAME`.
        title: One line for people.
        script: The file that is run.
        begin: What to do first. Where it is set, a script that is missing or still the master is
            *not begun*, rather than wrong.
        needs: Python packages without which the script cannot run.
        prints: Accepted answers, each a line of the output; an empty one stands for no output at all.
            With no answers the output is not looked at.
        seconds: How long it takes.
        produces: Files that a run leaves in the directory in which it runs.
        hints: What to say when this line is printed, or when the run is `slow` or `fast`.
    """

    name: str
    title: str
    script: str
    begin: str = ""
    needs: tuple[str, ...] = ()
    prints: tuple[str, ...] = ()
    seconds: Seconds = Seconds()
    produces: tuple[str, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A folder of masters with its description.

    Attributes:
        folder: Where the masters are.
        files: Every file that a learner may get, in the order of the lesson, with what it is for.
    """

    name: str
    folder: Path
    title: str
    summary: str
    files: Mapping[str, str]
    exercises: tuple[Exercise, ...]

    @property
    def working_files(self) -> tuple[str, ...]:
        """The files that every learner gets."""
        return tuple(name for name in self.files if not _is_solution(name))

    @property
    def solutions(self) -> tuple[str, ...]:
        """The files that a learner gets only when asking for them."""
        return tuple(name for name in self.files if _is_solution(name))

    @property
    def modules(self) -> frozenset[str]:
        """The names that no file of a learner's must have: Python's own modules and what the exercises need."""
        return sys.stdlib_module_names.union(*(e.needs for e in self.exercises))

    def master(self, name: str) -> Path:
        """The pristine file of this name."""
        return self.folder / name

    def file(self, name: str) -> str:
        """The file that the learner means.

        Raises:
            LessonError: No file of this lesson has that name; names the nearest one.
        """
        plain = plain_name(name)
        if plain not in self.files:
            raise unknown("file", name, self.files, f"in the lesson {self.name}")
        return plain

    def exercise(self, name: str) -> Exercise:
        """The exercise with this name or this script.

        Raises:
            LessonError: There is none; names the nearest one.
        """
        plain = plain_name(name)
        for exercise in self.exercises:
            if plain in (exercise.name, exercise.script):
                return exercise
        choices = [n for e in self.exercises for n in (e.name, e.script)]
        raise unknown("exercise", name, choices, f"in the lesson {self.name}")


def _is_solution(name: str) -> bool:
    return PurePosixPath(name).parts[0] == SOLUTIONS


def masters_folder() -> Path:
    """Where the masters are: `/opt/classdesk/lessons`, or what CLASSDESK_LESSONS says."""
    return Path(os.environ.get("CLASSDESK_LESSONS") or "/opt/classdesk/lessons")


def lesson_folders(masters: Path) -> list[Path]:
    """The folders with a lesson, in the order of their names.

    Raises:
        LessonError: The masters cannot be read.
    """
    try:
        return sorted(f.parent for f in masters.glob(f"*/{DESCRIPTION}"))
    except OSError as error:
        raise LessonError(f"The lessons in {masters} cannot be read: {error.strerror}.") from error


def load_lessons(masters: Path) -> dict[str, Lesson]:
    """All lessons by name.

    Raises:
        LessonError: There are none, or one of them is described wrongly.
    """
    lessons = {folder.name: load_lesson(folder) for folder in lesson_folders(masters)}
    if not lessons:
        raise LessonError(f"There are no lessons in {masters}. Please tell your instructor.")
    return lessons


def load_lesson(folder: Path) -> Lesson:
    """Read a lesson's description, strictly.

    Raises:
        LessonError: Names the file, the key and what is wrong with it.
    """
    source = folder / DESCRIPTION
    try:
        data = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise LessonError(f"{source} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LessonError(f"{source} is not valid TOML: {error}.") from error
    table = _Table(str(source), data)
    files = table.take("files", dict, {})
    exercises = table.take("exercises", list, [])
    lesson = Lesson(
        name=folder.name,
        folder=folder,
        title=table.take("title", str),
        summary=table.take("summary", str, ""),
        files={table.name(name): str(use) for name, use in files.items()},
        exercises=tuple(_exercise(f"{source}: exercise {n}", e) for n, e in enumerate(exercises, 1)),
    )
    table.finish()
    return lesson


def _exercise(where: str, data: object) -> Exercise:
    table = _Table(where, data)
    seconds = _Table(f"{where}: seconds", table.take("seconds", dict, {}))
    exercise = Exercise(
        name=table.take("name", str),
        title=table.take("title", str),
        script=table.name(table.take("script", str)),
        begin=table.take("begin", str, ""),
        needs=table.strings("needs"),
        prints=table.strings("prints"),
        seconds=Seconds(
            at_least=seconds.number("at_least"),
            in_turn=seconds.number("in_turn"),
            at_most=seconds.by_cores("at_most"),
        ),
        produces=tuple(table.name(name) for name in table.strings("produces")),
        hints={k: str(v) for k, v in table.take("hints", dict, {}).items()},
    )
    seconds.finish()
    table.finish()
    return exercise


_REQUIRED: object = object()


class _Table:
    """A TOML table that is read key by key; a key that nobody asked for is an error."""

    def __init__(self, where: str, data: object) -> None:
        if not isinstance(data, dict):
            raise LessonError(f"{where}: a table is expected, not {data!r}.")
        self._where = where
        self._data = data
        self._asked: set[str] = set()

    def take(self, key: str, kind: type[_T], default: object = _REQUIRED) -> _T:
        self._asked.add(key)
        value = self._data.get(key, default)
        if value is _REQUIRED:
            raise LessonError(f"{self._where}: the key {key} is missing.")
        if not isinstance(value, kind):
            raise LessonError(f"{self._where}: {key} is {value!r}; expected: {kind.__name__}.")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise LessonError(f"{self._where}: {key} is {values!r}; expected: a list of texts.")
        return tuple(values)

    def number(self, key: str) -> float | None:
        self._asked.add(key)
        value = self._data.get(key)
        return None if value is None else self._seconds(key, value)

    def by_cores(self, key: str) -> dict[int, float]:
        limits = self.take(key, dict, {})
        if not all(cores.isdecimal() and int(cores) > 0 for cores in limits):
            raise LessonError(f"{self._where}: {key} has seconds by number of cores, as 2 = 6.5.")
        return {int(cores): self._seconds(key, value) for cores, value in limits.items()}

    def name(self, name: str) -> str:
        try:
            return plain_name(name)
        except LessonError as error:
            raise LessonError(f"{self._where}: {error}") from None

    def finish(self) -> None:
        for key in self._data:
            if key not in self._asked:
                raise unknown("key", key, self._asked, f"in {self._where}")

    def _seconds(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 3600:
            raise LessonError(f"{self._where}: {key} is {value!r}; expected: seconds, 0 to 3600.")
        return float(value)


def plain_name(name: str) -> str:
    """A name inside a lesson's folder, without a leading `./`.

    Raises:
        LessonError: The name would lead out of the folder, or is not a name at all.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or not name.isprintable():
        raise LessonError(f"{name!r} is not a file's name in a lesson; write it plainly, as loop.py.")
    return str(path)


def unknown(kind: str, name: str, choices: Iterable[str], where: str = "") -> LessonError:
    """The error for a name that does not exist, with the nearest one that does."""
    names = list(dict.fromkeys(choices))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    help_ = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names) or 'none'}."
    return LessonError(f"There is no {kind} {name!r} {where}".rstrip() + f". {help_}")
