"""Warns before a session's time is over: in its pages and on its desktop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from classdesk_desktop.server.channel import Channels
from classdesk_desktop.server.notify import Urgency

WARNING_MINUTES: Final = (30, 10, 5)

Notify = Callable[[str, str, Urgency], Awaitable[int]]
Withdraw = Callable[[int], Awaitable[None]]


def reached(seconds_left: float) -> int | None:
    """The last warning that is due with so much time left, by its minutes; None before the first."""
    due = [minutes for minutes in WARNING_MINUTES if seconds_left <= 60 * minutes]
    return min(due) if due else None


def seconds_to_next(seconds_left: float) -> float | None:
    """How long it is until the next warning; None after the last."""
    waits = [seconds_left - 60 * minutes for minutes in WARNING_MINUTES]
    return min((wait for wait in waits if wait > 0), default=None)


class TimeLeft:
    """Tells each warning once; one that is due when a session starts is known to who asked for so little time."""

    def __init__(self, channels: Channels, notify: Notify, withdraw: Withdraw) -> None:
        self._channels = channels
        self._notify = notify
        self._withdraw = withdraw
        self._shown = 0
        self._shown_end = 0.0
        self._moved = asyncio.Event()
        self._told: int | None = None
        channels.state.on_change(self._moved.set)

    async def run(self) -> None:
        """Warn until cancelled."""
        self._told = self._due()
        while True:
            end = self._end()
            wait = seconds_to_next(end - time.time()) if end is not None else None
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._moved.wait()
            await self._look()

    async def _look(self) -> None:
        now, end = self._due(), self._end()
        before, self._told = self._told, now
        if self._shown and (now != before or end != self._shown_end):
            await self._withdraw(self._shown)
            self._shown = 0
            # What it said is told anew, if it is still the time for it.
            before = None
        # More time than before is not news of this kind.
        if end is None or now is None or (before is not None and before <= now):
            return
        # Once: on the page, and where nobody has one open, on the desktop.
        if self._channels.broadcast({"type": "warning", "minutes": now}, to="owner"):
            return
        self._shown_end = end
        self._shown = await self._notify(
            # By the desktop's own clock: minutes would be wrong a minute later.
            f"The session ends at {time.strftime('%H:%M', time.localtime(end))}",
            "Save your work now.",
            # The last one stays until somebody has seen it.
            "critical" if now == min(WARNING_MINUTES) else "normal",
        )

    def _due(self) -> int | None:
        end = self._end()
        return reached(end - time.time()) if end is not None else None

    def _end(self) -> float | None:
        try:
            return float(self._channels.state.snapshot()["end"])
        except (KeyError, TypeError, ValueError):
            return None
