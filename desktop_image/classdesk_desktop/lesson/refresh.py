"""The learner's copies follow the masters: what is new comes, what nobody has touched is renewed, all else stays.

A record in the home says of each file which master was copied. Only a copy that is still that one is renewed, and even
then it is put aside under another name, as by a reset.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from classdesk_desktop.lesson.files import checksum, copy_of, get, master_checksum, reset
from classdesk_desktop.lesson.model import Lesson, LessonError
from classdesk_desktop.lesson.shelf import lesson_directories, lesson_folders, read_shelf
from classdesk_desktop.protocol import IMAGE_LESSONS

__all__ = ["Watch", "ensure_copies"]

_log = logging.getLogger(__name__)

# A pack with more files than this is not looked through; its first files tell of most changes.
_MOST_FILES = 1000


def ensure_copies(home: Path) -> list[Path]:
    """Copy what is missing of all lessons, and renew what is as it was given; this never fails.

    Data that a script makes is not among it: it is made when the learner asks for it.

    Returns:
        The files that were copied. What could not be copied is in the log.
    """
    copied: list[Path] = []
    shelf = read_shelf(lesson_directories())
    for refused in shelf.refused:
        _log.warning("%s", refused)
    record = _Record(home)
    for lesson in shelf.lessons.values():
        shipped = [name for name, data in lesson.data.items() if not data.made_by]
        try:
            for name in (*lesson.working_files, *shipped):
                if _follow(lesson, name, home, record):
                    copied.append(copy_of(lesson, name, home))  # noqa: PERF401 (kept when one fails)
        except (LessonError, OSError) as error:
            _log.warning("the lesson %s was not copied in full: %s", lesson.name, error)
    record.write()
    return copied


def _follow(lesson: Lesson, name: str, home: Path, record: _Record) -> bool:
    key = f"{lesson.name}/{name}"
    master = master_checksum(lesson, name)
    was_copied = get(lesson, name, home)
    if not was_copied and (given := record.given.get(key)) != master:
        copy = checksum(lesson, name, home)
        if given and copy == given:
            reset(lesson, name, home)
            was_copied = True
        elif copy != master:
            return False  # the learner's own
    record.given[key] = master
    return was_copied


class _Record:
    """Which masters the learner's copies were made of: checksums, by lesson and file."""

    def __init__(self, home: Path) -> None:
        self._file = home / ".local/state/classdesk/lesson-copies.json"
        self.given: dict[str, str] = {}
        try:
            read = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            read = {}
        if isinstance(read, dict):
            self.given = {key: value for key, value in read.items() if isinstance(value, str)}
        self._before = dict(self.given)

    def write(self) -> None:
        if self.given == self._before:
            return
        fresh = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(self.given, indent=0), encoding="utf-8")
            fresh.replace(self._file)
        except OSError as error:
            _log.warning("it was not recorded which lesson files were copied: %s", error)
            with contextlib.suppress(OSError):
                fresh.unlink()
        self._before = dict(self.given)


class Watch:
    """Tells when packs outside the image have changed. Only they can, while a session runs."""

    def __init__(self) -> None:
        self._directories = [d for d in lesson_directories() if d != Path(IMAGE_LESSONS)]
        self._seen = self._look()

    def __bool__(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._directories)

    def changed(self) -> bool:
        """Whether something has changed since the last call; asks for names, times and sizes of files."""
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def _look(self) -> list[tuple[str, int, int]]:
        return [facts for directory in self._directories for facts in _facts(directory)]


def _facts(directory: Path) -> Iterator[tuple[str, int, int]]:
    try:
        folders = lesson_folders(directory)
    except LessonError:
        return
    for folder in folders:
        files = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
        for _, file in zip(range(_MOST_FILES), files, strict=False):
            try:
                info = file.stat()
            except OSError:
                continue
            yield str(file), info.st_mtime_ns, info.st_size
