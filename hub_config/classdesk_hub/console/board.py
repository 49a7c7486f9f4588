"""From what the hub tells to the learners of a class, and from one moment to the next. Pure."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classdesk_hub.learner_facts import HubSessions, Learner, LearnerFacts, State, learners_as_json

from .voice import for_instructor


def facts_by_user(told: HubSessions) -> dict[str, LearnerFacts]:
    """Return what the hub tells of each user's default server."""
    return {one.user: one.learner for one in told.sessions if not one.server}


def learner(name: str, full_name: str, facts: LearnerFacts) -> Learner:
    """Return one learner as the page has them."""
    said = {"sentence": for_instructor(facts.sentence), "reason": for_instructor(facts.reason)}
    return Learner(name=name, full_name=full_name, **{**vars(facts), **said})


def count(learners: Iterable[Learner]) -> dict[str, int]:
    """Return how many learners are in each state; `hand` are the raised ones, `away` those who have no page open."""
    learners = list(learners)
    states = Counter(one.state for one in learners)
    return {
        **{state: states[state] for state in State},
        "hand": sum(one.hand is not None for one in learners),
        "away": sum(one.is_live and one.pages == 0 for one in learners),
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

    def take(
        self, members: Mapping[str, str], facts: Mapping[str, LearnerFacts], notice: str
    ) -> Mapping[str, Any] | None:
        """Take the next moment; return what has changed, None where nothing has.

        Args:
            members: Full names by user name.
            facts: What the hub tells of sessions, by user name.
            notice: A sentence while the facts may be out of date.
        """
        now = {name: learner(name, full, facts.get(name, LearnerFacts())) for name, full in members.items()}
        changed = [one for name, one in now.items() if self.learners.get(name) != one]
        gone = sorted(set(self.learners) - set(now))
        if not changed and not gone and notice == self.notice:
            return None
        self.learners, self.notice = now, notice
        self.version += 1
        return {
            "version": self.version,
            "time": round(time.time(), 1),
            "learners": learners_as_json(changed),
            "gone": gone,
            "counts": count(now.values()),
            "notice": notice,
        }
