"""What the site allows in a session: read once from CLASSDESK_POLICY, which the hub makes of the site file.

A policy that cannot be read must not cost a learner the session: what is missing, unknown or of the wrong type is
logged and has its default.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

Observe = Literal["ask", "notify", "off"]
Logout = Literal["ask", "new", "end"]

VARIABLE: Final = "CLASSDESK_POLICY"
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "observe": get_args(Observe),
    "logout": get_args(Logout),
}

log = logging.getLogger("classdesk-session")


@dataclass(frozen=True, slots=True)
class Policy:
    """The site's rules for a session, the keys of the section `[desktop]` of the site file.

    Attributes:
        clipboard_in: text may be pasted into the desktop.
        clipboard_out: text may be copied out of the desktop.
        upload: files may be dropped on the page.
        download: files may be fetched from the page.
        extend_minutes: minutes that one press of *Extend* adds; 0 offers no *Extend*.
        observe: whether an instructor's look at the desktop needs the learner's consent, is only told, or is refused.
        thumbnails: the console may show small pictures of the desktop.
        idle_cpu: a running computation counts as activity.
        logout: what a log-out from MATE does: ask, start a new desktop, end the session.
        locale: the desktop's locale; empty means the browser's.
        keyboard: the desktop's keyboard layout, as setxkbmap takes it; empty leaves the VNC server's own.
    """

    clipboard_in: bool = True
    clipboard_out: bool = True
    upload: bool = True
    download: bool = True
    extend_minutes: int = 0
    observe: Observe = "ask"
    thumbnails: bool = False
    idle_cpu: bool = True
    logout: Logout = "ask"
    locale: str = ""
    keyboard: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Policy:
        """Read the policy from a session's environment."""
        text = environ.get(VARIABLE, "")
        if not text:
            return cls()
        try:
            record = json.loads(text)
        except ValueError as error:
            log.warning("%s is no JSON (%s); the defaults hold.", VARIABLE, error)
            return cls()
        if not isinstance(record, dict):
            log.warning("%s is no JSON object; the defaults hold.", VARIABLE)
            return cls()
        return cls(**_usable(cls(), record))

    def as_dict(self) -> dict[str, bool | int | str]:
        """The policy as JSON takes it, for the page."""
        return asdict(self)


def _usable(defaults: Policy, record: Mapping[str, object]) -> dict[str, Any]:
    known = {field.name: getattr(defaults, field.name) for field in fields(Policy)}
    usable: dict[str, Any] = {}
    for name, value in record.items():
        if name not in known:
            log.warning("%s has a key that this image does not know: %s.", VARIABLE, name)
        elif _fits(name, value, known[name]):
            usable[name] = value
        else:
            log.warning("%s: %s cannot be %r; the default holds.", VARIABLE, name, value)
    return usable


def _fits(name: str, value: object, default: object) -> bool:
    # By the exact type: True is an int, too.
    if type(value) is not type(default):
        return False
    if name in _WORDS:
        return value in _WORDS[name]
    return not isinstance(value, int) or value >= 0
