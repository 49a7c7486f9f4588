"""The first key that the X server gets by VNC; what it is for is seen in the browser tests."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from classdesk_desktop.supervisor import first_key

VERSION = b"RFB 003.008\n"
NAME = b"desktop"


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "vnc"))
        listener.listen()
        yield listener


def _speak(listener: socket.socket) -> bytes:
    """Speak as an X server without a password does; returns what it was told."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as heard:
        connection.sendall(VERSION)
        told = heard.read(12)
        connection.sendall(b"\x01\x01")
        told += heard.read(1)
        connection.sendall(bytes(4))
        told += heard.read(1)
        connection.sendall(bytes(20) + struct.pack(">I", len(NAME)) + NAME)
        told += heard.read(8 + 8 + 10)
        connection.sendall(bytes(16))
        return told


def test_shift_is_pressed_and_let_go(listener: socket.socket, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        told = threads.submit(_speak, listener)
        asyncio.run(first_key.press_first_key(tmp_path / "vnc"))
    keys = [struct.pack(">BBxxI", 4, down, 0xFFE1) for down in (True, False)]
    assert told.result()[:-10] == b"".join((VERSION, b"\x01", b"\x01", *keys))


@pytest.mark.parametrize("name", ["vnc", "nobody"], ids=["silent", "gone"])
def test_an_x_server_that_does_not_answer_keeps_no_desktop_back(
    *,
    listener: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    monkeypatch.setattr(first_key, "_SECONDS", 0.1)
    asyncio.run(first_key.press_first_key(tmp_path / name))
    assert "takes no key by VNC" in caplog.text
