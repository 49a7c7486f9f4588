"""Looks at the session's memory, says when it is nearly full, and what was ended because it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from classdesk_desktop.server.channel import Channels, Listener
from classdesk_desktop.server.idle import FURNITURE, session_processes
from classdesk_desktop.server.notify import Urgency
from classdesk_desktop.session.memory import SessionMemory
from classdesk_desktop.session.usage import ProcessUse, read_processes

LOOK_SECONDS: Final = 3.0
# Shares of the memory; a warning goes when there is somewhat more room than where it came.
WARNING_SHARES: Final = (0.85, 0.95)
_ROOM: Final = 0.05
# In thousandths of the memory, which Linux adds to what a program uses when it looks for one to end (proc(5)).
_ENDED_FIRST: Final = 500

Notify = Callable[[str, str, Urgency], Awaitable[int]]
Withdraw = Callable[[int], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has found.

    Attributes:
        used_mib: what the session uses, in MiB.
        ended: the programs that Linux has ended since the look before for lack of memory, in words.
    """

    used_mib: float
    ended: tuple[str, ...] = ()


@dataclass(slots=True)
class MemoryGauge:
    """Looks at the session's memory, and has Linux end the learner's programs before the session's own.

    Attributes:
        latest: the session's processes as they were last.
    """

    memory: SessionMemory
    proc: Path = Path("/proc")
    latest: dict[int, ProcessUse] = field(default_factory=dict)
    _offered: set[int] = field(default_factory=set)
    _ended: int = field(init=False)

    def __post_init__(self) -> None:
        self._ended = self._count()

    def look(self) -> Look:
        """Look now; blocks for some milliseconds."""
        processes = read_processes(self.proc)
        session, servers = session_processes(processes)
        # Before what is there now, so that whatever was ended until then has gone.
        count = self._count()
        # One that was ended stays in the list until its parent has looked.
        now = {pid: processes[pid] for pid in session if pid in processes and processes[pid].state != "Z"}
        ended = what_ended(self.latest, now, count - self._ended, servers)
        self._offer({pid for pid, use in now.items() if pid not in servers and use.name not in FURNITURE})
        self.latest, self._ended = now, count
        return Look(self.memory.used_mib(session), ended)

    def _count(self) -> int:
        return self.memory.group.ended() if self.memory.group else 0

    def _offer(self, programs: set[int]) -> None:
        """Offer programs to Linux; what they start inherits it."""
        self._offered &= programs
        for pid in programs - self._offered:
            try:
                (self.proc / str(pid) / "oom_score_adj").write_text(str(_ENDED_FIRST))
            except OSError:
                # It has gone, or nobody may touch it, as some of Firefox, which see to it themselves.
                continue
            self._offered.add(pid)


def what_ended(
    before: Mapping[int, ProcessUse], now: Mapping[int, ProcessUse], count: int, servers: Iterable[int]
) -> tuple[str, ...]:
    """What Linux has most likely ended between two looks: of the programs that have gone, the largest; in words.

    Args:
        before: the processes of the look before.
        now: those of this one.
        count: how many were ended in between.
        servers: the session's own.
    """
    gone = [use for pid, use in before.items() if pid not in now and pid not in servers]
    gone.sort(key=lambda use: use.resident_mib, reverse=True)
    named = tuple(f"{use.name} ({gib(use.resident_mib)} GiB)" for use in gone[:count])
    return named or ("a program",) * min(count, 1)


def gib(mib: float) -> str:
    """An amount in GiB, for people."""
    return f"{mib / 1024:.1f}".removesuffix(".0")


def warning_level(share: float, before: int) -> int:
    """How many warnings are due at a share of the memory in use, after as many as were due before."""
    reached = sum(share >= warning for warning in WARNING_SHARES)
    kept = sum(share >= warning - _ROOM for warning in WARNING_SHARES)
    return max(reached, min(kept, before))


def warning(level: int, used: str, limit: str, *, spills_to_memory: bool) -> str:
    """The sentences of a warning; empty where there is none."""
    if not level:
        return ""
    what = (
        "Close programs and notebooks that you do not need."
        if level == 1
        else "Save your work now, and close programs: one of them may be ended to make room."
    )
    # dask itself says that it spills to disk.
    spill = " What dask spills takes memory, too: this machine has no disk for it." if spills_to_memory else ""
    return f"This session uses {used} of its {limit} GiB of memory. {what}{spill}"


def farewell(ended: Iterable[str], limit: str) -> str:
    """What people read when programs were ended."""
    return (
        f"The session's {limit} GiB of memory were full, so Linux ended {' and '.join(ended)}. "
        "Work with less data at a time, or ask for a session with more memory."
    )


class MemoryUse:
    """Tells the owner's pages of the memory, and warns there and on the desktop."""

    def __init__(
        self, gauge: MemoryGauge, channels: Channels, notify: Notify, withdraw: Withdraw, *, spills_to_memory: bool
    ) -> None:
        self._gauge = gauge
        self._channels = channels
        self._notify = notify
        self._withdraw = withdraw
        self._spills_to_memory = spills_to_memory
        self._level = 0
        self._shown = 0
        self._told: dict[str, Any] = {}
        self._unheard: list[dict[str, Any]] = []
        channels.on_open(self._welcome)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.tell(await asyncio.to_thread(self._gauge.look))
            except Exception:  # one odd look must not end all
                log.exception("The session's memory could not be looked at.")
            await asyncio.sleep(LOOK_SECONDS)

    async def tell(self, look: Look) -> None:
        """Tell what a look has found; nothing where nobody knows how much memory the session has."""
        limit_mib = self._gauge.memory.limit_mib
        if not limit_mib:
            return
        used, limit = gib(look.used_mib), gib(limit_mib)
        before, self._level = self._level, warning_level(look.used_mib / limit_mib, self._level)
        sentence = warning(self._level, used, limit, spills_to_memory=self._spills_to_memory)
        message = {"type": "memory", "used": used, "limit": limit, "level": self._level, "warning": sentence}
        if message != self._told:
            self._told = message
            self._channels.broadcast(message, to="owner")
        if look.ended:
            await self._say_ended(farewell(look.ended, limit))
        if self._level != before:
            await self._warn(sentence)

    async def _say_ended(self, sentence: str) -> None:
        log.warning("%s", sentence)
        message = {"type": "ended-for-memory", "sentence": sentence}
        if not self._channels.broadcast(message, to="owner"):
            self._unheard.append(message)
        await self._notify("A program was ended", sentence, "critical")

    async def _warn(self, sentence: str) -> None:
        if self._shown:
            await self._withdraw(self._shown)
            self._shown = 0
        if sentence:
            urgency: Urgency = "critical" if self._level == len(WARNING_SHARES) else "normal"
            self._shown = await self._notify("Memory is nearly full", sentence, urgency)

    def _welcome(self, page: Listener) -> None:
        if page.is_owner and self._told:
            for message in (self._told, *self._unheard):
                page.send(message)
            self._unheard = []
