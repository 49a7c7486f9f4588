"""Whether the desktop answers: a frozen one shows its last picture, and everybody takes it for a quiet one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from classdesk_desktop.session.runtime import RuntimeDirectory, read_cookie, read_desktop
from classdesk_desktop.session.x11 import XConnection, XProtocolError
from classdesk_desktop.supervisor.display import X11_SOCKETS

_ASK_SECONDS: Final = 4.0
_ANSWER_SECONDS: Final = 4.0
# One that is late twice is frozen, not busy: known after at most 16 s.
_MISSED: Final = 2


def answers(runtime: RuntimeDirectory) -> bool:
    """Whether the X server answers in time; True where there is none, which others notice."""
    desktop = read_desktop(runtime.desktop_file)
    if not desktop:
        return True
    socket = X11_SOCKETS / f"X{desktop['display'].lstrip(':')}"
    try:
        with XConnection(socket, read_cookie(runtime.x_authority), _ANSWER_SECONDS) as connection:
            connection.idle_seconds()
    except TimeoutError:
        return False
    except (OSError, XProtocolError):
        pass
    return True


async def watch_pulse(
    runtime: RuntimeDirectory,
    tell: Callable[[bool], None],
    ask: Callable[[RuntimeDirectory], bool] = answers,
    pause: float = _ASK_SECONDS,
) -> None:
    """Ask the X server every few seconds until cancelled.

    Args:
        runtime: the session's directory.
        tell: is called with whether the desktop is frozen, each time.
        ask: asks once.
        pause: seconds between two questions.
    """
    missed = 0
    while True:
        missed = 0 if await asyncio.to_thread(ask, runtime) else missed + 1
        tell(missed >= _MISSED)
        await asyncio.sleep(pause)
