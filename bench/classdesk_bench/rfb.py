"""A client of the RFB protocol (RFC 6143) that sends keys and hears where the screen changes. It decodes no pixels.

The same client speaks over a unix socket and over the websocket that a browser uses.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

_VERSION = b"RFB 003.008\n"
_SECURITY_NONE = 1
_ZRLE = 16
_RAW = 0


@dataclass(frozen=True)
class Rectangle:
    """A part of the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def meets(self, other: "Rectangle") -> bool:
        """Whether the two have a pixel in common."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


class RfbError(Exception):
    """The server said something that this client does not understand, or refused it."""


class Link(Protocol):
    """A stream of bytes in both directions."""

    async def read(self, length: int) -> bytes:
        """Return exactly so many bytes."""

    async def write(self, data: bytes) -> None:
        """Send them."""

    async def close(self) -> None:
        """End the connection."""


class SocketLink:
    """A link over a unix socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, length: int) -> bytes:
        """Return exactly so many bytes."""
        return await self._reader.readexactly(length)

    async def write(self, data: bytes) -> None:
        """Send them."""
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()


class MessageLink:
    """A link over messages whose limits mean nothing, such as those of a websocket.

    Args:
        receive: Returns the next message.
        send: Sends one.
        end: Ends the connection.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[bytes]],
        send: Callable[[bytes], Awaitable[None]],
        end: Callable[[], Awaitable[object]],
    ) -> None:
        self._receive, self._send, self._end = receive, send, end
        self._waiting = bytearray()

    async def read(self, length: int) -> bytes:
        """Return exactly so many bytes."""
        while len(self._waiting) < length:
            self._waiting += await self._receive()
        data = bytes(self._waiting[:length])
        del self._waiting[:length]
        return data

    async def write(self, data: bytes) -> None:
        """Send them."""
        await self._send(data)

    async def close(self) -> None:
        """End the connection."""
        await self._end()


@dataclass
class RfbClient:
    """A connection after its handshake.

    Attributes:
        link: Its bytes.
        width: Of the screen, in pixels.
        height: Of the screen, in pixels.
    """

    link: Link
    width: int
    height: int

    @classmethod
    async def connect(cls, link: Link) -> "RfbClient":
        """Shake hands, share the desktop, and ask for the whole screen.

        Raises:
            RfbError: The server wants a password, or is not an RFB server.
        """
        if not (await link.read(12)).startswith(b"RFB 003."):
            raise RfbError("this is not an RFB server")
        await link.write(_VERSION)
        kinds = await link.read((await link.read(1))[0])
        if _SECURITY_NONE not in kinds:
            raise RfbError(f"the server offers the security types {list(kinds)} only")
        await link.write(bytes([_SECURITY_NONE]))
        if await link.read(4) != bytes(4):
            raise RfbError("the server refuses the connection")
        await link.write(b"\x01")  # others may stay connected
        width, height = struct.unpack(">HH", await link.read(4))
        await link.read(16)  # the pixel format
        await link.read(struct.unpack(">I", await link.read(4))[0])  # the desktop's name
        client = cls(link, width, height)
        await link.write(struct.pack(">BxHii", 2, 2, _ZRLE, _RAW))
        await client.ask(incremental=False)
        return client

    async def ask(self, *, incremental: bool = True) -> None:
        """Ask for the next update; the server answers when there is one."""
        request = struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height)
        await self.link.write(request)

    async def press(self, keysym: int) -> None:
        """Press a key and let it go."""
        down, up = (struct.pack(">BBxxI", 4, state, keysym) for state in (1, 0))
        await self.link.write(down + up)

    async def update(self) -> list[Rectangle]:
        """Wait for the next update; return which parts of the screen it brings.

        Raises:
            RfbError: The server sends what was not asked for.
        """
        while (kind := (await self.link.read(1))[0]) != 0:
            if kind == 3:  # text of the clipboard
                (length,) = struct.unpack(">3xI", await self.link.read(7))
                await self.link.read(length)
            elif kind != 2:  # the bell, which is but its type
                raise RfbError(f"message {kind} of the server")
        (count,) = struct.unpack(">xH", await self.link.read(3))
        return [await self._rectangle() for _ in range(count)]

    async def _rectangle(self) -> Rectangle:
        x, y, width, height, encoding = struct.unpack(">HHHHi", await self.link.read(12))
        if encoding == _ZRLE:
            await self.link.read(struct.unpack(">I", await self.link.read(4))[0])
        elif encoding == _RAW:
            await self.link.read(4 * width * height)
        else:
            raise RfbError(f"encoding {encoding} of the server")
        return Rectangle(x, y, width, height)
