"""What a running session tells of itself every few seconds: idle time, load, a raised hand, who watches.

Activity is measured here, in the desktop. JupyterHub's own measures are bytes through the proxy, which a
desktop's clock sends all day.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from classdesk_desktop.protocol import VisitAct

_LONGEST_BODY = 16_384
_RESOLUTION_S = 60.0
"""Activity is stored at most this often: three hundred sessions must not keep the database busy."""

_Seconds = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
_Name = Annotated[str, Field(min_length=1, max_length=255)]


def _shown(text: str) -> str:
    """Return a learner's text without what does things to a terminal; an emoji's joiner does nothing."""
    return "".join(c if c.isprintable() or c in "\u200d\u00a0" else " " for c in text)


class _Told(BaseModel):
    # Images of other versions are the normal case after an upgrade: what is unknown is left out, and what is
    # missing has a default.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Hand(_Told):
    """A raised hand.

    Attributes:
        since: When it was raised, in Unix seconds.
        text: What the learner wrote to it.
        helper: The instructor who comes to help; empty while nobody has said so.
        helper_since: When they said so, in Unix seconds.
        look: Whether who helps may look at the desktop without asking.
    """

    since: _Seconds
    text: Annotated[str, AfterValidator(_shown)] = Field("", max_length=200)
    helper: str = Field("", max_length=255)
    helper_since: _Seconds | None = None
    look: bool = False


class Event(_Told):
    """What an instructor did in the session.

    Attributes:
        number: Each one's own in this session, growing.
        time: When, in Unix seconds, by the session's clock.
        who: The hub's account.
        act: What they wanted.
        result: What became of it, in a word or two.
    """

    number: int = Field(ge=1, le=1_000_000_000)
    time: _Seconds
    who: _Name
    act: VisitAct
    result: str = Field(pattern=r"^[a-z][a-z ]{0,31}$")


class SessionReport(_Told):
    """What a session says of itself.

    Attributes:
        idle_s: Seconds since the last input in the desktop; None where it has none.
        busy: Whether a computation of the learner runs.
        cpu_s: Processor time that the session has used so far, in seconds.
        memory_mib: Memory that the session uses now, in MiB.
        desktop: State of the desktop in a word, such as `painted`; `frozen` where it does not answer.
        starts: How many desktops the session has had.
        pages: How many pages the learner has open; None where the session does not tell.
        safe: Whether the desktop runs with safe settings.
        hand: The learner's raised hand.
        watchers: Who looks at the desktop now.
        events: What instructors did last.
        version: classdesk's in the image; empty where it does not tell.
        protocol: The session's `PROTOCOL`; 0 where it does not tell.
        ending: Why it ends in order, in a word; empty while it goes on.
    """

    idle_s: _Seconds | None = None
    busy: bool = False
    cpu_s: _Seconds = 0.0
    memory_mib: _Seconds = 0.0
    desktop: str = Field("", pattern=r"^[a-z][a-z -]{0,31}$|^$")
    starts: int = Field(0, ge=0, le=1_000_000_000)
    pages: int | None = Field(None, ge=0, le=10_000)
    safe: bool = False
    hand: Hand | None = None
    watchers: tuple[_Name, ...] = Field((), max_length=64)
    events: tuple[Event, ...] = Field((), max_length=64)
    version: str = Field("", pattern=r"^[0-9A-Za-z.+-]{0,40}$")
    protocol: int = Field(0, ge=0, le=1_000_000)
    ending: str = Field("", pattern=r"^[a-z][a-z -]{0,31}$|^$")


def read_report(body: bytes) -> SessionReport:
    """Return the report in a request's body.

    Raises:
        ValueError: It is anything else, with a text that names the field.
    """
    if len(body) > _LONGEST_BODY:
        raise ValueError("The report is too long.")
    try:
        return SessionReport.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in problem["loc"]) or "the report"
        raise ValueError(f"{field}: {problem['msg']}.") from None


@dataclass(frozen=True)
class ReceivedReport:
    """A report and what the hub makes of it.

    Attributes:
        report: What the session said.
        received: When, in Unix seconds.
        cpu: Cores that the session has kept busy since its report before; None for the first one.
    """

    report: SessionReport
    received: float
    cpu: float | None

    def active_at(self, *, idle_cpu: bool) -> float | None:
        """Return when the learner was last active, in Unix seconds; None where the session cannot tell.

        Args:
            idle_cpu: Whether a running computation counts as activity.
        """
        if idle_cpu and self.report.busy:
            return self.received
        if self.report.idle_s is None:
            return None
        return self.received - self.report.idle_s


def receive(report: SessionReport, before: ReceivedReport | None, now: float | None = None) -> ReceivedReport:
    """Return a report with the load since the one before, and with a hand that is no older than it can be."""
    received = time.time() if now is None else now
    cpu = None
    if before is not None and received > before.received:
        used = report.cpu_s - before.report.cpu_s
        # A session that was started anew counts from 0 again.
        cpu = round(used / (received - before.received), 2) if used >= 0 else None
    if report.hand is not None:
        since = min(max(report.hand.since, _earliest_hand(before)), received)
        hand = report.hand.model_copy(update={"since": since})
        report = report.model_copy(update={"hand": hand})
    return ReceivedReport(report, received, cpu)


def _earliest_hand(before: ReceivedReport | None) -> float:
    """Return since when a hand can be up: a learner whose session says an earlier time would be helped first."""
    if before is None:
        return 0.0  # the hub may have been started anew, and must believe it
    return before.report.hand.since if before.report.hand else before.received


def note_activity(orm_spawner: Any, moment: float) -> bool:
    """Store a server's last activity; False where the stored one is as good.

    Args:
        orm_spawner: JupyterHub's record of the server; its times are UTC without a zone.
        moment: The activity in Unix seconds.
    """
    active = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
    stored = orm_spawner.last_activity
    if stored is not None and (active - stored).total_seconds() < _RESOLUTION_S:
        return False
    orm_spawner.last_activity = active
    return True
