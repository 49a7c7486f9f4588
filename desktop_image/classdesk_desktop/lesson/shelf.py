"""All lessons that a session has: the packs of several directories, of which a broken one does not hide the others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classdesk_desktop.lesson.model import DESCRIPTION, Lesson, LessonError, PackError, load_lesson

__all__ = ["Shelf", "lesson_directories", "lesson_folders", "read_shelf", "the_shelf"]

_IN_IMAGE: Final = "/opt/classdesk/lessons"


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
    """Where packs are, the first of a name counts: what CLASSDESK_LESSONS says, or the image's."""
    return [Path(name) for name in (os.environ.get("CLASSDESK_LESSONS") or _IN_IMAGE).split(":") if name]


def lesson_folders(directory: Path) -> list[Path]:
    """The folders with a pack, in the order of their names.

    Raises:
        LessonError: The directory cannot be read.
    """
    try:
        return sorted(f for f in directory.iterdir() if os.path.lexists(f / DESCRIPTION))
    except OSError as error:
        raise LessonError(f"The lessons in {directory} cannot be read: {error.strerror}.") from error


def read_shelf(directories: Sequence[Path]) -> Shelf:
    """Read the packs of some directories. One that is broken gives way to the next one of its name."""
    lessons: dict[str, Lesson] = {}
    refused: list[LessonError] = []
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
                lessons[folder.name] = load_lesson(folder)
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
        text = f"There are no lessons in {', '.join(map(str, directories))}. Please tell your instructor."
        raise LessonError(" ".join([*map(str, shelf.refused), text]))
    return shelf
