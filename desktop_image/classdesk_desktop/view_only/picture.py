"""Finds the ends of the rectangles of a picture in a VNC stream, without decoding them.

Sources: RFC 6143, section 7.7, and the rfbproto community's description of Tight.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from enum import IntEnum
from typing import Final

from classdesk_desktop.view_only.stream import Forward, RfbError, Rules, Send, Step, Take

PIXEL_FORMAT_LENGTH: Final = 16
_PIXEL: Final = 4  # bytes of a pixel
_TIGHT_PIXEL: Final = 3  # the same in Tight, without the byte that has no colour
_TIGHT_UNCOMPRESSED: Final = 12  # shorter data than this is not compressed


class Encoding(IntEnum):
    """The rectangles whose ends can be found here."""

    RAW = 0
    COPY_RECT = 1
    TIGHT = 7
    ZRLE = 16
    DESKTOP_SIZE = -223
    LAST_RECT = -224


def check_pixel_format(data: bytes) -> None:
    """Hold a pixel format to 32 bits with a byte for each colour.

    It is what the session's X server has and what noVNC asks for. With one size of pixels alone, nobody needs to
    know which update was made before a change of the format, and which after.

    Raises:
        RfbError: it is another one.
    """
    bits, depth, _big, true_colour, *rest = struct.unpack(">4B3H3B3x", data)
    maxima, shifts = rest[:3], rest[3:]
    in_bytes = maxima == [255] * 3 and all(shift % 8 == 0 for shift in shifts)
    if not (bits == 32 and depth == 24 and true_colour and in_bytes and max(shifts) <= 24):
        raise RfbError(f"pixels of {bits} bits, depth {depth}, are not supported")


def rectangle(width: int, height: int, encoding: int) -> Generator[Step, bytes, bool]:
    """Forward what follows a rectangle's head; returns whether more rectangles may follow."""
    match encoding:
        case Encoding.RAW:
            yield Forward(_PIXEL * width * height)
        case Encoding.COPY_RECT:
            yield Forward(4)
        case Encoding.TIGHT:
            yield from _tight(width, height)
        case Encoding.ZRLE:
            length = yield Take(4)
            yield Send(length)
            yield Forward(int.from_bytes(length))
        case Encoding.DESKTOP_SIZE:
            pass
        case Encoding.LAST_RECT:
            return False
        case _:
            raise RfbError(f"the desktop uses the encoding {encoding}, which nobody asked for")
    return True


def _tight(width: int, height: int) -> Rules:
    control = yield Take(1)
    yield Send(control)
    kind = control[0] >> 4
    if kind == 8:  # one colour
        yield Forward(_TIGHT_PIXEL)
        return
    if kind == 9:  # JPEG
        yield from _compact()
        return
    if kind > 9:
        raise RfbError(f"a Tight rectangle is of the unknown kind {kind}")
    filter_id = 0
    if kind & 4:
        named = yield Take(1)
        yield Send(named)
        filter_id = named[0]
    if filter_id in (0, 2):  # copy, gradient
        length = _TIGHT_PIXEL * width * height
    elif filter_id == 1:
        last = yield Take(1)
        yield Send(last)
        colours = last[0] + 1
        yield Forward(_TIGHT_PIXEL * colours)
        length = height * ((width + 7) // 8 if colours <= 2 else width)
    else:
        raise RfbError(f"a Tight rectangle has the unknown filter {filter_id}")
    if length < _TIGHT_UNCOMPRESSED:
        yield Forward(length)
    else:
        yield from _compact()


def _compact() -> Rules:
    """Data after its length in one to three bytes, the lowest seven bits first."""
    length = 0
    for shift in (0, 7, 14):
        byte = yield Take(1)
        yield Send(byte)
        length |= (byte[0] & (0x7F if shift < 14 else 0xFF)) << shift
        if byte[0] < 0x80:
            break
    yield Forward(length)
