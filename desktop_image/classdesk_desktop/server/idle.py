"""Since when nobody uses a session, and whether it computes: measured in the session, not in bytes through a proxy."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.session.usage import ProcessUse, below
from classdesk_desktop.session.x11 import XConnection
from classdesk_desktop.supervisor.display import ask_x

# What runs in each desktop, by the names that the kernel keeps (15 letters). Drawing is not computing.
FURNITURE: Final = frozenset(
    {
        "Xtigervnc",
        "caja",
        "clock-applet",
        "dbus-daemon",
        "dconf-service",
        "eom",
        "feh",
        "marco",
        "mate-notificati",
        "mate-panel",
        "mate-session",
        "mate-settings-d",
        "mate-terminal",
        "pluma",
        "wnck-applet",
    }
)
# With all their children: a web page that nobody looks at may well be busy.
_FURNISHED: Final = frozenset({"firefox", "firefox-esr"})
# Of one core, on average between two looks. Less is what waiting programs need for their clocks: a dask cluster
# without work takes about 0.05.
BUSY_CORES: Final = 0.1


def computing_seconds(processes: dict[int, ProcessUse], session: Iterable[int], servers: Iterable[int]) -> float:
    """The processor time of the learner's own programs up to now.

    Args:
        processes: all processes.
        session: the session's processes.
        servers: the supervisor and the server, which compute nothing for the learner.
    """
    browsers = {pid for pid, use in processes.items() if use.name in _FURNISHED}
    left_out = {*servers, *browsers}
    for browser in browsers:
        left_out |= below(browser, processes)
    return sum(
        processes[pid].cpu_seconds
        for pid in session
        if pid in processes and pid not in left_out and processes[pid].name not in FURNITURE
    )


@dataclass(slots=True)
class ComputingWatch:
    """Tells from look to look whether the learner's programs compute: pure."""

    _seconds: float | None = field(default=None)
    _looked: float = field(default=0.0)

    def is_busy(self, computing_seconds: float, now: float) -> bool:
        """Whether they have computed since the last look; False at the first."""
        before, since = self._seconds, now - self._looked
        self._seconds, self._looked = computing_seconds, now
        # A program that has ended takes its time along: then the sum falls, and says nothing.
        if before is None or since <= 0:
            return False
        return (computing_seconds - before) / since >= BUSY_CORES


def input_idle_seconds(runtime: RuntimeDirectory) -> float | None:
    """The time since the last key or movement of the mouse on the desktop; None where there is none."""
    return ask_x(runtime, XConnection.idle_seconds)


def session_processes(processes: dict[int, ProcessUse]) -> tuple[set[int], set[int]]:
    """The session's processes, and among them the supervisor and the server, which is this process."""
    supervisor, server = os.getppid(), os.getpid()
    if _has_own_namespace():
        return set(processes), {1, supervisor, server}
    return {supervisor, *below(supervisor, processes)}, {supervisor, server}


def _has_own_namespace() -> bool:
    """Whether the session sees its own processes alone: then the first of them is the learner's, too."""
    try:
        return os.getuid() != 0 and Path("/proc/1").stat().st_uid == os.getuid()
    except OSError:
        return False
