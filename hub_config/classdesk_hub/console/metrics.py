"""The console's figures in Prometheus's format. Names of people are in none of them."""

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from classdesk_hub.learner_facts import StartFigures, State

from .view import View

_RESETS = {"reset-desktop": "desktop", "reset-lesson": "lesson", "restart": "session"}


@dataclass
class Metrics:
    """Counts acts, and tells what the view shows.

    Args:
        view: The view of the sessions.
    """

    view: View
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self._acts = Counter(
            "classdesk_acts",
            "Acts of instructors, one for each learner",
            ["act", "result"],
            registry=self.registry,
        )
        self._resets = Counter("classdesk_resets", "Resets that were done", ["kind"], registry=self.registry)
        for kind in _RESETS.values():
            self._resets.labels(kind)
        self._messages = Counter("classdesk_messages", "Messages that learners have got", registry=self.registry)
        self.registry.register(_Sessions(self.view))

    def count(self, act: str, done: bool) -> None:
        """Count a result."""
        self._acts.labels(act, "done" if done else "failed").inc()
        if done and act in _RESETS:
            self._resets.labels(_RESETS[act]).inc()
        if done and act == "message":
            self._messages.inc()

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self.registry)


@dataclass(eq=False)
class _Sessions:
    """Turns what the hub told last into figures."""

    view: View

    def describe(self) -> list[Any]:
        """Say nothing of the figures beforehand: the registry need not ask the view for them."""
        return []

    def collect(self) -> Iterator[Any]:
        """Yield the figures."""
        facts = self.view.facts.values()
        states = Tally(one.state for one in facts)
        sessions = GaugeMetricFamily("classdesk_sessions", "Sessions by state", labels=["state"])
        for state in State:
            if state is not State.NOT_STARTED:
                sessions.add_metric([state], states[state])
        yield sessions
        hands = sum(one.hand is not None for one in facts)
        yield GaugeMetricFamily("classdesk_raised_hands", "Hands that are up", value=hands)
        yield from _starts(self.view.figures)


def _starts(figures: StartFigures) -> Iterator[Any]:
    seconds = HistogramMetricFamily(
        "classdesk_start_seconds",
        "Seconds from Start to a session that answers, since the hub started",
    )
    if figures.buckets:
        seconds.add_metric([], figures.buckets, figures.sum_s)
    yield seconds
    failures = CounterMetricFamily(
        "classdesk_start_failures", "Starts that failed, since the hub started", labels=["cause"]
    )
    for cause, number in figures.failures.items():
        failures.add_metric([cause], number)
    yield failures
