"""Ending processes, so that nothing of a session outlives it, whatever runtime it is in."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h


def become_subreaper() -> None:
    """Make orphans of this process's descendants its children, so that they can be found and ended.

    The runtimes give a session a process namespace, which ends with it; this serves one that does not.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def process_table() -> dict[int, tuple[int, str]]:
    """Parent and one-letter state of every visible process, by its number."""
    table: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            # The second field is the name in parentheses, which may itself hold blanks and parentheses.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            table[int(entry.name)] = (int(fields[1]), fields[0])
    return table


def descendants(root: int) -> set[int]:
    """Every process below `root`, without itself."""
    table = process_table()
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, (parent, _) in table.items() if parent in fresh} - found
        found |= fresh
    return found


def zombie_children() -> set[int]:
    """This process's ended children whose status nobody has taken yet."""
    own = os.getpid()
    return {
        pid for pid, (parent, state) in process_table().items() if parent == own and state == "Z"
    }


def reap(pids: Iterable[int]) -> None:
    """Take the status of ended children."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


async def stop_group(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process that leads a group, with its group: first asked, after `grace` seconds killed."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal_number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace)
            return


def end_descendants(grace: float) -> None:
    """End every process below this one; blocks for at most `grace` seconds and a little."""
    own = os.getpid()
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + grace
        for pid in descendants(own):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal_number)
        while time.monotonic() < deadline:
            reap(zombie_children())
            if not descendants(own):
                return
            time.sleep(0.02)
