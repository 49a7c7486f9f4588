"""The desktop's websocket: jupyter-server-proxy's raw socket, without its stalls."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from jupyter_server_proxy.rawsocket import RawSocketProtocol
from tornado.websocket import WebSocketClosedError

from classdesk_desktop.protocol import TRY_AGAIN_LATER, SessionPath
from classdesk_desktop.server.upstream import UnixSocketHandler
from classdesk_desktop.session.runtime import RuntimeDirectory

# The most bytes that wait in this process for a slow browser; beyond, X is not read, and waits itself.
_MOST_WAITING_BYTES: Final = 1 << 20


class DesktopSocketHandler(UnixSocketHandler):
    """Carries VNC between the page and the X server's unix socket."""

    name = str(SessionPath.SCREEN)

    @property
    def unix_socket(self) -> str:
        """The socket in the session's private directory."""
        runtime: RuntimeDirectory = self.settings["classdesk_runtime"]
        return str(runtime.vnc_socket)

    async def open(self, path: str) -> None:
        """Connect to the X server; where it is not up, close so that the page comes again."""
        # Without it, Nagle's algorithm and delayed acknowledgements hold small updates back for 40 ms.
        self.set_nodelay(True)
        try:
            await super().open(path)
        except OSError:
            self.close(TRY_AGAIN_LATER, "The desktop is not up.")

    def protocol(self) -> RawSocketProtocol:
        """Make what takes the X server's bytes."""
        return _PatientProtocol(self)

    def on_message(self, message: str | bytes) -> None:
        """Send the browser's bytes to the X server."""
        if self.is_connected:
            super().on_message(message)

    def to_browser(self, data: bytes) -> bytes:
        """What of the X server's bytes goes to the browser; here all of them."""
        return data


class _PatientProtocol(RawSocketProtocol):  # type: ignore[misc]
    """Sends the X server's bytes to the browser, no faster than the browser takes them."""

    _waiting = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        data = self.handler.to_browser(data)
        if not data:
            return
        try:
            sent = asyncio.ensure_future(self.handler.write_message(data, binary=True))
        except WebSocketClosedError:
            return
        self._waiting += len(data)
        if self._waiting > _MOST_WAITING_BYTES:
            self._transport.pause_reading()
        sent.add_done_callback(lambda done: self._sent(done, len(data)))

    def _sent(self, done: asyncio.Future[None], length: int) -> None:
        self._waiting -= length
        if done.cancelled() or done.exception() is not None:
            return  # the browser has gone; on_close ends the connection
        if self._waiting <= _MOST_WAITING_BYTES:
            self._transport.resume_reading()
