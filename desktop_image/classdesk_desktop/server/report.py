"""Tells the hub, every few seconds, what goes on in the session, and learns from it when the session ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from classdesk_desktop.messages import ProtocolError, as_json, read, read_text
from classdesk_desktop.protocol import FROZEN, PROTOCOL, HubPath, Policy, RaisedHand, Report, ReportAnswer, VisitEvent
from classdesk_desktop.server.idle import (
    ComputingWatch,
    computing_seconds,
    input_idle_seconds,
    session_processes,
)
from classdesk_desktop.session.memory import SessionMemory
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.session.usage import read_processes
from classdesk_desktop.version import VERSION

REPORT_SECONDS: Final = 20.0
# A change is told at once, but not each of many.
_SHORTEST_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 10.0
# Slurm's end and the job's own reckoning differ by the moment of the start.
_SAME_END_SECONDS: Final = 5.0

log = logging.getLogger(__name__)

Record = dict[str, Any]


class State(Protocol):
    """What the channel knows of the session: see `channel.SessionState`."""

    def snapshot(self) -> Record:
        """All facts as they are now."""

    def update(self, **facts: object) -> None:
        """Set some of the facts."""

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call a function after each change."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured of the session.

    Attributes:
        idle_s: seconds since somebody last did something.
        busy: whether the learner's programs compute.
        cpu_s: processor time of all the session's processes.
        memory_mib: their memory.
    """

    idle_s: float
    busy: bool
    cpu_s: float
    memory_mib: float


@dataclass(slots=True)
class Meter:
    """Measures the session.

    Attributes:
        served_at: tells when terminals and notebooks were last used, in Unix seconds; 0 for never.
        kernel_is_busy: tells whether a notebook computes.
        active_at: when somebody last did something, in Unix seconds, as far as is known; at first the session's start.
    """

    runtime: RuntimeDirectory
    memory: SessionMemory
    served_at: Callable[[], float]
    kernel_is_busy: Callable[[], bool]
    active_at: float = field(default_factory=time.time)
    _watch: ComputingWatch = field(default_factory=ComputingWatch)

    def measure(self) -> Measure:
        """Measure now; blocks for some milliseconds."""
        processes = read_processes()
        session, servers = session_processes(processes)
        computing = computing_seconds(processes, session, servers)
        now, idle = time.time(), input_idle_seconds(self.runtime)
        # Without a desktop, after a log-out for example, what was known of it holds.
        self.active_at = max(self.active_at, self.served_at(), now - idle if idle is not None else 0)
        return Measure(
            idle_s=round(max(now - self.active_at, 0.0), 1),
            busy=self._watch.is_busy(computing, time.monotonic()) or self.kernel_is_busy(),
            cpu_s=round(sum(processes[pid].cpu_seconds for pid in session if pid in processes), 1),
            memory_mib=round(self.memory.used_mib(session), 1),
        )


def report_of(measure: Measure, state: Mapping[str, Any], events: Sequence[Record] = ()) -> Report:
    """The report as the hub takes it."""
    return replace(_told_at_once(state, events), **asdict(measure), version=VERSION, protocol=PROTOCOL)


def last_activity(measure: Measure, policy: Policy, now: float) -> datetime:
    """When the session was last active, by the site's rule."""
    idle = 0.0 if measure.busy and policy.idle_cpu else measure.idle_s
    return datetime.fromtimestamp(now - idle, UTC)


def _told_at_once(state: Mapping[str, Any], events: Sequence[Record]) -> Report:
    """The part of the report whose change is told at once."""
    watchers = state.get("watchers") or ()
    return Report(
        desktop=FROZEN if state.get("frozen") else str(state.get("state", "")).lower(),
        starts=state.get("starts", 0),
        pages=state.get("pages"),
        events=tuple(read(VisitEvent, event) for event in events),
        safe=bool(state.get("safe")),
        hand=read(RaisedHand, hand) if (hand := state.get("hand")) else None,
        watchers=tuple(str(watcher["name"]) for watcher in watchers)[:64],
        ending=state.get("ending", ""),
    )


class Reporter:
    """Posts reports for as long as its task runs; a hub that is away misses some, and nothing else happens."""

    def __init__(
        self,
        state: State,
        measure: Callable[[], Measure],
        hub_api_url: str,
        token: str,
        events: Callable[[], Sequence[Record]] = tuple,
    ) -> None:
        self._state = state
        self._events = events
        self._measure = measure
        self._url = f"{hub_api_url.rstrip('/')}/{HubPath.REPORT}"
        self._headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        self._changed = asyncio.Event()
        self._told: Report | None = None
        self._hub_answers = True
        self.latest: Measure | None = None
        state.on_change(self._look)

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            self._changed.clear()
            try:
                self.latest = await asyncio.to_thread(self._measure)
                await self._post(self.latest)
            except Exception:  # one odd look must not end all reports: a silent session is culled
                log.exception("The session could not be measured or reported.")
            await asyncio.sleep(_SHORTEST_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS - _SHORTEST_SECONDS):
                    await self._changed.wait()

    async def report_once(self) -> None:
        """Report once more, for the hub's answer, or to say that the session ends."""
        if self.latest is not None:
            await self._post(self.latest)

    def _look(self) -> None:
        if _told_at_once(self._state.snapshot(), self._events()) != self._told:
            self._changed.set()

    async def _post(self, measure: Measure) -> None:
        state = self._state.snapshot()
        events = self._events()
        self._told = _told_at_once(state, events)
        request = HTTPRequest(
            self._url,
            method="POST",
            headers=self._headers,
            body=as_json(report_of(measure, state, events)),
            request_timeout=_ANSWER_SECONDS,
        )
        try:
            response = await AsyncHTTPClient().fetch(request)
            answer = read_text(ReportAnswer, response.body)
        except (HTTPClientError, OSError, ProtocolError) as error:
            if self._hub_answers:
                log.warning("The hub does not take the session's reports: %s", error)
            self._hub_answers = False
            return
        if not self._hub_answers:
            log.warning("The hub takes the session's reports again.")
        self._hub_answers = True
        self._take_end(state, answer.end, answer.reservation)

    def _take_end(self, state: Mapping[str, Any], end: float | None, reservation: str) -> None:
        if end is None:
            return
        known = state.get("end")
        moved = not isinstance(known, int | float) or abs(end - known) > _SAME_END_SECONDS
        if moved or reservation != state.get("reservation", ""):
            self._state.update(end=float(end), reservation=reservation)
