"""Two ports that follow each other, and are ours."""

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def two_taken(address: str = "127.0.0.1") -> Iterator[tuple[socket.socket, socket.socket]]:
    """Listen on a port and on the next one."""
    while True:
        with socket.create_server((address, 0)) as first:
            try:
                second = socket.create_server((address, first.getsockname()[1] + 1))
            except (OSError, OverflowError):
                continue
            with second:
                yield first, second
                return
