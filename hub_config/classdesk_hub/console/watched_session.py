"""What passes between an instructor's page and a learner's session, beside the picture. Pure.

The session is the learner's and may say anything. Of what it says the page gets numbers, truth values and words of the
lists below; the sentences are the page's own.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from classdesk_desktop.messages import ProtocolError, as_json, read
from classdesk_desktop.protocol import (
    Control,
    DesktopState,
    Ended,
    Focus,
    FocusQuestion,
    Ping,
    Pong,
    SessionFacts,
    Visit,
    VisitReason,
)

DESKTOP: Final = frozenset(get_args(DesktopState)) - {"starting X"}
"""What a session says of its desktop; whatever else it says means that the desktop is starting."""

REASONS: Final = frozenset(get_args(VisitReason)) - {""}
"""Why an instructor does not see the desktop, or has no control."""

_FROM_SESSION: Final = (Visit, Ended, Pong, Focus)
_FROM_PAGE: Final = (Control, Ping, FocusQuestion)


def from_session(text: str | bytes, instructor: str) -> str | None:
    """Return what of a session's message an instructor's page gets; None where it is nothing.

    Args:
        text: The message.
        instructor: Their user name.
    """
    message = _message(text)
    if message.get("type") != SessionFacts.type:
        return _checked(message, _FROM_SESSION)
    try:
        return _state(read(SessionFacts, message), instructor)
    except ProtocolError:
        return None


def from_page(text: str | bytes) -> str | None:
    """Return what of a page's message the session gets; None where it is nothing."""
    return _checked(_message(text), _FROM_PAGE)


def _checked(message: Mapping[str, Any], shapes: Iterable[type[Any]]) -> str | None:
    """Return what is left of a message in one of the shapes."""
    try:
        return next((as_json(read(shape, message)) for shape in shapes if shape.type == message.get("type")), None)
    except ProtocolError:
        return None


def _state(facts: SessionFacts, instructor: str) -> str:
    return json.dumps(
        {
            "type": SessionFacts.type,
            "desktop": facts.state if facts.state in DESKTOP else "starting",
            "asking": instructor in facts.view_asked_by,
            "control": any(one.name == instructor and one.control for one in facts.watchers),
            "asks_for_control": facts.control_asked_by == instructor,
        }
    )


def _message(text: str | bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
