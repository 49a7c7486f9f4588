"""What passes between an instructor's page and a learner's session, beside the picture. Pure.

The session is the learner's and may say anything. Of what it says the page gets numbers, truth values and words of the
lists below; the sentences are the page's own.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

DESKTOP = frozenset({"no desktop", "failed", "logged out", "restarting", "starting MATE", "painted"})
"""What a session says of its desktop; whatever else it says means that the desktop is starting."""

REASONS = frozenset(
    {
        "not now",  # the learner's answers, and what stands for one
        "no page",
        "no answer",
        "ended",
        "off",
        "control refused",
        "control taken back",
        "control given to another",
        "control asked by another",
    }
)
"""Why an instructor does not see the desktop, or has no control."""

_VISIT = frozenset({"asking", "watching", "refused"})


def from_session(text: str | bytes, instructor: str) -> str | None:
    """Return what of a session's message an instructor's page gets; None where it is nothing.

    Args:
        text: The message.
        instructor: Their user name.
    """
    match _message(text):
        case {"type": "state"} as state:
            return _state(state, instructor)
        case {"type": "visit", "state": str(stage)} as visit if stage in _VISIT:
            reason = visit.get("reason")
            known = reason if isinstance(reason, str) and reason in REASONS else ""
            return json.dumps({"type": "visit", "state": stage, "reason": known})
        case {"type": "ended"}:
            return json.dumps({"type": "ended"})
        case {"type": "pong"} as pong:
            return _timed("pong", pong)
    return None


def from_page(text: str | bytes) -> str | None:
    """Return what of a page's message the session gets; None where it is nothing."""
    match _message(text):
        case {"type": "control", "want": bool(want)}:
            return json.dumps({"type": "control", "want": want})
        case {"type": "ping"} as ping:
            return _timed("ping", ping)
    return None


def _state(state: Mapping[str, Any], instructor: str) -> str:
    watchers = state.get("watchers")
    control = any(
        isinstance(one, dict) and one.get("name") == instructor and one.get("control") is True
        for one in (watchers if isinstance(watchers, list) else [])
    )
    asking = state.get("view_asked_by")
    desktop = state.get("state")
    return json.dumps(
        {
            "type": "state",
            "desktop": desktop if isinstance(desktop, str) and desktop in DESKTOP else "starting",
            "asking": isinstance(asking, list) and instructor in asking,
            "control": control,
            "asks_for_control": state.get("control_asked_by") == instructor,
        }
    )


def _timed(kind: str, message: Mapping[str, Any]) -> str | None:
    moment = message.get("t")
    if isinstance(moment, int | float) and math.isfinite(moment) and abs(moment) < 2**53:
        return json.dumps({"type": kind, "t": moment})
    return None


def _message(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
