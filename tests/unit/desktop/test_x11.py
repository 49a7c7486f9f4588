from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from classdesk_desktop.runtime import RuntimeDirectory
from classdesk_desktop.x11 import XConnection, XProtocolError

COOKIE = b"0123456789abcdef"
ROOT, PANEL, GONE = 0x123, 0x200, 0x300


def read(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = peer.recv(length - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def x_server(peer: socket.socket) -> None:
    """As much of an X server as the protocol's text demands, with one panel and one vanished window."""
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
    while True:
        opcode, _, length = struct.unpack("<BBH", read(peer, 4))
        request = read(peer, 4 * length - 4)
        if opcode == 16:
            peer.sendall(struct.pack("<B7xI20x", 1, 77))
            continue
        window = struct.unpack_from("<I", request, 0)[0]
        if window == ROOT:
            peer.sendall(bytes([34]) + bytes(31))  # a MappingNotify event in between
            data, width = struct.pack("<II", GONE, PANEL), 32
        elif window == GONE:
            peer.sendall(struct.pack("<BB30x", 0, 3))
            continue
        else:
            data, width = b"mate-panel\0Mate-panel\0", 8
        padded = data + bytes(-len(data) % 4)
        peer.sendall(
            struct.pack("<BBHIIII12x", 1, width, 0, len(padded) // 4, 31, 0, len(data) * 8 // width)
            + padded
        )


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


def test_the_windows_classes_are_read_and_vanished_windows_passed_over(
    runtime: RuntimeDirectory,
) -> None:
    with (
        listening(runtime, x_server),
        XConnection(runtime.path / "X1", COOKIE) as connection,
    ):
        assert connection.window_classes() == {"mate-panel"}


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
