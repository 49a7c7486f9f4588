"""Makes a visitor's VNC connection view-only, whatever the visitor's program sends.

Sources: RFC 6143, "The Remote Framebuffer Protocol", and the rfbproto community's description of its extensions.
The handshake is followed, each message is read to its exact end, and only what is listed here goes on. A stream
that cannot be understood ends the connection. What is known and harmless but not for visitors, such as a key, is
dropped, so that an ordinary VNC program works.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from classdesk_desktop.view_only.picture import (
    PIXEL_FORMAT_LENGTH,
    Encoding,
    check_pixel_format,
    rectangle,
)
from classdesk_desktop.view_only.stream import (
    Drop,
    Forward,
    RfbError,
    Rules,
    Send,
    Stream,
    Take,
)

_VERSION: Final = b"RFB 003.008\n"
_SECURITY_NONE: Final = 1
_LONGEST_FENCE: Final = 64

# Encodings of pixels whose ends rfb_picture can find; wishes for quality and compression; and of the pseudo-
# encodings those that a picture needs. Not the cursor's: without it the server paints the learner's pointer into
# the picture, which a visitor wants to see. None that would open the clipboard, sizes or further kinds of keys.
VIEWING_ENCODINGS: Final = frozenset(
    {
        *Encoding,
        -312,  # Fence
        -313,  # ContinuousUpdates
        *range(-32, -22),  # JPEG quality
        *range(-256, -246),  # compression
    }
)


class _Turn(IntEnum):
    """How far the server has come; the client may not run ahead of it."""

    NOTHING = 0
    VERSION = 1
    SECURITY_TYPES = 2
    ACCEPTED = 3
    READY = 4


class ViewOnlyFilter:
    """Both directions of one visitor's connection.

    Keys and the pointer pass while `control` is on. Nothing else ever changes that: neither clipboard nor the
    desktop's size is a visitor's business.
    """

    def __init__(self) -> None:
        self._turn = _Turn.NOTHING
        self._control = False
        self._keys_down: set[bytes] = set()
        self._pointer = bytes(4)  # the last position
        self._buttons_down = False
        self._client = Stream(self._client_rules())
        self._server = Stream(self._server_rules())

    def from_visitor(self, data: bytes) -> bytes:
        """What of the visitor's bytes goes to the desktop.

        Raises:
            RfbError: end the connection.
        """
        return self._client.feed(data)

    def from_desktop(self, data: bytes) -> bytes:
        """What of the desktop's bytes goes to the visitor.

        Raises:
            RfbError: end the connection.
        """
        return self._server.feed(data)

    @property
    def control(self) -> bool:
        """Whether keys and the pointer pass."""
        return self._control

    def allow_control(self) -> None:
        """Let keys and the pointer pass from now on."""
        self._control = True

    def end_control(self) -> bytes:
        """Let them pass no longer; returns what to send to the desktop, so that nothing stays pressed."""
        self._control = False
        released = b"".join(struct.pack(">BBxx4s", 4, 0, key) for key in sorted(self._keys_down))
        if self._buttons_down:
            released += struct.pack(">BB4s", 5, 0, self._pointer)
        self._keys_down.clear()
        self._buttons_down = False
        return released

    # From the visitor --------------------------------------------------------------------------------------------

    def _client_rules(self) -> Rules:
        version = yield Take(len(_VERSION))
        self._after(_Turn.VERSION)
        if version != _VERSION:
            raise RfbError(f"the visitor speaks {version!r}, not RFB 3.8")
        yield Send(version)

        security = yield Take(1)
        self._after(_Turn.SECURITY_TYPES)
        if security[0] != _SECURITY_NONE:
            raise RfbError(f"the visitor asks for the security type {security[0]}")
        yield Send(security)

        yield Take(1)
        self._after(_Turn.ACCEPTED)
        yield Send(b"\x01")  # shared, whatever was asked: others stay connected

        messages: dict[int, Callable[[], Rules]] = {
            0: self._set_pixel_format,
            2: self._set_encodings,
            3: self._update_request,
            4: self._key,
            5: self._pointer_event,
            6: _drop_cut_text,
            150: self._continuous_updates,
            248: _forward_fence,
            250: self._xvp,
            251: self._desktop_size,
            255: self._qemu,
        }
        while True:
            kind = (yield Take(1))[0]
            self._after(_Turn.READY)
            message = messages.get(kind)
            if message is None:
                raise RfbError(f"the visitor sends a message of the unknown type {kind}")
            yield from message()

    def _after(self, turn: _Turn) -> None:
        if self._turn < turn:
            raise RfbError(f"the visitor speaks before the server's {turn.name}")

    def _set_pixel_format(self) -> Rules:
        body = yield Take(3 + PIXEL_FORMAT_LENGTH)
        check_pixel_format(body[3:])
        yield Send(b"\x00" + body)

    def _set_encodings(self) -> Rules:
        (count,) = struct.unpack(">xH", (yield Take(3)))
        asked = struct.unpack(f">{count}i", (yield Take(4 * count)))
        kept = [encoding for encoding in asked if encoding in VIEWING_ENCODINGS]
        yield Send(struct.pack(f">BxH{len(kept)}i", 2, len(kept), *kept))

    def _update_request(self) -> Rules:
        yield Send(b"\x03" + (yield Take(9)))

    def _key(self) -> Rules:
        body = yield Take(7)
        if not self._control:
            return
        (self._keys_down.add if body[0] else self._keys_down.discard)(body[3:])
        yield Send(b"\x04" + body)

    def _pointer_event(self) -> Rules:
        body = yield Take(5)
        if not self._control:
            return
        self._buttons_down, self._pointer = bool(body[0]), body[1:]
        yield Send(b"\x05" + body)

    def _continuous_updates(self) -> Rules:
        yield Send(b"\x96" + (yield Take(9)))

    def _xvp(self) -> Rules:
        yield Drop(3)

    def _desktop_size(self) -> Rules:
        screens = (yield Take(7))[5]
        yield Drop(16 * screens)

    def _qemu(self) -> Rules:
        if (yield Take(1)) != b"\x00":
            raise RfbError("the visitor sends a QEMU message that is not a key")
        yield Drop(10)

    # From the desktop --------------------------------------------------------------------------------------------

    def _server_rules(self) -> Rules:
        version = yield Take(len(_VERSION))
        if version != _VERSION:
            raise RfbError(f"the desktop speaks {version!r}, not RFB 3.8")
        self._turn = _Turn.VERSION
        yield Send(version)

        count = yield Take(1)
        types = yield Take(count[0])
        if _SECURITY_NONE not in types:
            raise RfbError("the desktop refuses the connection")
        self._turn = _Turn.SECURITY_TYPES
        yield Send(bytes([1, _SECURITY_NONE]))

        result = yield Take(4)
        if any(result):
            raise RfbError("the desktop refuses the connection")
        self._turn = _Turn.ACCEPTED
        yield Send(result)

        init = yield Take(4 + PIXEL_FORMAT_LENGTH + 4)
        check_pixel_format(init[4:-4])
        self._turn = _Turn.READY
        yield Send(init)
        yield Forward(int.from_bytes(init[-4:]))

        while True:
            kind = (yield Take(1))[0]
            message = _SERVER_MESSAGES.get(kind)
            if message is None:
                raise RfbError(f"the desktop sends a message of the unknown type {kind}")
            yield from message()


def _drop_cut_text() -> Rules:
    """The clipboard's text, or with a negative length the extended clipboard's message."""
    (length,) = struct.unpack(">3xi", (yield Take(7)))
    yield Drop(abs(length))


def _forward_fence() -> Rules:
    head = yield Take(8)
    if head[7] > _LONGEST_FENCE:
        raise RfbError(f"a fence has {head[7]} bytes")
    yield Send(b"\xf8" + head)
    yield Forward(head[7])


def _update() -> Rules:
    head = yield Take(3)
    yield Send(b"\x00" + head)
    (count,) = struct.unpack(">xH", head)
    # With the pseudo-encoding LastRect the number may be the highest, and the last rectangle says so itself.
    for _ in range(count):
        head = yield Take(12)
        _x, _y, width, height, encoding = struct.unpack(">4Hi", head)
        yield Send(head)
        if not (yield from rectangle(width, height, encoding)):
            return


def _colours() -> Rules:
    head = yield Take(5)
    yield Send(b"\x01" + head)
    yield Forward(6 * int.from_bytes(head[3:]))


def _bell() -> Rules:
    yield Send(b"\x02")


def _end_of_continuous_updates() -> Rules:
    yield Send(b"\x96")


_SERVER_MESSAGES: Final = {
    0: _update,
    1: _colours,
    2: _bell,
    3: _drop_cut_text,
    150: _end_of_continuous_updates,
    248: _forward_fence,
}
