"""The learner's files as the page reaches them: what a folder holds, and a place for a file that comes in.

Nothing outside the home is reached, by no path and no link, and nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, Self

# Where files go that come in through the page; both are in view on the desktop or beside it.
UPLOAD_FOLDERS: Final = ("Desktop", "Uploads")
# The proxy and the browser hold no file in memory, but the learner waits, and the home has its limits.
LARGEST_UPLOAD: Final = 2 << 30
# A folder with more is one for a terminal.
MOST_ENTRIES: Final = 1000
# The longest name of most file systems, in bytes.
_LONGEST_NAME: Final = 255
_PART_SUFFIX: Final = ".part"

_NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
# What file systems without hard links say (FAT, some FUSE and network ones).
_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class FilesError(Exception):
    """Something that cannot be done with a file; the text is a sentence for the learner.

    Attributes:
        status: the HTTP status that fits.
    """

    def __init__(self, sentence: str, status: int = 409) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder, as the page lists it."""

    name: str
    kind: Literal["folder", "file"]
    size: int


def inside(home: Path, path: str) -> Path:
    """The real place of a path below the home.

    Raises:
        FilesError: there is nothing, or it is outside the home, be it by a link.
    """
    root = home.resolve()
    if "\0" in path:
        raise FilesError("There is no such file.", 404)
    try:
        place = (root / path.lstrip("/")).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FilesError("There is no such file, or you may not see it.", 404) from error
    if not place.is_relative_to(root):
        raise FilesError("That is outside your home folder. The page can only reach files inside it.", 403)
    return place


def entries(home: Path, folder: Path) -> list[Entry]:
    """What a folder shows: no hidden files, and no links that lead out of the home; folders come first.

    Raises:
        FilesError: it is not a folder, or cannot be read.
    """
    found: list[Entry] = []
    try:
        with os.scandir(folder) as listing:
            for item in listing:
                entry = _entry(home, item)
                if entry is not None:
                    found.append(entry)
    except NotADirectoryError as error:
        raise FilesError("This is not a folder.", 404) from error
    except OSError as error:
        raise FilesError(f"This folder cannot be read: {error.strerror}.", 403) from error
    return sorted(found, key=lambda entry: (entry.kind == "file", entry.name.casefold()))


def _entry(home: Path, item: os.DirEntry[str]) -> Entry | None:
    if item.name.startswith("."):
        return None
    try:
        item.name.encode()  # a name that is not text could not be asked for again
        if item.is_symlink():
            inside(home, str(Path(item.path).relative_to(home.resolve())))
        status = item.stat()
    except (OSError, ValueError, FilesError):
        return None
    if stat.S_ISDIR(status.st_mode):
        return Entry(item.name, "folder", 0)
    return Entry(item.name, "file", status.st_size) if stat.S_ISREG(status.st_mode) else None


def open_file(place: Path) -> BinaryIO:
    """Open a file to read it.

    Raises:
        FilesError: it is not a plain file, or may not be read.
    """
    try:
        # Without waiting: a named pipe would wait for its other end.
        file = open(os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb")  # noqa: PTH123, SIM115
    except IsADirectoryError as error:
        raise FilesError("This is a folder, not a file.", 404) from error
    except OSError as error:
        raise FilesError(f"The file cannot be read: {error.strerror}.", 403) from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FilesError("This file cannot be downloaded.", 403)
    return file


def usable_name(name: str) -> str:
    """The name under which a file may be kept: the last part of a path, as text in its usual form.

    Raises:
        FilesError: nothing usable is left.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    # Macs send letters and accents apart; here everything else writes them as one.
    text = unicodedata.normalize("NFC", last)
    text = "".join("_" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text).strip()
    if text in {"", ".", ".."}:
        raise FilesError("The file has no name.", 400)
    return _shortened(text)


def numbered(name: str) -> Iterator[str]:
    """A name and those to try where it is taken: `name (2).txt`, `name (3).txt` and so on."""
    yield name
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    number = 2
    while True:
        ending = f" ({number}){dot}{suffix}"
        yield _cut(stem, _LONGEST_NAME - len(ending.encode())) + ending
        number += 1


def _shortened(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    ending = f"{dot}{suffix}"
    # Room for the suffix of a part, too.
    room = _LONGEST_NAME - len(_PART_SUFFIX) - 9
    if not stem or len(ending.encode()) > room // 2:
        return _cut(name, room)
    return _cut(stem, room - len(ending.encode())) + ending


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")


class Incoming:
    """A file on its way into the home: written beside its place, and given its name when it is complete."""

    def __init__(self, home: Path, folder: str, name: str) -> None:
        """Open a place for it.

        Raises:
            FilesError: the folder is not one of those for this, or nothing can be written there.
        """
        if folder not in UPLOAD_FOLDERS:
            raise FilesError(f"Files can only be sent to {' and '.join(UPLOAD_FOLDERS)}.", 400)
        self._name = usable_name(name)
        with _explained(folder):
            (home / folder).mkdir(exist_ok=True)
            self._folder = inside(home, folder)
            part = f".{self._name}.{os.urandom(4).hex()}{_PART_SUFFIX}"
            self._part = self._folder / _cut(part, _LONGEST_NAME)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            self._file = open(os.open(self._part, flags, 0o666), "wb", buffering=0)  # noqa: PTH123, SIM115
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            FilesError: there are too many, or the disk is full.
        """
        self._size += len(data)
        if self._size > LARGEST_UPLOAD:
            raise too_large()
        with _explained(self._folder.name):
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]

    def keep(self) -> Path:
        """Give the complete file a name that nothing else has.

        Returns:
            Its place.

        Raises:
            FilesError: the disk is full, or the folder has gone.
        """
        with _explained(self._folder.name):
            os.fsync(self._file.fileno())  # a quota on a network file system is often told only now
            self._file.close()
            for name in numbered(self._name):
                place = self._folder / name
                try:
                    _put(self._part, place)
                except FileExistsError:
                    continue
                return place
        raise AssertionError  # numbers do not end

    def close(self) -> None:
        """Remove what has not been kept."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink()


def too_large() -> FilesError:
    """What a file beyond the limit is answered."""
    return FilesError(f"The file is larger than {LARGEST_UPLOAD >> 30} GiB, the most that can be sent.", 413)


def _put(part: Path, place: Path) -> None:
    """Give the file its name, which must be free.

    Raises:
        FileExistsError: it is taken; what has it is untouched.
    """
    try:
        place.hardlink_to(part)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        place.touch(exist_ok=False)  # claims the name, so that the rename replaces nothing else
        part.replace(place)
    else:
        part.unlink()


@contextlib.contextmanager
def _explained(folder: str) -> Iterator[None]:
    """Turn what the system says of a failed write into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            sentence = "Your disk space is used up. Delete something large, then send the file again."
            raise FilesError(sentence, 507) from error
        if error.errno in _FORBIDDEN:
            raise FilesError(f"You may not write to ~/{folder}.", 403) from error
        if isinstance(error, FileExistsError | NotADirectoryError):
            sentence = f"~/{folder} is not a folder. Rename it, then send the file again."
            raise FilesError(sentence) from error
        said = error.strerror or str(error)
        raise FilesError(f"The file could not be saved: {said}.", 500) from error
