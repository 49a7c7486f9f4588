"""Files between the learner's computer and the home, streamed: none of them is ever in memory as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from classdesk_desktop.files.store import (
    LARGEST_UPLOAD,
    MOST_ENTRIES,
    FilesError,
    Incoming,
    entries,
    inside,
    open_file,
    too_large,
)
from classdesk_desktop.protocol import Policy

# Large enough to make a thread for each piece worth it, and small enough to be nothing in memory.
_PIECE: Final = 1 << 20


def _home() -> Path:
    return Path(os.environ["HOME"])


class _FilesHandler(APIHandler):
    @property
    def policy(self) -> Policy:
        """What the site allows."""
        policy: Policy = self.settings["classdesk_policy"]
        return policy

    def refuse(self, error: FilesError) -> None:
        """Answer with an error's sentence."""
        self.set_status(error.status)
        self.finish({"message": str(error)})

    def check_content_type(self) -> None:
        """Take a file of any type: the token against forged requests protects, not the type."""


@web.stream_request_body
class UploadHandler(_FilesHandler):
    """Takes a file, as the body of the request, into a folder of the home."""

    _incoming: Incoming | None = None
    _failure: FilesError | None = None
    _waiting = b""

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse what is not allowed before the body comes."""
        await super().prepare()
        if self._finished:
            return
        if not self.current_user:
            raise web.HTTPError(403)
        # The server's own limit is for bodies in memory.
        self.request.connection.set_max_body_size(2 * LARGEST_UPLOAD)  # type: ignore[union-attr]
        try:
            if not self.policy.upload:
                raise FilesError("Your site does not allow sending files to the session.", 403)
            if int(self.request.headers.get("Content-Length") or 0) > LARGEST_UPLOAD:
                raise too_large()
            folder = self.get_query_argument("folder", "Uploads")
            name = self.get_query_argument("name", strip=False)
            self._incoming = await asyncio.to_thread(Incoming, _home(), folder, name)
        except FilesError as error:
            self._failure = error

    async def data_received(self, chunk: bytes) -> None:
        """Write a piece; the next one is read when it is written."""
        if self._failure:
            return  # a browser hears the answer only after it has sent all
        self._waiting += chunk
        if len(self._waiting) >= _PIECE:
            await self._write()

    async def _write(self) -> None:
        data, self._waiting = self._waiting, b""
        if self._incoming is None:
            return
        try:
            await asyncio.to_thread(self._incoming.write, data)
        except FilesError as error:
            self._failure = error
            self._incoming.close()

    @web.authenticated
    async def post(self) -> None:
        """Keep the complete file, and tell where."""
        if not self._failure:
            await self._write()
        if self._failure or self._incoming is None:
            self.refuse(self._failure or FilesError("Nothing was sent.", 400))
            return
        try:
            place = await asyncio.to_thread(self._incoming.keep)
        except FilesError as error:
            self.refuse(error)
            return
        shown = f"~/{place.parent.name}/{place.name}"
        self.finish({"name": place.name, "path": shown})

    def on_finish(self) -> None:
        """Leave nothing behind of a file that was not kept."""
        if self._incoming:
            self._incoming.close()
        super().on_finish()

    def on_connection_close(self) -> None:
        """The same where the browser has gone."""
        if self._incoming:
            self._incoming.close()
        super().on_connection_close()


class FilesHandler(_FilesHandler):
    """Lists a folder of the home, and sends its files."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Send a folder's entries as JSON, where the path ends with a slash; a file otherwise."""
        try:
            if not self.policy.download:
                raise FilesError("Your site does not allow downloading files from the session.", 403)
            place = await asyncio.to_thread(inside, _home(), path)
            if path.endswith("/") or not path:
                await self._list(place)
            else:
                await self._send(place, await asyncio.to_thread(open_file, place))
        except FilesError as error:
            self.refuse(error)

    async def _list(self, folder: Path) -> None:
        found = await asyncio.to_thread(entries, _home(), folder)
        more = f"Only the first {MOST_ENTRIES} of {len(found)} are shown."
        shown: list[dict[str, Any]] = [asdict(entry) for entry in found[:MOST_ENTRIES]]
        self.finish({"entries": shown, "more": more if len(found) > MOST_ENTRIES else ""})

    async def _send(self, place: Path, file: BinaryIO) -> None:
        with file:
            size = os.fstat(file.fileno()).st_size
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Length", str(size))
            name = quote(place.name, safe="")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
            self.set_header("Cache-Control", "no-store")
            # A browser that has gone takes no more; a file that becomes shorter meanwhile ends early.
            with contextlib.suppress(StreamClosedError):
                while size > 0 and (piece := await asyncio.to_thread(file.read, min(size, _PIECE))):
                    size -= len(piece)
                    self.write(piece)
                    await self.flush()
        if size > 0:
            self.request.connection.stream.close()  # type: ignore[union-attr]
