"""The desktop of a session: an X server and MATE, started together, ended together, started again."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from classdesk_desktop.display import (
    X11_SOCKETS,
    DisplayError,
    choose_display,
    make_socket_directories,
    start_x,
)
from classdesk_desktop.environment import desktop_environment
from classdesk_desktop.processes import stop_group
from classdesk_desktop.restarts import RestartPolicy
from classdesk_desktop.runtime import RuntimeDirectory, State, write_state, write_x_authority
from classdesk_desktop.x11 import XConnection, XProtocolError

# One private bus for this desktop, by its absolute path; the guard keeps sessions of a node apart.
MATE_COMMAND: Final = (
    "/usr/bin/dbus-run-session",
    "--",
    "/bin/sh",
    str(Path(__file__).with_name("ice-guard.sh")),
    "/usr/bin/mate-session",
    # It looks for a GPU twice, with a wait of five seconds in between. There is none.
    "--disable-acceleration-check",
)

# Windows whose presence means that a learner sees a desktop: the panel, and caja's desktop with its icons.
PAINTED_CLASSES: Final = frozenset({"mate-panel", "caja"})
_PAINT_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_STOP_SECONDS: Final = 3.0

log = logging.getLogger("classdesk-session")


@dataclass(slots=True)
class Desktop:
    """Keeps a desktop alive for as long as its task runs.

    When X or MATE ends, by a log-out, an accident or `restart()`, the other is ended as well: a fresh pair
    is the one state that needs no repair. Where desktops end at once, five times in a row, the state file
    says so and nothing is tried until `restart()`.
    """

    environ: Mapping[str, str]
    runtime: RuntimeDirectory
    home: Path
    title: str
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    starts: int = 0
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def restart(self) -> None:
        """End the present desktop and start a new one, also after a failure."""
        self.policy.reset()
        self._wanted.set()

    async def run(self) -> None:
        """Start desktops until cancelled."""
        while True:
            began = time.monotonic()
            self._wanted.clear()
            self.starts += 1
            try:
                reason = await self._run_once()
            except (DisplayError, OSError) as error:
                reason = str(error)
            delay = self.policy.next_delay(time.monotonic() - began)
            log.warning("The desktop has ended: %s", reason)
            if self._wanted.is_set():
                continue
            if delay is None:
                self._say("failed", reason)
                log.error("The desktop ended too often right after its start; giving up for now.")
                await self._wanted.wait()
            else:
                self._say("restarting", reason)
                await asyncio.sleep(delay)

    async def _run_once(self) -> str:
        self._say("starting X")
        make_socket_directories()
        cookie = os.urandom(16)
        write_x_authority(self.runtime.x_authority, cookie)
        self.runtime.vnc_socket.unlink(missing_ok=True)
        display = choose_display(os.getuid() + self.starts - 1)
        x_server = await start_x(self.environ, self.runtime, display, self.title)
        try:
            self._say("starting MATE")
            mate = await asyncio.create_subprocess_exec(
                *MATE_COMMAND,
                env=desktop_environment(self.environ, self.runtime, display),
                cwd=self.home if os.access(self.home, os.X_OK) else "/",
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
            painted = asyncio.create_task(self._tell_when_painted(display, cookie))
            try:
                return await self._first_end(x_server, mate)
            finally:
                painted.cancel()
                await stop_group(mate, _STOP_SECONDS)
        finally:
            await stop_group(x_server, _STOP_SECONDS)

    async def _first_end(
        self, x_server: asyncio.subprocess.Process, mate: asyncio.subprocess.Process
    ) -> str:
        waits = {
            asyncio.create_task(x_server.wait()): "The X server",
            asyncio.create_task(mate.wait()): "The MATE session",
            asyncio.create_task(self._wanted.wait()): "",
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        task = done.pop()
        who = waits[task]
        return (
            f"{who} ended with status {task.result()}." if who else "A new desktop was asked for."
        )

    async def _tell_when_painted(self, display: int, cookie: bytes) -> None:
        began = time.monotonic()
        while not await asyncio.to_thread(_is_painted, X11_SOCKETS / f"X{display}", cookie):
            if time.monotonic() - began > _PAINT_SECONDS:
                # An unusual home may have no panel; whatever there is, the learner should see it.
                log.warning("No panel and file manager after %g s.", _PAINT_SECONDS)
                break
            await asyncio.sleep(_POLL_SECONDS)
        log.info("The desktop is painted %.2f s after MATE's start.", time.monotonic() - began)
        self._say("painted")

    def _say(self, state: State, detail: str = "") -> None:
        write_state(self.runtime.state_file, state, detail, self.starts)


def _is_painted(x_socket: Path, cookie: bytes) -> bool:
    try:
        with XConnection(x_socket, cookie) as connection:
            return connection.window_classes() >= PAINTED_CLASSES
    except (OSError, XProtocolError):
        return False
