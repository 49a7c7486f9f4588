"""What hub, console, commands and page know of a learner's session: one model, made by the hub, sent as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import TypeAdapter, computed_field

from classdesk_spawner import Hand


class State(StrEnum):
    """The words for a learner's state, as the console shows them."""

    NOT_STARTED = "not started"
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    FROZEN = "frozen"
    IDLE = "idle"
    FAILED = "failed"
    STOPPING = "stopping"


LIVE = frozenset({State.RUNNING, State.FROZEN, State.IDLE})
"""The states of a session that answers the hub, whatever its desktop does."""

WITHOUT_SESSION = frozenset({State.NOT_STARTED, State.FAILED})
"""The states of a learner who has no session."""

ActName = Literal[
    "start",
    "stop",
    "restart",
    "reset-desktop",
    "reset-lesson",
    "extend",
    "message",
    "take-hand",
    "lower-hand",
]
"""What an instructor can do for a learner."""

_TO_END = LIVE | {State.QUEUED, State.STARTING}

ACT_STATES: Final[Mapping[ActName, frozenset[State]]] = {
    "start": WITHOUT_SESSION,
    "stop": _TO_END,
    "restart": _TO_END,
    "reset-desktop": LIVE,
    "reset-lesson": LIVE,
    "extend": LIVE,
    "message": LIVE,
    "take-hand": LIVE,
    "lower-hand": LIVE,
}
"""The states in which each act makes sense; those of a hand only where one is raised. See `Learner.can`."""

PAINTED = "painted"
"""The word of a session whose desktop is complete."""


@dataclass(frozen=True, kw_only=True)
class LearnerFacts:
    """One learner's session. Numbers are None where they are not known; moments are in Unix seconds.

    Attributes:
        state: The state in a word.
        sentence: What there is to say of it, for the learner; empty: nothing.
        reason: Why Slurm lets it wait.
        place: Its place in the queue among the hub's sessions, from 1.
        start_estimate: When Slurm expects to start it.
        phase: What a starting session does.
        node: The compute node; empty while there is none.
        cores: Cores of the session.
        memory_limit_mib: Memory of the session, in MiB.
        started: When its job started.
        end: When Slurm ends it.
        job_id: Slurm's number of the job; empty while there is none.
        cpu: Cores that are busy.
        memory_mib: Memory in use, in MiB.
        idle_s: Seconds since the last input in the desktop.
        reported: When the session told of itself last.
        busy: Whether a computation of the learner runs.
        hand: The raised hand.
        watchers: Who looks at the desktop.
        desktop: State of the desktop in a word.
        starts: How many desktops the session has had.
        pages: How many pages the learner has open.
        safe: Whether the desktop runs with safe settings.
        version: classdesk's in the session's image; empty where it is not known.
    """

    state: State = State.NOT_STARTED
    sentence: str = ""
    reason: str = ""
    place: int | None = None
    start_estimate: float | None = None
    phase: str = ""
    node: str = ""
    cores: int | None = None
    memory_limit_mib: int | None = None
    started: float | None = None
    end: float | None = None
    job_id: str = ""
    cpu: float | None = None
    memory_mib: float | None = None
    idle_s: float | None = None
    reported: float | None = None
    busy: bool = False
    hand: Hand | None = None
    watchers: tuple[str, ...] = ()
    desktop: str = ""
    starts: int = 0
    pages: int | None = None
    safe: bool = False
    version: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the session answers the hub."""
        return self.state in LIVE

    @property
    def end_clock(self) -> str:
        """The end as this machine's clock shows it; empty where there is none."""
        return f"{datetime.fromtimestamp(self.end).astimezone():%H:%M}" if self.end else ""


@dataclass(frozen=True, kw_only=True)
class Learner(LearnerFacts):
    """A learner of a class, as instructors have them.

    Attributes:
        name: The user name.
        full_name: The full name; empty where the roster has none.
    """

    name: str
    full_name: str = ""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation has it
    @property
    def can(self) -> tuple[ActName, ...]:
        """The acts that make sense for the learner now, sorted; a hand that has its helper needs no other."""
        pointless: set[ActName] = set()
        if self.hand is None:
            pointless = {"take-hand", "lower-hand"}
        elif self.hand.helper:
            pointless = {"take-hand"}
        return tuple(sorted(act for act, states in ACT_STATES.items() if self.state in states and act not in pointless))


@dataclass(frozen=True)
class HubSession:
    """What the hub tells of one server of a user.

    Attributes:
        user: The user name.
        server: The server's name; empty for the default one.
        learner: The facts.
    """

    user: str
    server: str
    learner: LearnerFacts


@dataclass(frozen=True)
class StartFigures:
    """The starts since the hub started.

    Attributes:
        buckets: Cumulated numbers of successful starts by upper bound in seconds, as text.
        sum_s: Seconds of all successful starts together.
        failures: Numbers of failed starts by cause.
    """

    buckets: tuple[tuple[str, float], ...] = ()
    sum_s: float = 0.0
    failures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class HubSessions:
    """What the hub tells of all sessions.

    Attributes:
        age_s: Age of what is known of Slurm's queue, in seconds; None before the first look at it.
        stale: Whether Slurm does not answer.
        sessions: Of all who have a session, or of whose last one there is something to tell; by name.
        figures: The starts since the hub started.
    """

    age_s: float | None
    stale: bool
    sessions: tuple[HubSession, ...]
    figures: StartFigures = field(default_factory=StartFigures)


HUB_SESSIONS = TypeAdapter(HubSessions)
"""Writes and reads the hub's answer. What a reader does not know it leaves out; what is missing has a default."""

LEARNERS = TypeAdapter(tuple[Learner, ...])
"""Writes and reads the learners of a class."""


def learners_as_json(learners: Iterable[Learner]) -> list[dict[str, object]]:
    """Return learners as JSON values."""
    found: list[dict[str, object]] = LEARNERS.dump_python(tuple(learners), mode="json")
    return found
