"""The learner's copies of a lesson's files: made where they are missing, compared, set aside.

Nothing here ever deletes or overwrites: a copy is written in full beside its place and then linked to
its name, which fails where something has that name; a reset renames the learner's file first.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from classdesk_desktop.lesson.data import data_of
from classdesk_desktop.lesson.model import Lesson, LessonError
from classdesk_desktop.lesson.shelf import lesson_directories, read_shelf

__all__ = [
    "State",
    "checksum",
    "copies_folder",
    "copy_of",
    "get",
    "master_checksum",
    "reset",
    "reset_all",
    "shown",
    "state",
    "write_new",
]

_log = logging.getLogger(__name__)

# What file systems without hard links say (FAT, some FUSE and network ones).
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class State(StrEnum):
    """How the learner's copy compares with its master."""

    MISSING = "missing"
    UNCHANGED = "unchanged"
    CHANGED = "changed"


def copies_folder(home: Path) -> Path:
    """Where the learner's copies of all lessons are: the folder *Lesson* on the desktop."""
    return home / "Desktop" / "Lesson"


def copy_of(lesson: Lesson, name: str, home: Path) -> Path:
    """Where the learner's copy of a file belongs."""
    return copies_folder(home) / lesson.name / name


def shown(path: Path, home: Path) -> str:
    """A path as a learner would type it."""
    if not path.is_relative_to(home):
        return str(path)
    return "/".join(["~", *path.relative_to(home).parts])


def state(lesson: Lesson, name: str, home: Path) -> State:
    """Compare a copy with its master; whatever cannot be read as a plain file counts as changed.

    Raises:
        LessonError: The master cannot be read.
    """
    copy = copy_of(lesson, name, home)
    if not os.path.lexists(copy):
        return State.MISSING
    return State.UNCHANGED if checksum(lesson, name, home) == master_checksum(lesson, name) else State.CHANGED


def master_checksum(lesson: Lesson, name: str) -> str:
    """The SHA-256 checksum of a master; of data, what the lesson says.

    Raises:
        LessonError: The master cannot be read.
    """
    if name in lesson.data:
        return lesson.data[name].sha256
    return hashlib.sha256(_read_master(lesson, name)).hexdigest()


def checksum(lesson: Lesson, name: str, home: Path) -> str:
    """The SHA-256 checksum of a copy; empty where it is not a plain file that can be read."""
    try:
        with open(os.open(copy_of(lesson, name, home), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return hashlib.file_digest(file, "sha256").hexdigest() if is_file else ""
    except OSError:
        return ""


def get(lesson: Lesson, name: str, home: Path) -> bool:
    """Copy a master to the learner, unless something has that name there already.

    Returns:
        Whether it was copied.

    Raises:
        LessonError: It cannot be copied; says why, and nothing has changed.
    """
    copy = copy_of(lesson, name, home)
    if os.path.lexists(copy):
        return False
    content = _read_master(lesson, name)
    with _explained(copy, home):
        _make_folder(copy.parent, home)
        return write_new(copy, content, _mode(lesson, name))


def write_new(file: Path, content: bytes, mode: int = 0o644) -> bool:
    """Write a file in full, unless something has its name.

    Returns:
        Whether it was written.

    Raises:
        OSError: It cannot be written; there is no part of it.
    """
    if os.path.lexists(file):
        return False
    with _written_beside(file, content, mode) as fresh:
        try:
            _put(fresh, file)
        except FileExistsError:
            return False
    return True


def reset(lesson: Lesson, name: str, home: Path) -> Path | None:
    """Give the learner a fresh copy; what was there is renamed with the time in its name.

    Returns:
        The new name of what was there; None if nothing was, or if it was the same as the master.

    Raises:
        LessonError: It cannot be done; says why, and the learner's file is where it was.
    """
    now = state(lesson, name, home)
    if now is State.UNCHANGED:
        return None
    if now is State.MISSING:
        get(lesson, name, home)
        return None
    copy = copy_of(lesson, name, home)
    content = _read_master(lesson, name)
    with _explained(copy, home):
        _make_folder(copy.parent, home)
        # First the fresh copy in full: when the disk is full, nothing has been renamed yet.
        with _written_beside(copy, content, _mode(lesson, name)) as fresh:
            kept = _set_aside(copy)
            try:
                _put(fresh, copy)
            except FileExistsError:
                _log.info("%s was written by another program meanwhile and stays", copy)
            except OSError:
                if not os.path.lexists(copy):
                    kept.rename(copy)
                raise
    return kept


def reset_all(home: Path) -> dict[Path, Path | None]:
    """Give the learner fresh copies of all working files that they have changed or no longer have.

    Returns:
        The fresh copies, and the new name of what was there; None where nothing was.

    Raises:
        LessonError: One of them cannot be done; those before it are.
    """
    restored: dict[Path, Path | None] = {}
    for lesson in read_shelf(lesson_directories()).lessons.values():
        for name in lesson.working_files:
            if state(lesson, name, home) is not State.UNCHANGED:
                restored[copy_of(lesson, name, home)] = reset(lesson, name, home)
    return restored


def _read_master(lesson: Lesson, name: str) -> bytes:
    if name in lesson.data:
        return data_of(lesson, name)
    try:
        return lesson.master(name).read_bytes()
    except OSError as error:
        text = f"The master of {name} cannot be read ({error.strerror}). Please tell your instructor."
        raise LessonError(text) from error


def _mode(lesson: Lesson, name: str) -> int:
    """The learner may write; what can be run in the master stays runnable."""
    return 0o755 if name not in lesson.data and lesson.master(name).stat().st_mode & 0o100 else 0o644


def _make_folder(folder: Path, home: Path) -> None:
    """Make the folder; a link inside the lessons' folder could lead to files that are not copies."""
    root = copies_folder(home)
    inside = [folder, *folder.parents]
    for part in inside[: inside.index(root)]:
        if part.is_symlink():
            text = f"{shown(part, home)} is a link to another place. Rename it, then try again."
            raise LessonError(text)
    folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _written_beside(copy: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A complete, synced file in the copy's folder, gone afterwards unless it was moved."""
    descriptor, name = tempfile.mkstemp(prefix=".lesson-", dir=copy.parent)
    fresh = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())  # a quota on a network file system is often told only now
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def _put(fresh: Path, copy: Path) -> None:
    """Give the file its name, which must be free.

    Raises:
        FileExistsError: The name is taken; what has it is untouched.
    """
    try:
        copy.hardlink_to(fresh)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        copy.touch(exist_ok=False)  # claims the name, so that the rename replaces nothing else
        try:
            fresh.replace(copy)
        except OSError:
            copy.unlink()
            raise


def _set_aside(copy: Path) -> Path:
    """Rename what has the copy's name to a free name with the time in it."""
    stem = f"{copy.name}.{time.strftime('%Y%m%d-%H%M%S')}"
    is_folder = copy.is_dir() and not copy.is_symlink()
    number = 1
    while True:
        kept = copy.with_name(f"{stem}.bak" if number == 1 else f"{stem}-{number}.bak")
        try:
            # A rename replaces silently; so the name is claimed first, by something of our own.
            if is_folder:
                kept.mkdir()
            else:
                kept.touch(exist_ok=False)
        except FileExistsError:
            number += 1
            continue
        try:
            return copy.rename(kept)
        except OSError:
            if is_folder:
                kept.rmdir()
            else:
                kept.unlink()
            raise


@contextlib.contextmanager
def _explained(copy: Path, home: Path) -> Iterator[None]:
    """Turn what the system says of a failed write into what the learner can do about it."""
    try:
        yield
    except OSError as error:
        # The folder that matters is the last one on the way that is there.
        place = shown(next(p for p in copy.parents if os.path.exists(p)), home)  # noqa: PTH110
        said = error.strerror or str(error)
        if error.errno in _FULL:
            help_ = "Your disk space is used up: delete something large, then try again."
        elif error.errno in _FORBIDDEN:
            help_ = f"You may not write to {place}: see its permissions with ls -ld, or ask for help."
        elif isinstance(error, FileExistsError | NotADirectoryError):
            help_ = f"A file has the name of a folder on the way to {place}: rename it, then try again."
        else:
            help_ = "Please tell your instructor."
        text = f"{copy.name} was not copied ({said}); nothing of yours has changed. {help_}"
        raise LessonError(text) from error
