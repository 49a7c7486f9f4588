"""What others did in the session, for the record of the class: numbered, so that none is written down twice."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Final

from classdesk_desktop.people.memory import Memory
from classdesk_desktop.protocol import VisitAct, VisitEvent

MOST_EVENTS: Final = 32
"""A report tells so many; they come every 20 s, and at once where something is new."""

Event = dict[str, object]


class Record:
    """The newest events, the oldest first; the number of an event is never used again in this session."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.events: list[Event] = memory.get("events") or []

    def note(self, who: str, act: VisitAct, result: str) -> None:
        """Add an event.

        Args:
            who: the visitor whom it is about.
            act: what they wanted.
            result: what became of it, in a word or two, such as `refused`.
        """
        last = self.events[-1]["number"] if self.events else 0
        event = VisitEvent(int(str(last)) + 1, round(time.time(), 1), who, act, result)
        self.events = [*self.events, asdict(event)][-MOST_EVENTS:]
        self._memory.set("events", self.events)
