from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.session.x11 import XConnection, XProtocolError

COOKIE = b"0123456789abcdef"
ROOT, PANEL, GONE, DIALOGUE = 0x123, 0x200, 0x300, 0x400
WM_CLASS = 67  # as X names it from the start
SCREEN_SAVER = 144  # its major opcode on this server


def read(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = peer.recv(length - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def shake_hands(peer: socket.socket) -> None:
    order, name_length, data_length = struct.unpack("<B5xHH2x", read(peer, 12))
    assert order == ord("l")
    assert read(peer, (name_length + 3) // 4 * 4).startswith(b"MIT-MAGIC-COOKIE-1")
    assert read(peer, (data_length + 3) // 4 * 4) == COOKIE
    vendor = b"a vendor"
    body = bytearray(32)
    struct.pack_into("<H", body, 16, len(vendor))
    body[20], body[21] = 1, 2  # one screen, two formats
    body += vendor + bytes(16) + struct.pack("<I", ROOT) + bytes(36)
    peer.sendall(struct.pack("<BxHHH", 1, 11, 0, len(body) // 4) + body)


def x_server(peer: socket.socket, active: int = DIALOGUE, see_through: list[int] | None = None) -> None:
    """As much of an X server as the protocol's text demands, with one panel and one vanished window."""
    shake_hands(peer)
    atoms = [b"no atom"]
    while True:
        opcode, _, length = struct.unpack("<BBH", read(peer, 4))
        request = read(peer, 4 * length - 4)
        if opcode in {16, 98}:
            name = request[4 : 4 + struct.unpack_from("<H", request, 0)[0]]
        if opcode == 16:
            atoms.append(name)
            peer.sendall(struct.pack("<B7xI20x", 1, len(atoms) - 1))
            continue
        if opcode == 98:
            known = name == b"MIT-SCREEN-SAVER"
            peer.sendall(struct.pack("<B7xBB22x", 1, known, SCREEN_SAVER))
            continue
        if opcode == SCREEN_SAVER:
            assert struct.unpack("<I", request)[0] == ROOT
            peer.sendall(struct.pack("<B7xIIII8x", 1, 0, 0, 90_250, 0))
            continue
        if opcode == 43:
            peer.sendall(struct.pack("<B31x", 1))
            continue
        window, name = struct.unpack_from("<II", request, 0)
        if opcode == 2 and window != GONE:
            # The parent's picture as its own.
            assert struct.unpack_from("<II", request, 4) == (1, 1)
            assert see_through is not None
            see_through.append(window)
            continue
        if window == ROOT and name < len(atoms) and atoms[name] == b"_NET_ACTIVE_WINDOW":
            data = struct.pack("<I", active)
        elif window == DIALOGUE and name == WM_CLASS:
            data = b"mate-terminal\0Mate-terminal\0"
            peer.sendall(struct.pack("<BBHIIII12x", 1, 8, 0, 7, 31, 0, len(data)) + data)
            continue
        elif window == ROOT:
            peer.sendall(bytes([34]) + bytes(31))  # a MappingNotify event in between
            data = struct.pack("<III", GONE, PANEL, DIALOGUE)
        elif window == GONE:
            peer.sendall(struct.pack("<BB30x", 0, 3))
            continue
        else:
            kind = b"_NET_WM_WINDOW_TYPE_DOCK" if window == PANEL else b""
            data = struct.pack("<I", atoms.index(kind)) if kind in atoms else b""
        peer.sendall(struct.pack("<BBHIIII12x", 1, 32, 0, len(data) // 4, 4, 0, len(data) // 4) + data)


@contextmanager
def listening(runtime: RuntimeDirectory, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(runtime.path / "X1"))
        listener.listen()

        def run() -> None:
            peer, _ = listener.accept()
            with peer, suppress(ConnectionError):
                serve(peer)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            thread.join(5)
            assert not thread.is_alive()


def test_the_windows_types_are_read_and_vanished_windows_passed_over(
    runtime: RuntimeDirectory,
) -> None:
    with (
        listening(runtime, x_server),
        XConnection(runtime.path / "X1", COOKIE) as connection,
    ):
        assert connection.windows_by_type("DOCK", "DESKTOP") == {"DOCK": [PANEL]}


def test_a_window_shows_the_root_behind_it_and_one_that_has_gone_does_no_harm(
    runtime: RuntimeDirectory,
) -> None:
    see_through: list[int] = []
    with (
        listening(runtime, partial(x_server, see_through=see_through)),
        XConnection(runtime.path / "X1", COOKIE) as connection,
    ):
        connection.show_root_behind(GONE)
        connection.show_root_behind(PANEL)
        assert see_through == [PANEL]
        assert connection.idle_seconds() == 90.25


@pytest.mark.parametrize(
    ("active", "name"),
    [
        pytest.param(DIALOGUE, "Mate-terminal", id="a terminal"),
        pytest.param(PANEL, "", id="a window without a class"),
        pytest.param(GONE, "", id="a window that has gone"),
        pytest.param(0, "", id="none"),
    ],
)
def test_the_class_of_the_window_with_the_keyboard_is_read(runtime: RuntimeDirectory, active: int, name: str) -> None:
    with (
        listening(runtime, partial(x_server, active=active)),
        XConnection(runtime.path / "X1", COOKIE) as connection,
    ):
        assert connection.active_class() == name


def test_the_time_without_input_is_read(runtime: RuntimeDirectory) -> None:
    with (
        listening(runtime, x_server),
        XConnection(runtime.path / "X1", COOKIE) as connection,
    ):
        assert connection.idle_seconds() == 90.25


def test_a_refusal_is_told_in_the_servers_words(runtime: RuntimeDirectory) -> None:
    def refuse(peer: socket.socket) -> None:
        read(peer, 12 + 20 + 16)
        peer.sendall(struct.pack("<BBHHH", 0, 8, 11, 0, 2) + b"go away!")

    with listening(runtime, refuse), pytest.raises(XProtocolError, match="go away!"):
        XConnection(runtime.path / "X1", COOKIE)


def test_a_server_that_hangs_up_is_an_error(runtime: RuntimeDirectory) -> None:
    with listening(runtime, lambda _: None), pytest.raises((XProtocolError, ConnectionError)):
        XConnection(runtime.path / "X1", COOKIE)


def test_no_server_is_an_os_error(runtime: RuntimeDirectory) -> None:
    with pytest.raises(FileNotFoundError):
        XConnection(runtime.path / "X1", COOKIE)
