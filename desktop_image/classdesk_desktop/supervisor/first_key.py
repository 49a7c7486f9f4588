"""The first key that the X server gets by VNC.

With it, TigerVNC's keyboard becomes the desktop's, and brings its map along: a letter beyond the layout, for which a
key has just been added, loses that key to the next such letter, and of two Chinese letters programs read the second
one twice. So the first key is one that types nothing, before anybody types.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from asyncio import IncompleteReadError
from pathlib import Path
from typing import Final

_SECONDS: Final = 3.0
_SHIFT: Final = 0xFFE1

log = logging.getLogger("classdesk-session")


async def press_first_key(vnc_socket: Path) -> None:
    """Press Shift and let it go. Without an answer the desktop starts all the same.

    Args:
        vnc_socket: where the X server listens for VNC (RFC 6143).
    """
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_unix_connection(vnc_socket)
            try:
                await _press(reader, writer)
            finally:
                writer.close()
    except (OSError, TimeoutError, IncompleteReadError) as error:
        log.warning("The X server takes no key by VNC: %r", error)


async def _press(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readexactly(12))  # the version
    await reader.readexactly((await reader.readexactly(1))[0])  # the kinds of security, of which it has one
    writer.write(b"\x01")  # none
    await reader.readexactly(4)
    writer.write(b"\x01")  # others stay
    head = await reader.readexactly(24)
    await reader.readexactly(int.from_bytes(head[20:]))  # the desktop's name
    for down in (True, False):
        writer.write(struct.pack(">BBxxI", 4, down, _SHIFT))
    # Its answer to a question for a pixel shows that the keys have been taken.
    writer.write(struct.pack(">BBHHHH", 3, False, 0, 0, 1, 1))
    await reader.readexactly(1)
