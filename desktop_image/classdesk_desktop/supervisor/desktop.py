"""The desktop of a session: an X server, a message bus and MATE, started together, ended together, started again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from classdesk_desktop.protocol import DesktopState, Policy
from classdesk_desktop.session.environment import SUPERVISOR_VARIABLE, desktop_environment
from classdesk_desktop.session.processes import NotReadyError, stop_group
from classdesk_desktop.session.runtime import (
    RuntimeDirectory,
    write_desktop,
    write_state,
    write_x_authority,
)
from classdesk_desktop.supervisor.bus import start_bus
from classdesk_desktop.supervisor.display import (
    X11_SOCKETS,
    DisplayError,
    choose_display,
    make_socket_directories,
    set_keyboard,
    start_x,
)
from classdesk_desktop.supervisor.first_key import press_first_key
from classdesk_desktop.supervisor.ice import start_session_manager
from classdesk_desktop.supervisor.logout import until_logged_out
from classdesk_desktop.supervisor.painting import until_painted
from classdesk_desktop.supervisor.restarts import Ending, RestartPolicy
from classdesk_desktop.supervisor.safe import after_faults, home_trouble, private_settings

MATE_COMMAND: Final = (
    "/usr/bin/mate-session",
    # It looks for a GPU twice, with a wait of five seconds in between. There is none.
    "--disable-acceleration-check",
)

_STOP_SECONDS: Final = 3.0
# A home on a file server that does not answer must not keep the desktop back.
_PROBE_SECONDS: Final = 3.0
# How often the sockets are looked for, by which programs and the page reach the desktop.
_LOOK_SECONDS: Final = 1.0
# The bus tells of a log-out just before mate-session ends.
_LOG_OUT_SECONDS: Final = 0.1

_ACCIDENT: Final = "The desktop crashed, and a new one was started. Its open windows are lost; your files are kept."
_FULL: Final = "The node's temporary directory (/tmp) is full: delete what you do not need there."
# What the parts that have just ended gave back is no room.
_LEAST_BYTES: Final = 1 << 20

log = logging.getLogger("classdesk-session")


@dataclass(slots=True)
class Desktop:
    """Keeps a desktop alive for as long as its task runs.

    When a part of it ends, by accident or by `restart()`, the others are ended as well: a fresh desktop is the one
    state that needs no repair. After three faults in a row it gets private settings; if it has faults even so,
    the state file says so and nothing is tried until `restart()`. What a log-out does is the site's choice.

    Attributes:
        end_session: called when a log-out is to end the session.
    """

    environ: Mapping[str, str]
    runtime: RuntimeDirectory
    home: Path
    title: str
    end_session: Callable[[], None]
    policy: Policy = field(default_factory=Policy)
    restarts: RestartPolicy = field(default_factory=RestartPolicy)
    starts: int = 0
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _safe_reason: str = ""
    _notice: str = ""
    _painted_at: float = 0.0

    def restart(self) -> None:
        """End the present desktop and start a new one, also after a failure or a log-out."""
        self._wanted.set()

    async def run(self) -> None:
        """Start desktops until cancelled."""
        while True:
            self._wanted.clear()
            self.starts += 1
            try:
                ending = await self._run_once()
            except (DisplayError, NotReadyError, OSError) as error:
                log.warning("The desktop could not be started: %s", error)
                ending = Ending("fault", _FULL if _is_full(self.runtime.path) else str(error))
            if (task := asyncio.current_task()) and task.cancelling():
                # A part that fails in the moment of the session's end must not hide that end.
                raise asyncio.CancelledError
            log.warning("The desktop has ended: %s", ending.detail)
            if self._wanted.is_set():
                ending = Ending("asked for", ending.detail)
            following = self.restarts.after(ending)
            self._notice = _ACCIDENT if ending.cause == "fault" and ending.usable_seconds else ""
            if ending.cause == "log-out" and self.policy.logout != "new":
                await self._after_log_out()
            elif following is None:
                log.error("The desktop ended too often right after its start; giving up.")
                self._say("failed", ending.detail)
                await self._wanted.wait()
                following = self.restarts.after(Ending("asked for", ""))
            else:
                self._say("restarting", ending.detail)
                await asyncio.sleep(following.delay)
            is_safe = following is not None and following.safe
            self._safe_reason = after_faults(ending.detail) if is_safe else ""

    async def _after_log_out(self) -> None:
        if self.policy.logout == "end":
            log.info("A log-out ends the session, as the site wants it.")
            self.end_session()
        self._say("logged out", "You logged out of the desktop. The session is still running.")
        await self._wanted.wait()

    async def _run_once(self) -> Ending:
        self._painted_at = 0.0
        self._say("starting X")
        make_socket_directories()
        cookie = os.urandom(16)
        write_x_authority(self.runtime.x_authority, cookie)
        self.runtime.vnc_socket.unlink(missing_ok=True)
        display = choose_display(os.getuid() + self.starts - 1)
        env = desktop_environment(self.environ, self.runtime, display)
        # For commands in the desktop's terminals, which ask for a new one.
        env[SUPERVISOR_VARIABLE] = str(os.getpid())
        trouble = asyncio.create_task(asyncio.to_thread(home_trouble, self.home))
        async with AsyncExitStack() as ends:
            ends.callback(trouble.cancel)
            parts = await self._start_display(env, display, ends)
            write_desktop(
                self.runtime.desktop_file,
                display,
                self.runtime.x_authority,
                self.runtime.bus_address,
            )
            ends.callback(self.runtime.desktop_file.unlink, missing_ok=True)
            await set_keyboard(self.policy.keyboard, env)
            await press_first_key(self.runtime.vnc_socket)
            log_out = asyncio.create_task(until_logged_out(self.runtime.bus_socket))
            ends.callback(log_out.cancel)
            if not self._safe_reason:
                self._safe_reason = await _in_time(trouble)
            if self._safe_reason:
                log.warning("The desktop starts safe: %s", self._safe_reason)
                env |= private_settings(self.runtime, self.home)
            self._say("starting MATE")
            mate, address = await start_session_manager(
                MATE_COMMAND, env, self.home if os.access(self.home, os.X_OK) else Path("/")
            )
            ends.callback(address.close)
            ends.push_async_callback(stop_group, mate, _STOP_SECONDS)
            painting = asyncio.create_task(self._paint(display, cookie, mate.pid))
            ends.callback(painting.cancel)
            cut = asyncio.create_task(
                _until_one_is_gone(self.runtime.vnc_socket, self.runtime.bus_socket, X11_SOCKETS / f"X{display}")
            )
            ends.callback(cut.cancel)
            return await self._until_end({**parts, "The MATE session": mate}, painting, log_out, cut)

    async def _start_display(
        self, env: Mapping[str, str], display: int, ends: AsyncExitStack
    ) -> dict[str, asyncio.subprocess.Process]:
        """Start the X server and the message bus, side by side."""

        async def until_ready(
            start: Awaitable[asyncio.subprocess.Process],
        ) -> asyncio.subprocess.Process:
            process = await start
            ends.push_async_callback(stop_group, process, _STOP_SECONDS)
            return process

        starting = {
            "The X server": asyncio.create_task(
                until_ready(start_x(self.environ, self.runtime, display, self.title, self.policy))
            ),
            "The message bus": asyncio.create_task(until_ready(start_bus(env, self.runtime))),
        }
        try:
            started = await asyncio.gather(*starting.values())
        finally:
            for task in starting.values():
                task.cancel()
            await asyncio.gather(*starting.values(), return_exceptions=True)
        return dict(zip(starting, started, strict=True))

    async def _until_end(
        self,
        parts: Mapping[str, asyncio.subprocess.Process],
        painting: asyncio.Task[str],
        log_out: asyncio.Task[None],
        cut: asyncio.Task[str],
    ) -> Ending:
        waits = {asyncio.create_task(part.wait()): name for name, part in parts.items()}
        wanted = asyncio.create_task(self._wanted.wait())
        try:
            await asyncio.wait({*waits, wanted, painting, cut}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*waits, wanted):
                task.cancel()
        usable = time.monotonic() - self._painted_at if self._painted_at else 0.0
        if painting.done():
            return Ending("fault", painting.result())
        for task, who in waits.items():
            if task.done() and not task.cancelled():
                # A desktop that was never there cannot be logged out of.
                if who == "The MATE session" and usable and await _has_come(log_out):
                    return Ending("log-out", "The learner has logged out.", usable)
                return Ending("fault", f"{who} ended with status {task.result()}.", usable)
        if cut.done():
            return Ending("fault", cut.result(), usable)
        return Ending("asked for", "A new desktop was asked for.", usable)

    async def _paint(self, display: int, cookie: bytes, mate_pid: int) -> str:
        """Say when the desktop is painted; returns only where it will not be, with the reason."""
        began = time.monotonic()
        missing = await until_painted(display, cookie, mate_pid)
        if missing:
            return missing
        self._painted_at = time.monotonic()
        log.info("The desktop is painted %.2f s after MATE's start.", self._painted_at - began)
        self._say("painted")
        await asyncio.Event().wait()
        return ""

    def _say(self, state: DesktopState, detail: str = "") -> None:
        try:
            self.runtime.restore()
            write_state(
                self.runtime.state_file,
                state,
                detail,
                self.starts,
                safe_reason=self._safe_reason,
                notice=self._notice,
            )
        except OSError as error:
            # The session still has its server, and with it a terminal in which this can be mended.
            log.error("That the desktop is %s cannot be written down: %s", state, error)


def _is_full(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        status = os.statvfs(directory)
        # A file system without a limit has no blocks at all.
        return status.f_blocks > 0 and status.f_bavail * status.f_frsize < _LEAST_BYTES
    return False


async def _until_one_is_gone(*sockets: Path) -> str:
    """Wait until a socket has been removed; returns that as a sentence.

    The desktop would go on, but no new program and no page would find it: a learner who empties /tmp.
    """
    while all(socket.exists() for socket in sockets):  # noqa: ASYNC110 - nothing tells of a removal
        await asyncio.sleep(_LOOK_SECONDS)
    return "The desktop's sockets were removed from the node's temporary directory."


async def _in_time(trouble: asyncio.Task[str]) -> str:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            return await trouble
    except (TimeoutError, OSError) as error:
        log.warning("Whether the home can be written to is unknown: %s", error or "no answer")
        return ""


async def _has_come(log_out: asyncio.Task[None]) -> bool:
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(_LOG_OUT_SECONDS):
            await asyncio.shield(log_out)
        return True
    return False
