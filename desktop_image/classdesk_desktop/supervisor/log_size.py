"""Keeps a session's log from filling the home: the desktop's programs print into it, and some for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import stat
from typing import Final

LARGEST_BYTES: Final = 10 << 20
_LOOK_SECONDS: Final = 5.0

log = logging.getLogger("classdesk-session")


async def keep_short(descriptor: int = 2, largest: int = LARGEST_BYTES, seconds: float = _LOOK_SECONDS) -> None:
    """Empty the log behind this descriptor each time that it is too long; goes on until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        with contextlib.suppress(OSError):
            if shorten(descriptor, largest):
                log.warning("The log was longer than %d MiB; it begins anew.", largest >> 20)


def shorten(descriptor: int, largest: int) -> bool:
    """Empty a log that is too long; whoever appends to it goes on at its new end. Returns whether it was.

    Raises:
        OSError: it cannot be written to.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size <= largest:
        return False
    os.ftruncate(descriptor, 0)
    return True
