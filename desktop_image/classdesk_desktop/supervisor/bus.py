"""The desktop's own message bus, at a known address, so that the session's server can reach it too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from classdesk_desktop.session.processes import start_until_ready
from classdesk_desktop.session.runtime import RuntimeDirectory

# By its absolute path, and not what a PATH finds: a conda's dbus-launch is the classic dead desktop.
BUS_DAEMON: Final = "/usr/bin/dbus-daemon"
START_SECONDS: Final = 10.0


def bus_command(runtime: RuntimeDirectory, ready_fd: int) -> list[str]:
    """The message bus's argument list."""
    return [
        BUS_DAEMON,
        "--session",
        *("--nofork", "--nopidfile"),
        # In the private directory, so that no other user of the node reaches it, and it goes with the session.
        f"--address={runtime.bus_address}",
        f"--print-address={ready_fd}",
    ]


async def start_bus(environ: Mapping[str, str], runtime: RuntimeDirectory) -> asyncio.subprocess.Process:
    """Start the message bus and wait until it listens; the services that it starts get `environ`.

    Raises:
        NotReadyError: it ended, or did not come up in time.
    """
    runtime.bus_socket.unlink(missing_ok=True)
    return await start_until_ready(lambda ready_fd: bus_command(runtime, ready_fd), environ, START_SECONDS)
