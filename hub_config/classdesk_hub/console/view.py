"""The console's view of the sessions: one question a second to the hub, for all who look, and only while they do."""

import asyncio
import contextlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from classdesk_hub.learner_facts import HUB_SESSIONS, LearnerFacts, StartFigures, learners_as_json

from .board import Board, count, facts_by_user
from .hub_client import CallError, HubClient

_TICK_S = 1.0
_ROSTER_TICK_S = 10.0
_LATE_S = 5.0
_LONGEST_QUEUE = 50
_QUIET_S = 5.0
"""Seconds without news after which a stream says that it is still there: a page that hears nothing for twelve
takes it for lost. The proxy does not tell it when this process is killed."""

_log = logging.getLogger("classdesk.console")


@dataclass(eq=False)
class Viewer:
    """Somebody who looks at a class: the events that are still to be sent to them.

    Attributes:
        events: Name and JSON text of each. One who does not read loses them, and begins anew.
        lost: Whether some were lost.
    """

    events: "asyncio.Queue[tuple[str, str]]" = field(default_factory=lambda: asyncio.Queue(_LONGEST_QUEUE))
    lost: bool = False

    def put(self, name: str, text: str) -> None:
        """Hand over an event."""
        try:
            self.events.put_nowait((name, text))
        except asyncio.QueueFull:
            self.lost = True


@dataclass
class View:
    """What the console knows of all classes.

    Args:
        hub: The hub.
        token: The console's own token, which may only read.
        tick_s: Seconds between two questions.
    """

    hub: HubClient
    token: str
    tick_s: float = _TICK_S
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: dict[str, LearnerFacts] = field(default_factory=dict)
    figures: StartFigures = field(default_factory=StartFigures)
    _boards: defaultdict[str, Board] = field(default_factory=lambda: defaultdict(Board))
    _viewers: defaultdict[str, set[Viewer]] = field(default_factory=lambda: defaultdict(set))
    _needed: int = 0
    _task: "asyncio.Task[None] | None" = None
    _asked: float = float("-inf")
    _answered: float = float("-inf")
    _asked_members: float = float("-inf")
    _scheduler_stale: bool = False
    _ticked: asyncio.Event = field(default_factory=asyncio.Event)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def board(self, name: str) -> Board:
        """Return a class as it was seen last."""
        return self._boards[name]

    def snapshot(self, name: str) -> dict[str, Any]:
        """Return a class as it was seen last, as JSON values."""
        board = self.board(name)
        return {
            "version": board.version,
            "time": round(time.time(), 1),
            "learners": learners_as_json(board.learners.values()),
            "counts": count(board.learners.values()),
            "notice": board.notice,
        }

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Keep asking the hub as long as the block runs."""
        self._needed += 1
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._keep_asking())
        try:
            yield
        finally:
            self._needed -= 1

    async def next_tick(self) -> None:
        """Wait for the next answer, or failure, of the hub; to be used in `watched`."""
        await self._ticked.wait()

    async def fresh(self, *, members: bool = False) -> None:
        """Make sure that what is known is at most a second or two old.

        Args:
            members: Whether the rosters must be read anew, too.
        """
        async with self._asking:
            if members:
                self._asked_members = float("-inf")
            if members or time.monotonic() - self._asked > 2 * self.tick_s:
                await self._ask()

    def tell(self, name: str, event: str, data: Mapping[str, Any]) -> None:
        """Send an event to all who look at a class."""
        text = json.dumps(data, separators=(",", ":"))
        for viewer in self._viewers[name]:
            viewer.put(event, text)

    async def stream(
        self, name: str, first: Callable[[str], Mapping[str, Any]]
    ) -> AsyncGenerator[tuple[str, str] | None, None]:
        """Yield the events of a class, beginning with a snapshot; None now and then, to keep the line open.

        Args:
            name: The class.
            first: Returns the snapshot.
        """
        viewer = Viewer()
        with self.watched():
            self._viewers[name].add(viewer)
            try:
                await self.fresh()
                yield "snapshot", json.dumps(first(name), separators=(",", ":"))
                while True:
                    if viewer.lost:
                        viewer.lost, viewer.events = False, asyncio.Queue(_LONGEST_QUEUE)
                        yield "snapshot", json.dumps(first(name), separators=(",", ":"))
                    event = None
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_QUIET_S):
                            event = await viewer.events.get()
                    yield event
            finally:
                self._viewers[name].discard(viewer)

    async def _keep_asking(self) -> None:
        while self._needed:
            began = time.monotonic()
            async with self._asking:
                if began - self._asked >= self.tick_s / 2:
                    await self._ask()
            await asyncio.sleep(max(0.05, self.tick_s - (time.monotonic() - began)))

    async def _ask(self) -> None:
        self._asked = time.monotonic()
        try:
            if self._asked - self._asked_members > _ROSTER_TICK_S:
                answer = await self.hub.hub("GET", "/classdesk/classes", self.token)
                self.members, self._asked_members = answer["classes"], self._asked
            told = await self.hub.hub("GET", "/classdesk/sessions?fresh=1", self.token)
            sessions = HUB_SESSIONS.validate_python(told)
        except CallError as error:
            _log.warning("No news of the sessions: %s", error)
        else:
            self._answered = time.monotonic()
            self._scheduler_stale = sessions.stale
            self.facts = facts_by_user(sessions)
            self.figures = sessions.figures
        self._publish()
        self._ticked.set()
        self._ticked = asyncio.Event()

    def _publish(self) -> None:
        notice = self._notice()
        for name, members in self.members.items():
            changed = self._boards[name].take(members, self.facts, notice)
            if changed is not None and self._viewers[name]:
                self.tell(name, "change", changed)

    def _notice(self) -> str:
        if time.monotonic() - self._answered > _LATE_S:
            return "The hub does not answer at the moment. What you see may be out of date; sessions go on."
        if self._scheduler_stale:
            return "The cluster's scheduler does not answer at the moment. What you see may be out of date."
        return ""
