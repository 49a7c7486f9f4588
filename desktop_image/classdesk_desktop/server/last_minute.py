"""Ends a session in order, just before Slurm would kill it at its time limit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from classdesk_desktop.server.channel import Channels
from classdesk_desktop.server.ending import say_goodbye

# Slurm looks at time limits twice a minute, and kills without a word: everything that knows a reason must be quicker.
LEAD_SECONDS: Final = 3.0
_GOODBYE_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


async def end_in_time(channels: Channels, ask_for_end: Callable[[], Awaitable[None]], stop: Callable[[], None]) -> None:
    """Wait for the session's end, tell the pages, and stop the session.

    Args:
        channels: the pages, and the state that knows the end, which may move.
        ask_for_end: asks the hub once more, just before: somebody may have given more time a moment ago.
        stop: asks the session to stop.
    """
    moved = asyncio.Event()
    channels.state.on_change(moved.set)
    while True:
        moved.clear()
        wait = _seconds_to_stop(channels)
        if wait is None or wait > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await moved.wait()
            continue
        await ask_for_end()
        if (_seconds_to_stop(channels) or 0.0) <= 0:
            break
    log.warning("The session's time is over.")  # this process logs no less
    say_goodbye(channels, "time-limit")
    await asyncio.sleep(_GOODBYE_SECONDS)
    stop()


def _seconds_to_stop(channels: Channels) -> float | None:
    end = channels.state.snapshot().get("end")
    return end - LEAD_SECONDS - time.time() if isinstance(end, int | float) else None
