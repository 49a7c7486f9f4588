"""Starts a session manager under a process number that is free as an ICE address.

libICE listens on the abstract socket @/tmp/.ICE-unix/PID. Abstract sockets belong to the network namespace, process
numbers to the process namespace: the sessions of a node share the first and often have equal numbers in the second.
Where the address is taken, libICE gives up ("Cannot establish any listening sockets"), and no desktop comes. A next
process has another number, so this tries until one is free; a socket of our own marks it as taken, because a class
that starts together looks at the same moment.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from classdesk_desktop.session.processes import stop_group

# The process gets its number, waits for a line, and becomes the session manager.
_WAITING: Final = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "sh")
_TRIES: Final = 500
_STOP_SECONDS: Final = 1.0


async def start_session_manager(
    command: Sequence[str], environ: Mapping[str, str], directory: Path
) -> tuple[asyncio.subprocess.Process, socket.socket]:
    """Start the session manager; returns it, and the mark on its address, to be closed after its end."""
    for tries_left in reversed(range(_TRIES)):
        process = await asyncio.create_subprocess_exec(
            *_WAITING,
            *command,
            env=environ,
            cwd=directory,
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        mark = take(process.pid)
        # After so many, something else is wrong, and the session manager says what.
        if mark or not tries_left:
            break
        await stop_group(process, _STOP_SECONDS)
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    process.stdin.write(b"\n")
    process.stdin.close()
    return process, mark or socket.socket(socket.AF_UNIX)


def take(number: int) -> socket.socket | None:
    """Mark a process number's ICE address as taken on this node; None where it is."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0classdesk-ice-{number}")
        if not _is_listened_on(number):
            return mark
    except OSError:
        pass
    mark.close()
    return None


def _is_listened_on(number: int) -> bool:
    try:
        table = Path("/proc/net/unix").read_text()
    except OSError:
        return False
    return any(line.endswith(f"@/tmp/.ICE-unix/{number}") for line in table.splitlines())
