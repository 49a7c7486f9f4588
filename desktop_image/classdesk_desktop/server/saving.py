"""Nothing is half written when a session ends, and what pages can still save is saved.

Jupyter's server writes a file in place: one that is stopped in between leaves an empty notebook.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado import web

from classdesk_desktop.server.channel import Channels, Listener, Message

# Together less than Slurm's shortest usual KillWait, and than session._SERVER_STOP_SECONDS.
_PAGES_SECONDS: Final = 3.0
_FILES_SECONDS: Final = 2.5


class SessionContents(AsyncLargeFileManager):
    """The learner's files; at the end, what is being written is written, and nothing new is begun."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._writing = 0
        self._is_closed = False
        self._done = asyncio.Event()

    async def save(self, model: Any, path: str = "") -> Any:
        """Save a file; refused once the files are closed, before anything of it is touched."""
        if self._is_closed:
            raise web.HTTPError(503, "The session is ending.")
        self._writing += 1
        self._done.clear()
        try:
            return await super().save(model, path)  # type: ignore[no-untyped-call]
        finally:
            self._writing -= 1
            if not self._writing:
                self._done.set()

    async def close(self) -> None:
        """Begin no more, and wait for what was begun."""
        self._is_closed = True
        if self._writing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FILES_SECONDS):
                    await self._done.wait()


class Savers:
    """The pages that save their documents when they hear of the end; they say so at their start."""

    def __init__(self, channels: Channels) -> None:
        self._waited_for: list[Listener] = []
        self._changed = asyncio.Event()
        channels.on("saves", self._add)
        channels.on("saved", lambda page, _message: self._remove(page))
        channels.on_close(self._remove)

    async def wait(self) -> None:
        """Wait until they have saved; not for long, for a laptop may be asleep."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PAGES_SECONDS):
                while self._waited_for:
                    self._changed.clear()
                    await self._changed.wait()

    def _add(self, page: Listener, _message: Message) -> None:
        if page.is_owner:
            self._waited_for.append(page)

    def _remove(self, page: Listener) -> None:
        with contextlib.suppress(ValueError):
            self._waited_for.remove(page)
            self._changed.set()


async def end_in_order(say_goodbye: Callable[[], None], savers: Savers, contents: SessionContents) -> None:
    """Say goodbye to the pages, and return when they have saved and all is written."""
    say_goodbye()
    await savers.wait()
    await contents.close()
