"""What the processes of a session use, read from /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_MIB: Final = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What one process has used.

    Attributes:
        name: its name as the kernel keeps it, of at most 15 letters.
        parent: its parent's number.
        state: its one-letter state; "R" runs, "D" waits for a disk.
        cpu_seconds: of itself and of its ended children.
        resident_mib: its memory, with what it shares.
    """

    name: str
    parent: int
    state: str
    cpu_seconds: float
    resident_mib: float = 0.0


def read_processes(proc: Path = Path("/proc")) -> dict[int, ProcessUse]:
    """All visible processes by their numbers; in a session's own process namespace, those are the session's."""
    found: dict[int, ProcessUse] = {}
    for entry in proc.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[int(entry.name)] = parse_stat((entry / "stat").read_text(errors="replace"))
    return found


def parse_stat(text: str) -> ProcessUse:
    """Read a /proc/PID/stat (proc_pid_stat(5)); the name in parentheses may hold blanks and parentheses."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    ticks = sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime
    resident = int(fields[21]) * _PAGE_MIB
    return ProcessUse(head.partition("(")[2], int(fields[1]), fields[0], ticks / _TICKS, resident)


def below(root: int, processes: dict[int, ProcessUse]) -> set[int]:
    """The numbers of all processes below `root`, without itself."""
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, use in processes.items() if use.parent in fresh} - found
        found |= fresh
    return found


def memory_mib(pids: Iterable[int], proc: Path = Path("/proc")) -> float:
    """The memory of some processes, each shared page counted once in all (PSS), in MiB."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            for line in (proc / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
                    break
    return total / 1024
