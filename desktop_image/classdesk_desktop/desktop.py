"""The desktop of a session: an X server and MATE, started together, ended together, started again."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from classdesk_desktop.bus import start_bus
from classdesk_desktop.display import (
    X11_SOCKETS,
    DisplayError,
    choose_display,
    make_socket_directories,
    start_x,
)
from classdesk_desktop.environment import desktop_environment
from classdesk_desktop.processes import NotReadyError, stop_group
from classdesk_desktop.restarts import RestartPolicy
from classdesk_desktop.runtime import (
    RuntimeDirectory,
    State,
    write_desktop,
    write_state,
    write_x_authority,
)
from classdesk_desktop.x11 import XConnection, XProtocolError

# The guard keeps sessions of a node apart.
MATE_COMMAND: Final = (
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
            except (DisplayError, NotReadyError, OSError) as error:
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
        env = desktop_environment(self.environ, self.runtime, display)
        async with AsyncExitStack() as ends:
            bus, x_server = await self._start_both(env, display, ends)
            write_desktop(
                self.runtime.desktop_file,
                display,
                self.runtime.x_authority,
                self.runtime.bus_address,
            )
            ends.callback(self.runtime.desktop_file.unlink, missing_ok=True)
            self._say("starting MATE")
            mate = await asyncio.create_subprocess_exec(
                *MATE_COMMAND,
                env=env,
                cwd=self.home if os.access(self.home, os.X_OK) else "/",
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
            ends.push_async_callback(stop_group, mate, _STOP_SECONDS)
            painted = asyncio.create_task(self._tell_when_painted(display, cookie))
            ends.callback(painted.cancel)
            return await self._first_end(
                {"The X server": x_server, "The message bus": bus, "The MATE session": mate}
            )

    async def _start_both(
        self, env: Mapping[str, str], display: int, ends: AsyncExitStack
    ) -> list[asyncio.subprocess.Process]:
        """Start the message bus and the X server, side by side."""

        async def until_ready(
            start: Awaitable[asyncio.subprocess.Process],
        ) -> asyncio.subprocess.Process:
            process = await start
            ends.push_async_callback(stop_group, process, _STOP_SECONDS)
            return process

        starting = [
            asyncio.create_task(until_ready(start_bus(env, self.runtime))),
            asyncio.create_task(
                until_ready(start_x(self.environ, self.runtime, display, self.title))
            ),
        ]
        try:
            return await asyncio.gather(*starting)
        finally:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)

    async def _first_end(self, parts: Mapping[str, asyncio.subprocess.Process]) -> str:
        waits = {asyncio.create_task(part.wait()): name for name, part in parts.items()}
        waits[asyncio.create_task(self._wanted.wait())] = ""
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
