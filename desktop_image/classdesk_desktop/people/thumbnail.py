"""Small pictures of the desktop, for an instructor's wall of them."""

from __future__ import annotations

import asyncio
import struct
import time
from pathlib import Path
from typing import Final

from classdesk_desktop.people.picture import Picture
from classdesk_desktop.server.channel import Channels
from classdesk_desktop.session.runtime import RuntimeDirectory, read_cookie, read_desktop
from classdesk_desktop.session.x11 import XConnection, XProtocolError
from classdesk_desktop.supervisor.display import X11_SOCKETS

MOST_WIDTH: Final = 320
KEPT_SECONDS: Final = 5.0

WALL_SECONDS: Final = 30.0
"""How long after the last request the learner's page goes on telling of the wall: longer than between two requests."""

_GET_GEOMETRY: Final = 14
_GET_IMAGE: Final = 73
_Z_PIXMAP: Final = 2


class _Screen(XConnection):
    """A connection to the X server that takes a picture of all of the screen."""

    def picture(self) -> Picture:
        head, _ = self._ask(struct.pack("<BxHI", _GET_GEOMETRY, 2, self._root))
        width, height = struct.unpack_from("<HH", head, 16)
        request = struct.pack("<BBHIhhHHI", _GET_IMAGE, _Z_PIXMAP, 5, self._root, 0, 0, width, height, 0xFFFFFFFF)
        _, pixels = self._ask(request)
        if len(pixels) != 4 * width * height:
            raise XProtocolError("the X server's pixels have not 32 bits")
        return Picture(width, height, pixels)


class Thumbnails:
    """Takes a picture when somebody asks, one at a time, and keeps it for some seconds; does nothing otherwise."""

    def __init__(self, channels: Channels, runtime: RuntimeDirectory) -> None:
        self._channels = channels
        self._runtime = runtime
        self._taking = asyncio.Lock()
        self._last: bytes | None = None
        self._taken = -KEPT_SECONDS
        self._wall_ends: asyncio.TimerHandle | None = None
        channels.state.update(wall=False)

    async def get(self) -> bytes | None:
        """The desktop as a PNG file; None where there is no desktop."""
        async with self._taking:
            if time.monotonic() - self._taken >= KEPT_SECONDS:
                self._last = await asyncio.to_thread(take, self._runtime)
                self._taken = time.monotonic()
            return self._last

    def tell_owner(self) -> bool:
        """Let the learner's pages say that pictures are taken; returns whether there is such a page."""
        if self._wall_ends:
            self._wall_ends.cancel()
        loop = asyncio.get_running_loop()
        self._wall_ends = loop.call_later(WALL_SECONDS, lambda: self._channels.state.update(wall=False))
        self._channels.state.update(wall=True)
        return any(listener.is_owner for listener in self._channels)


def take(runtime: RuntimeDirectory) -> bytes | None:
    """A small picture of the desktop as a PNG file; None where there is no desktop."""
    desktop = read_desktop(runtime.desktop_file)
    try:
        number = int(desktop["display"].lstrip(":"))
        cookie = read_cookie(Path(desktop["x_authority"]))
        with _Screen(X11_SOCKETS / f"X{number}", cookie) as screen:
            picture = screen.picture()
    except (KeyError, ValueError, OSError, XProtocolError):
        return None
    return picture.shrink(MOST_WIDTH).png()
