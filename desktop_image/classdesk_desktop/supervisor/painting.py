"""Waits until a learner sees a desktop, or until it is clear that there will be none."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from classdesk_desktop.session.usage import below, read_processes
from classdesk_desktop.session.x11 import XConnection, XProtocolError
from classdesk_desktop.supervisor.display import X11_SOCKETS

# What a learner must see, by the type of its window: the panel, and caja's desktop with its icons.
_PARTS: Final = {"DOCK": "panel", "DESKTOP": "desktop icons"}
_POLL_SECONDS: Final = 0.05

# By the clock alone, a busy node could not be told from a broken desktop: the twentieth session of a class may take
# half a minute. So one that does nothing is given up early, and one that works gets time.
PATIENCE_SECONDS: Final = 8.0
STALLED_SECONDS: Final = 4.0
LONGEST_SECONDS: Final = 60.0
# A start takes one second of processor time; parts that crash and are started again take it all.
MOST_CPU_SECONDS: Final = 15.0
_LITTLE_CPU_SECONDS: Final = 0.05


@dataclass(slots=True)
class Progress:
    """Whether a start gets on: pure, fed with the clock and the processor time that was used."""

    moved: float = 0.0
    cpu_seconds: float = 0.0

    def is_hopeless(self, seconds: float, cpu_seconds: float, waits_for_disk: bool) -> bool:
        """Tell it, once in a while, what has been used up to now, `seconds` after the start."""
        if waits_for_disk or cpu_seconds - self.cpu_seconds > _LITTLE_CPU_SECONDS:
            self.moved, self.cpu_seconds = seconds, cpu_seconds
        if seconds > LONGEST_SECONDS or cpu_seconds > MOST_CPU_SECONDS:
            return True
        return seconds > PATIENCE_SECONDS and seconds - self.moved > STALLED_SECONDS


async def until_painted(display: int, cookie: bytes, mate_pid: int) -> str:
    """Wait until the desktop is painted; returns what is missing where that is hopeless, else nothing."""
    began = looked = time.monotonic()
    progress = Progress()
    while missing := _PARTS.keys() - await asyncio.to_thread(_seen, display, cookie):
        now = time.monotonic()
        if now - looked > 0.5:
            looked = now
            if progress.is_hopeless(now - began, *_used(mate_pid)):
                names = " and ".join(_PARTS[kind] for kind in sorted(missing, reverse=True))
                return f"MATE did not show its {names}."
        await asyncio.sleep(_POLL_SECONDS)
    return ""


def show_wallpaper_early(connection: XConnection) -> list[int]:
    """Let caja's desktop show the wallpaper before it has painted; returns its windows.

    Whenever the desktop takes another size, X forgets what its windows show, and caja may need a second to paint anew.
    """
    windows = connection.windows_by_type("DESKTOP").get("DESKTOP", [])
    for window in windows:
        connection.show_root_behind(window)
    return windows


def _seen(display: int, cookie: bytes) -> set[str]:
    try:
        with XConnection(X11_SOCKETS / f"X{display}", cookie) as connection:
            show_wallpaper_early(connection)
            return set(connection.windows_by_type(*_PARTS))
    except (OSError, XProtocolError):
        return set()


def _used(mate_pid: int) -> tuple[float, bool]:
    processes = read_processes()
    uses = [processes[pid] for pid in {mate_pid, *below(mate_pid, processes)} if pid in processes]
    return sum(use.cpu_seconds for use in uses), any(use.state in "DR" for use in uses)
