"""From what the hub tells to the learners of a class, and from one moment to the next. Pure."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classdesk_hub.in_hub.learner_state import LIVE, NOT_STARTED, STATES

from .voice import for_instructor

Learner = Mapping[str, Any]

_UNKNOWN: Learner = {
    "state": NOT_STARTED,
    "sentence": "",
    "reason": "",
    "place": None,
    "start_estimate": None,
    "phase": "",
    "node": "",
    "cores": None,
    "started": None,
    "end": None,
    "cpu": None,
    "memory_mib": None,
    "memory_limit_mib": None,
    "idle_s": None,
    "reported": None,
    "busy": False,
    "hand": None,
    "watchers": [],
    "desktop": "",
    "starts": 0,
    "pages": None,
    "safe": False,
    "job_id": "",
}


def facts_by_user(sessions: Mapping[str, Any]) -> dict[str, Learner]:
    """Return what the hub tells of each user's default server."""
    return {
        entry["user"]: entry["learner"]
        for part in ("sessions", "without_job")
        for entry in sessions[part]
        if not entry["server"]
    }


def learner(name: str, full_name: str, facts: Learner | None) -> Learner:
    """Return one learner as the page has them."""
    known = {**_UNKNOWN, **(facts or {})}
    return {
        "name": name,
        "full_name": full_name,
        **known,
        "sentence": for_instructor(known["sentence"]),
        "reason": for_instructor(known["reason"]),
    }


def count(learners: Iterable[Learner]) -> dict[str, int]:
    """Return how many learners are in each state; `hand` are the raised ones, `away` those who have no page open."""
    learners = list(learners)
    states = Counter(one["state"] for one in learners)
    return {
        **{state: states[state] for state in STATES},
        "hand": sum(one["hand"] is not None for one in learners),
        "away": sum(one["state"] in LIVE and one["pages"] == 0 for one in learners),
    }


@dataclass
class Board:
    """The learners of a class at one moment.

    Attributes:
        learners: By user name.
        version: Grows with each change.
        notice: A sentence while what is shown may be out of date.
    """

    learners: dict[str, Learner] = field(default_factory=dict)
    version: int = 0
    notice: str = ""

    def take(self, members: Mapping[str, str], facts: Mapping[str, Learner], notice: str) -> Mapping[str, Any] | None:
        """Take the next moment; return what has changed, None where nothing has.

        Args:
            members: Full names by user name.
            facts: What the hub tells of sessions, by user name.
            notice: A sentence while the facts may be out of date.
        """
        now = {name: learner(name, full, facts.get(name)) for name, full in members.items()}
        changed = [one for name, one in now.items() if self.learners.get(name) != one]
        gone = sorted(set(self.learners) - set(now))
        if not changed and not gone and notice == self.notice:
            return None
        self.learners, self.notice = now, notice
        self.version += 1
        return {
            "version": self.version,
            "time": round(time.time(), 1),
            "learners": changed,
            "gone": gone,
            "counts": count(now.values()),
            "notice": notice,
        }
