"""All lessons that a session has: the packs of several directories, of which a broken one does not hide the others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classdesk_desktop.lesson.model import DESCRIPTION, Lesson, LessonError, PackError, load_lesson, load_values, place
from classdesk_desktop.protocol import IMAGE_LESSONS, Variable

__all__ = ["Shelf", "lesson_directories", "lesson_folders", "read_shelf", "the_shelf"]

VALUES: Final = "variables.toml"
"""The file in a directory of packs that has the site's values of variables."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lessons.

    Attributes:
        lessons: Those that can be used, by name.
        refused: Why others cannot.
    """

    lessons: Mapping[str, Lesson]
    refused: tuple[LessonError, ...] = ()


def lesson_directories() -> list[Path]:
    """Where packs are: the classes', the site's and the image's. Of packs with one name, the first counts."""
    return [Path(name) for name in (os.environ.get(Variable.LESSONS) or IMAGE_LESSONS).split(":") if name]


def lesson_folders(directory: Path) -> list[Path]:
    """The folders with a pack, in the order of their names.

    Raises:
        LessonError: The directory cannot be read.
    """
    try:
        return sorted(f for f in directory.iterdir() if os.path.lexists(f / DESCRIPTION))
    except OSError as error:
        raise LessonError(f"The lessons in {place(directory)} cannot be read: {error.strerror}.") from error


def read_shelf(directories: Sequence[Path]) -> Shelf:
    """Read the packs of some directories. One that is broken gives way to the next one of its name."""
    lessons: dict[str, Lesson] = {}
    refused: list[LessonError] = []
    values: dict[str, str] = {}
    for directory in directories:
        try:
            values = load_values(directory / VALUES) | values
        except PackError as error:
            refused.append(error)
    for directory in directories:
        try:
            folders = lesson_folders(directory)
        except LessonError as error:
            refused.append(error)
            continue
        for folder in folders:
            if folder.name in lessons:
                continue
            try:
                lessons[folder.name] = load_lesson(folder, values)
            except PackError as error:
                refused.append(error)
    return Shelf(dict(sorted(lessons.items())), tuple(refused))


def the_shelf() -> Shelf:
    """This session's lessons.

    Raises:
        LessonError: There are none.
    """
    directories = lesson_directories()
    shelf = read_shelf(directories)
    if not shelf.lessons:
        text = f"There are no lessons in {', '.join(map(place, directories))}. Please tell your instructor."
        raise LessonError(" ".join([*map(str, shelf.refused), text]))
    return shelf
