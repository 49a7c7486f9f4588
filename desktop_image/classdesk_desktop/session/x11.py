"""Asks an X server which windows its window manager shows, which has the keyboard, and since when nobody does anything.

And lets a window show the wallpaper before its program has painted. The supervisor must know when the desktop is
painted, in milliseconds and with the standard library alone; this is the small part of the X protocol (X11R7.7,
"X Window System Protocol", appendix B; "X11 Screen Saver Extension") that this takes.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_AUTH_NAME: Final = b"MIT-MAGIC-COOKIE-1"
_CHANGE_WINDOW_ATTRIBUTES: Final = 2
_BACK_PIXMAP: Final = 1
_PARENT_RELATIVE: Final = 1
_INTERN_ATOM: Final = 16
_GET_PROPERTY: Final = 20
_GET_INPUT_FOCUS: Final = 43
_QUERY_EXTENSION: Final = 98
_SCREEN_SAVER_QUERY_INFO: Final = 1
_ATOM_ATOM: Final = 4
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

    def windows_by_type(self, *names: str) -> dict[str, list[int]]:
        """The windows that the window manager shows, of these types (`DOCK`, `DESKTOP` …); no entry where none is.

        A window's class is not enough: caja's message that it cannot start has the class of the desktop.
        """
        client_list, kind = self._atom(b"_NET_CLIENT_LIST"), self._atom(b"_NET_WM_WINDOW_TYPE")
        types = {self._atom(f"_NET_WM_WINDOW_TYPE_{name}".encode()): name for name in names}
        found: dict[str, list[int]] = {}
        for window in _numbers(self._property(self._root, client_list, _ATOM_WINDOW)):
            for atom in _numbers(self._property(window, kind, _ATOM_ATOM)):
                if atom in types:
                    found.setdefault(types[atom], []).append(window)
        return found

    def show_root_behind(self, window: int) -> None:
        """Let a window show the root's picture, which is the wallpaper, where its program has not painted yet.

        The toolkit's own choice is black. Nothing happens to a window that has gone.
        """
        self._socket.sendall(
            struct.pack("<BxHIII", _CHANGE_WINDOW_ATTRIBUTES, 4, window, _BACK_PIXMAP, _PARENT_RELATIVE)
        )
        # That request has no answer, only perhaps an error; one that has shows when it is done.
        try:
            self._ask(struct.pack("<BxH", _GET_INPUT_FOCUS, 1))
        except _RequestError:
            self._answer()

    def active_class(self) -> str:
        """The class of the window that has the keyboard, such as `Mate-terminal`; empty where none has it."""
        active = self._property(self._root, self._atom(b"_NET_ACTIVE_WINDOW"), _ATOM_WINDOW)
        window = next(iter(_numbers(active)), 0)
        if not window:
            return ""
        names = self._property(window, _ATOM_WM_CLASS, _ATOM_STRING)
        _instance, _, name = names.rstrip(b"\0").partition(b"\0")
        return name.decode("latin-1")

    def idle_seconds(self) -> float:
        """The time since the last key or movement of the mouse.

        Raises:
            XProtocolError: the server does not have the extension that tells.
        """
        name = b"MIT-SCREEN-SAVER"
        reply, _ = self._ask(
            struct.pack("<BxHHxx", _QUERY_EXTENSION, 2 + len(_padded(name)) // 4, len(name)) + _padded(name)
        )
        if not reply[8]:
            raise XProtocolError("the X server has no screen saver extension")
        reply, _ = self._ask(struct.pack("<BBHI", reply[9], _SCREEN_SAVER_QUERY_INFO, 2, self._root))
        return int(struct.unpack_from("<I", reply, 16)[0]) / 1000

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
            struct.pack("<BxHHxx", _INTERN_ATOM, 2 + len(_padded(name)) // 4, len(name)) + _padded(name)
        )
        return int(struct.unpack_from("<I", reply, 8)[0])

    def _property(self, window: int, name: int, kind: int) -> bytes:
        try:
            reply, data = self._ask(
                struct.pack("<BBHIIIII", _GET_PROPERTY, 0, 6, window, name, kind, 0, _LONGEST_PROPERTY)
            )
        except _RequestError:
            return b""  # the window has gone in the meantime
        width, count = reply[1] // 8, struct.unpack_from("<I", reply, 16)[0]
        return data[: width * count]

    def _ask(self, request: bytes) -> tuple[bytes, bytes]:
        self._socket.sendall(request)
        return self._answer()

    def _answer(self) -> tuple[bytes, bytes]:
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


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
