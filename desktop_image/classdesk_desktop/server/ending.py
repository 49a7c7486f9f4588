"""The session's last words to its pages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, Literal

from classdesk_desktop.protocol import Ended
from classdesk_desktop.server.channel import Channels

Reason = Literal["time-limit", "stopped", "logout"]

SENTENCES: Final[dict[Reason, str]] = {
    "time-limit": "Its time was up, so Slurm ended it.",
    "stopped": "You or an instructor ended it, or its job was cancelled.",
    "logout": "",
}
# Slurm looks at time limits about twice a minute, and gives some grace.
_NEAR_END_SECONDS: Final = 90.0
# What was announced and has not come by then is not why the session ends.
_ANNOUNCED_SECONDS: Final = 60.0


def reason_to_stop(state: Mapping[str, object], now: float) -> Reason:
    """Why the session is asked to stop, which the signal does not say."""
    if state.get("state") == "logged out":
        return "logout"
    try:
        is_over = float(str(state.get("end"))) - now < _NEAR_END_SECONDS
    except ValueError:
        is_over = False
    return "time-limit" if is_over else "stopped"


def say_goodbye(channels: Channels, reason: Reason | None = None) -> None:
    """Tell the pages that the session ends and why; only the first reason counts."""
    if channels.has_ended:
        return
    channels.has_ended = True
    why = reason or reason_to_stop(channels.state.snapshot(), time.time())
    reservation = channels.state.snapshot().get("reservation")
    announced, when = channels.announced
    sentence = SENTENCES[why]
    if why == "time-limit" and reservation:
        sentence = f"The reservation {reservation} ended."
    elif why == "stopped" and time.monotonic() - when < _ANNOUNCED_SECONDS:
        sentence = announced
    channels.state.update(ending=why)
    channels.broadcast({"type": Ended.type, "reason": why, "sentence": sentence})
