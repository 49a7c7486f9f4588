"""What a lesson is: a pack, a folder with its manifest `lesson.toml`, its text, files and exercises.

How to write one is told in `lesson_scripts/README.md`. Only the standard library is used, because the `lesson` command
runs with the system's Python, whatever the learner has loaded or broken.
"""

from __future__ import annotations

import re
import stat
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

from classdesk_desktop.lesson.schema import File, Keys, Limits, SchemaError, Words, nearest, read
from classdesk_desktop.lesson.steps import Step, StepsError, Text, read_text
from classdesk_desktop.lesson.toml_lines import line_of
from classdesk_desktop.protocol import LESSONS_MOUNT

__all__ = [
    "DESCRIPTION",
    "SOLUTIONS",
    "Data",
    "Exercise",
    "Lesson",
    "LessonError",
    "Manifest",
    "Needs",
    "PackError",
    "Seconds",
    "load_lesson",
    "load_values",
    "place",
    "plain_name",
    "unknown",
]

DESCRIPTION: Final = "lesson.toml"
SOLUTIONS: Final = "solutions"
MOST_BYTES: Final = 20 * 1024 * 1024
"""The largest file of a lesson. Whatever is larger is made by a script, where it is needed."""

_Name = Annotated[str, Words("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "a name of letters, digits, - and _")]
_Line = Annotated[str, Words(r"[^\x00-\x1f\x7f]{1,200}", "one line of at most 200 characters")]
_Seconds = Annotated[float, Limits(0, 3600)]
_Cores = Annotated[int, Limits(1, 1024)]


class LessonError(Exception):
    """Something that the learner can understand and act on; its text is shown as it is."""


def place(path: Path) -> str:
    """A path as those who write packs know it: in a session, directories of packs are below a mount point."""
    return str(path).removeprefix(LESSONS_MOUNT)


class PackError(LessonError):
    """A pack cannot be used.

    Attributes:
        folder: Of the pack.
        file: Where the fault is.
        line: The line in it, from 1.
    """

    def __init__(self, folder: Path, file: Path, line: int, text: str) -> None:
        super().__init__(f"{place(file)}, line {line}: {text}")
        self.folder = folder
        self.file = file
        self.line = line


@dataclass(frozen=True)
class Seconds:
    """How long a right script takes.

    Attributes:
        at_least: A run that ends sooner has left something out.
        in_turn: What the script's waiting adds up to when everything runs one after the other.
        at_most: For a number of cores and more: the longest that a right script takes, without the
            time that Python needs to start and to import what the exercise needs.
    """

    at_least: _Seconds | None = None
    in_turn: _Seconds | None = None
    at_most: Mapping[_Cores, _Seconds] = field(default_factory=dict)

    def limit(self, cores: int) -> float | None:
        """The limit for this many cores; None where the time says nothing on so few."""
        return min((s for n, s in self.at_most.items() if n <= cores), default=None)

    @property
    def give_up(self) -> float:
        """When a run is stopped: late enough for any answer on a slow machine."""
        return max(30.0, 4 * max(self.in_turn or 0, *self.at_most.values(), 0))


@dataclass(frozen=True)
class Exercise:
    """One script of the learner's, and how to know whether it is right.

    Attributes:
        name: What the learner calls it: `lesson check NAME`.
        title: One line for people.
        script: The file that is run.
        begin: What to do first. Where it is set, a script that is missing or still the master is
            *not begun*, rather than wrong.
        needs: Python packages without which the script cannot run.
        uses: Files of the lesson that the script reads: they are in the directory in which it runs.
        prints: Accepted answers, each a line of the output; an empty one stands for no output at all.
            With no answers the output is not looked at.
        seconds: How long it takes.
        produces: Files that a run leaves in the directory in which it runs.
        hints: What to say when this line is printed, when the run is `slow` or `fast`, when the errors have the text
            after `error: `, or when the script of a wrong answer has the text after `code: `.
        wrong: Wrong answers, by the file, or by a folder where more than the script matters, with words of what
            the check says of them. They prove the hints.
    """

    name: _Name
    title: _Line
    script: File
    begin: str = ""
    needs: tuple[str, ...] = ()
    uses: tuple[File, ...] = ()
    prints: tuple[str, ...] = ()
    seconds: Seconds = Seconds()
    produces: tuple[File, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[File, str] = field(default_factory=dict)

    def hint(self, kind: str, text: str) -> str:
        """The first hint of a kind (`error` or `code`) whose words are in a text; may be empty."""
        return next(
            (
                said
                for key, said in self.hints.items()
                if key.startswith(f"{kind}: ") and key.removeprefix(f"{kind}: ") in text
            ),
            "",
        )


@dataclass(frozen=True)
class Needs:
    """What a session must have for the lesson.

    Attributes:
        cores: The least number of cores.
        memory_gib: The least memory, in GiB.
        commands: Programs that the steps call.
        packages: Python packages that the steps import, once the module is loaded.
    """

    cores: _Cores = 1
    memory_gib: Annotated[float, Limits(0, 4096)] = 0.0
    commands: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Data:
    """A file of data.

    Attributes:
        sha256: Its checksum, in hexadecimal: what `sha256sum` prints.
        about: What it is.
        made_by: The script of the lesson that writes it into the directory in which it runs; empty: it is in the pack.
    """

    sha256: Annotated[str, Words("[0-9a-f]{64}", "64 hexadecimal digits, as sha256sum prints")]
    about: str = ""
    made_by: Annotated[str, Words("[^/]*", "the name of a script in the lesson's folder")] = ""


@dataclass(frozen=True)
class Variable:
    """A word that differs from site to site; the text has it in double braces.

    Attributes:
        about: What it is, for the site.
        default: Its value where the site says nothing.
    """

    about: str
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A lesson's `lesson.toml`.

    Attributes:
        title: What people call the lesson.
        summary: One sentence on what it is about.
        minutes: How long it takes.
        steps: The text in Markdown, with the steps.
        offer_solutions: Learners may look at the solutions.
        needs: What a session must have for it.
        files: Every file that a learner may get, in the order of the lesson, with what it is for. Those in the
            folder `solutions` come on request.
        data: Files of data, with their checksums.
        variables: Words in the text that differ from site to site.
        exercises: The scripts that can be checked.
    """

    title: _Line
    summary: str = ""
    minutes: Annotated[int, Limits(0, 600)] = 0
    steps: File = "README.md"
    offer_solutions: bool = True
    needs: Needs = Needs()
    files: Mapping[File, str] = field(default_factory=dict)
    data: Mapping[File, Data] = field(default_factory=dict)
    variables: Mapping[_Name, Variable] = field(default_factory=dict)
    exercises: tuple[Exercise, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lesson(Manifest):
    """A folder of masters with its manifest.

    Attributes:
        folder: Where the masters are; its name is the lesson's.
        text: What its text says.
        values: Those of its variables.
    """

    folder: Path
    text: Text
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What learners call it."""
        return self.folder.name

    @property
    def working_files(self) -> tuple[str, ...]:
        """The files that every learner gets."""
        return tuple(name for name in self.files if not _is_solution(name))

    @property
    def solutions(self) -> tuple[str, ...]:
        """The files that a learner gets only when asking for them."""
        return tuple(name for name in self.files if _is_solution(name))

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names that no file of a learner's must have: Python's own modules and what the exercises need."""
        return sys.stdlib_module_names.union(self.needs.packages, *(e.needs for e in self.exercises))

    def master(self, name: str) -> Path:
        """The pristine file of this name."""
        return self.folder / name

    def solution(self, exercise: Exercise) -> Path:
        """The right answer to an exercise: its solution, or where there is none, the script as it is given."""
        solution = f"{SOLUTIONS}/{exercise.script}"
        return self.master(solution if solution in self.files else exercise.script)

    def file(self, name: str) -> str:
        """The file that the learner means.

        Raises:
            LessonError: No file of this lesson has that name; names the nearest one.
        """
        plain = plain_name(name)
        if plain not in self.files and plain not in self.data:
            raise unknown("file", name, [*self.files, *self.data], f"in the lesson {self.name}")
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

    def step(self, name: str) -> Step:
        """The step with this name.

        Raises:
            LessonError: There is none.
        """
        for step in self.text.steps:
            if step.name == name:
                return step
        raise unknown("step", name, [step.name for step in self.text.steps], f"in the lesson {self.name}")


def _is_solution(name: str) -> bool:
    return PurePosixPath(name).parts[0] == SOLUTIONS


def load_lesson(folder: Path, site: Mapping[str, str] | None = None) -> Lesson:
    """Read a pack, strictly.

    Args:
        folder: The pack.
        site: The values of variables that the site has.

    Raises:
        PackError: Names the file, the line and what is wrong there.
    """
    manifest, text = _read_toml(folder, DESCRIPTION, Manifest)
    try:
        _check_files(folder, manifest)
        _check_exercises(manifest)
    except SchemaError as error:
        raise PackError(folder, folder / DESCRIPTION, line_of(text, error.keys), str(error)) from None
    values = {name: (site or {}).get(name, variable.default) for name, variable in manifest.variables.items()}
    steps = _steps_of(folder, manifest, line_of(text, ("steps",)))
    return Lesson(**vars(manifest), folder=folder, text=steps, values=values)


def load_values(file: Path) -> dict[str, str]:
    """The values of variables in a file of the site's, a table `name = "value"`; empty where there is none.

    Raises:
        PackError: Names the line and what is wrong there.
    """
    if not file.exists():
        return {}
    return dict(_read_toml(file.parent, file.name, Mapping[_Name, _Line])[0])


def _read_toml(folder: Path, name: str, kind: Any) -> tuple[Any, str]:
    """What a TOML file says, and its text."""
    text = _text_of(folder, name)
    try:
        return read(kind, tomllib.loads(text)), text
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = int(line[1]) if line else text.count("\n") + 1
        raise PackError(folder, folder / name, number, f"This is not TOML: {error}.") from error
    except SchemaError as error:
        raise PackError(folder, folder / name, line_of(text, error.keys), str(error)) from None


def _text_of(folder: Path, name: str, line: int = 1) -> str:
    """The text of a file, which is named in a line of the manifest."""
    file = folder / name
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise PackError(folder, folder / DESCRIPTION, line, f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = 1 + file.read_bytes()[: error.start].count(b"\n")
        raise PackError(folder, file, line, "This is not text in UTF-8.") from error


def _check_files(folder: Path, manifest: Manifest) -> None:
    given: list[tuple[Keys, str]] = [(("files", name), name) for name in manifest.files]
    for name, data in manifest.data.items():
        given.append((("data", name, "made_by"), data.made_by) if data.made_by else (("data", name), name))
        if name in manifest.files:
            raise SchemaError(("data", name), f"{name} is in files and in data; it can be in one of them.")
    for number, exercise in enumerate(manifest.exercises):
        keys: Keys = ("exercises", number)
        given += [((*keys, "wrong", name), name) for name in exercise.wrong]
        for name in exercise.uses:
            if name not in manifest.files and name not in manifest.data:
                raise SchemaError((*keys, "uses"), f"{name} is neither in files nor in data.")
    given.append((("steps",), manifest.steps))
    for place, name in given:
        _check_file(folder, name, place)


def _check_file(folder: Path, name: str, keys: Keys) -> None:
    try:
        place = (folder / name).resolve(strict=True)
        info = place.stat()
    except (OSError, RuntimeError) as error:  # RuntimeError: until Python 3.13, for links in a circle
        said = getattr(error, "strerror", None) or "Too many levels of symbolic links"
        raise SchemaError(keys, f"{name} cannot be read: {said}.") from None
    if not place.is_relative_to(folder.resolve()):
        raise SchemaError(keys, f"{name} is a link that leads out of the lesson's folder.")
    if not (stat.S_ISREG(info.st_mode) or (stat.S_ISDIR(info.st_mode) and "wrong" in keys)):
        raise SchemaError(keys, f"{name} is not a file.")
    if info.st_size > MOST_BYTES:
        size, most = info.st_size / 2**20, MOST_BYTES / 2**20
        raise SchemaError(keys, f"{name} has {size:.1f} MiB; at most {most:.0f} are given. Have a script make it.")


def _check_exercises(manifest: Manifest) -> None:
    seen: dict[str, int] = {}
    for number, exercise in enumerate(manifest.exercises):
        if exercise.name in seen:
            text = f"exercise {number + 1} has the name of exercise {seen[exercise.name] + 1}: {exercise.name}."
            raise SchemaError(("exercises", number, "name"), text)
        seen[exercise.name] = number
        if not exercise.begin and exercise.script not in manifest.files:
            text = f"{exercise.script} is not in files; if the learner makes it, say how in begin."
            raise SchemaError(("exercises", number, "script"), text)


def _steps_of(folder: Path, manifest: Manifest, line: int) -> Text:
    file = folder / manifest.steps
    try:
        text = read_text(_text_of(folder, manifest.steps, line))
    except StepsError as error:
        raise PackError(folder, file, error.line, str(error)) from None
    produced = {name for exercise in manifest.exercises for name in exercise.produces}
    for number, target, is_picture in text.links:
        known = [*manifest.files, *manifest.data, *(sorted(produced) if is_picture else ())]
        if target not in known:
            raise PackError(
                folder,
                file,
                number,
                f"A link leads to {target!r}, which is not in the lesson. {nearest(target, known)}",
            )
    for number, name in text.variables:
        if name not in manifest.variables:
            said = nearest(name, manifest.variables)
            raise PackError(folder, file, number, f"{{{{{name}}}}} is not one of the lesson's variables. {said}")
    return text


def plain_name(name: str) -> str:
    """A name inside a lesson's folder, without a leading `./`.

    Raises:
        LessonError: The name would lead out of the folder, or is not a name at all.
    """
    try:
        plain: str = read(File, name)
    except SchemaError as error:
        raise LessonError(str(error)) from None
    return plain


def unknown(kind: str, name: str, choices: Iterable[str], where: str = "") -> LessonError:
    """The error for a name that does not exist, with the nearest one that does."""
    said = nearest(name, list(dict.fromkeys(choices)))
    return LessonError(f"There is no {kind} {name!r} {where}".rstrip() + f". {said}")
