"""The little of RFB (RFC 6143) that a test needs to move the mouse and to copy and paste, without the page."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

from support.world import PATIENCE


class RfbConnection:
    """A connection to a VNC server's unix socket."""

    def __init__(self, path: Path, timeout: float = 5.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE * timeout)
        self._socket.connect(str(path))
        version = self._read(12)
        self._socket.sendall(version)
        assert 1 in self._read(self._read(1)[0]), "no security type None"
        self._socket.sendall(b"\x01")
        assert self._read(4) == bytes(4)
        self._socket.sendall(b"\x01")
        head = self._read(24)
        self._read(struct.unpack(">I", head[20:])[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def move(self, x: int, y: int) -> None:
        """Move the mouse."""
        self._socket.sendall(struct.pack(">BBHH", 5, 0, x, y))

    def paste(self, text: str) -> None:
        """Say what is in the clipboard on this side."""
        data = text.encode("latin-1")
        self._socket.sendall(struct.pack(">BxxxI", 6, len(data)) + data)

    def copied(self) -> str:
        """Wait for what is in the desktop's clipboard.

        Raises:
            TimeoutError: it does not come.
        """
        while True:
            kind = self._read(1)[0]
            if kind == 2:  # a bell
                continue
            assert kind == 3, f"message {kind} was not asked for"
            length = struct.unpack(">xxxI", self._read(7))[0]
            return self._read(length).decode("latin-1")

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self._socket.recv(length - len(data))
            if not part:
                raise ConnectionError("the VNC server closed the connection")
            data += part
        return data
