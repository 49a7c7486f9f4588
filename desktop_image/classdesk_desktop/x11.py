"""Asks an X server one thing: which classes of windows its window manager knows.

The supervisor must know when the desktop is painted, in milliseconds and with the standard library alone;
this is the small part of the X protocol (X11R7.7, "X Window System Protocol", appendix B) that this takes.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_AUTH_NAME: Final = b"MIT-MAGIC-COOKIE-1"
_INTERN_ATOM: Final = 16
_GET_PROPERTY: Final = 20
_ATOM_STRING: Final = 31
_ATOM_WINDOW: Final = 33
_ATOM_WM_CLASS: Final = 67
_LONGEST_PROPERTY: Final = 1024  # in units of 4 bytes: a thousand windows


class XProtocolError(Exception):
    """The X server refused the connection or a request, or closed the connection."""


class XConnection:
    """A connection to a local X server, used by one caller at a time.

    Raises:
        XProtocolError: the server refuses the cookie or closes the connection.
        OSError: the server does not listen, or does not answer in time.
    """

    def __init__(self, socket_path: Path, cookie: bytes, timeout: float = 2.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(socket_path))
            self._root = self._set_up(cookie)
            self._client_list = self._atom(b"_NET_CLIENT_LIST")
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def window_classes(self) -> set[str]:
        """The lower-case WM_CLASS names of all windows that the window manager has shown."""
        data = self._property(self._root, self._client_list, _ATOM_WINDOW)
        windows = struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
        names: set[str] = set()
        for window in windows:
            text = self._property(window, _ATOM_WM_CLASS, _ATOM_STRING)
            names.update(name.decode("latin-1").lower() for name in text.split(b"\0") if name)
        return names

    def _set_up(self, cookie: bytes) -> int:
        self._socket.sendall(
            struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(_AUTH_NAME), len(cookie))
            + _padded(_AUTH_NAME)
            + _padded(cookie)
        )
        head = self._read(8)
        body = self._read(4 * struct.unpack_from("<H", head, 6)[0])
        if head[0] != 1:
            reason = body[: head[1]].decode("latin-1").strip()
            raise XProtocolError(f"the X server refused the connection: {reason}")
        vendor_length, formats = struct.unpack_from("<H", body, 16)[0], body[21]
        first_screen = 32 + (vendor_length + 3) // 4 * 4 + 8 * formats
        return int(struct.unpack_from("<I", body, first_screen)[0])

    def _atom(self, name: bytes) -> int:
        reply, _ = self._ask(
            struct.pack("<BxHHxx", _INTERN_ATOM, 2 + len(_padded(name)) // 4, len(name))
            + _padded(name)
        )
        return int(struct.unpack_from("<I", reply, 8)[0])

    def _property(self, window: int, name: int, kind: int) -> bytes:
        try:
            reply, data = self._ask(
                struct.pack(
                    "<BBHIIIII", _GET_PROPERTY, 0, 6, window, name, kind, 0, _LONGEST_PROPERTY
                )
            )
        except _RequestError:
            return b""  # the window has gone in the meantime
        width, count = reply[1] // 8, struct.unpack_from("<I", reply, 16)[0]
        return data[: width * count]

    def _ask(self, request: bytes) -> tuple[bytes, bytes]:
        self._socket.sendall(request)
        while True:
            head = self._read(32)
            if head[0] == 0:
                raise _RequestError(f"the X server answered with error {head[1]}")
            if head[0] == 1:
                return head, self._read(4 * struct.unpack_from("<I", head, 4)[0])
            # Anything else is an event, such as MappingNotify, which every client gets.

    def _read(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            part = self._socket.recv(length - len(data))
            if not part:
                raise XProtocolError("the X server closed the connection")
            data += part
        return bytes(data)


class _RequestError(XProtocolError):
    """The X server answered a request with an error; the connection is still good."""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
