"""The files of lesson packs as plain downloads, for wget in a session; they need no log-in.

Instructors may write into a class's directory of packs, and the hub's account may read the hub's secrets. So no link is
followed below the directory, whenever it is made, and nothing is given that not everybody on the machine may read.
"""

import asyncio
import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import PurePosixPath

from tornado.web import HTTPError, RequestHandler

MOST_BYTES = 20 * 1024 * 1024
"""What lessons may hold, too (`classdesk_desktop/lesson/model.py`)."""


def read_lesson_file(directory: str, path: str) -> bytes | None:
    """Read a file below a directory, or return None where there is none that may be given.

    Args:
        directory: The directory of packs.
        path: Pack and file, with slashes.
    """
    parts = PurePosixPath(path).parts
    if len(parts) < 2 or not {"..", "/"}.isdisjoint(parts) or "\0" in path:
        return None
    *folders, name = parts
    with ExitStack() as stack:

        def opened(part: str, flags: int, at: int | None = None) -> tuple[int, os.stat_result]:
            descriptor = os.open(part, os.O_RDONLY | flags, dir_fd=at)
            stack.callback(os.close, descriptor)
            return descriptor, os.fstat(descriptor)

        try:
            at, info = opened(directory, os.O_DIRECTORY)
            for folder in folders:
                if not info.st_mode & stat.S_IXOTH:
                    return None
                at, info = opened(folder, os.O_DIRECTORY | os.O_NOFOLLOW, at)
            if not info.st_mode & stat.S_IXOTH:
                return None
            file, info = opened(name, os.O_NOFOLLOW | os.O_NONBLOCK, at)
            if not stat.S_ISREG(info.st_mode) or not info.st_mode & stat.S_IROTH or info.st_size > MOST_BYTES:
                return None
            with os.fdopen(os.dup(file), "rb") as content:
                return content.read(MOST_BYTES)
        except OSError:
            return None


class LessonFileHandler(RequestHandler):
    """Sends a lesson's file."""

    def initialize(self, directories: Sequence[str]) -> None:
        """Serve what is in these directories; the first that has a file counts."""
        self._directories = directories

    def set_default_headers(self) -> None:
        """Let no browser take a lesson file for a page of the hub."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", "no-cache")

    async def get(self, path: str) -> None:
        """Send the file."""
        for directory in self._directories:
            content = await asyncio.to_thread(read_lesson_file, directory, path)
            if content is not None:
                self.finish(content)
                return
        raise HTTPError(404)

    async def head(self, path: str) -> None:
        """Send the file's headers."""
        await self.get(path)
