"""What a waiting learner reads: state, reason, place in the queue, estimate. Pure functions."""

import math
import re
import time
from dataclasses import dataclass
from typing import Any

from classdesk_spawner.moments import by_words, moment_text
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.states import Phase

_LATE_S = 60.0
"""What takes longer is told of: nobody waits for minutes without knowing why."""
_FREE_CORES = "waiting for free cores"
_ON_HOLD = "it was put on hold; tell your instructor"

REASONS: tuple[tuple[str, str], ...] = (
    (r"Resources", _FREE_CORES),
    (r"Priority", f"{_FREE_CORES}; others are ahead of you"),
    (
        r"Node(Down|NotAvail)|ReqNodeNotAvail|Nodes required for job are DOWN",
        "the machines it needs are not available at the moment",
    ),
    (r"Reserv", "waiting for the class's reservation to start"),
    (r"BeginTime", "waiting until it is allowed to start"),
    (r"(Assoc|QOS).*Wall", "your account allows less time; cancel and choose fewer hours"),
    (r"(Assoc|QOS).*Minutes", "your account's computing time is used up; tell your instructor"),
    (
        r"(Assoc|QOS).*(Cpu|CPU|Core)",
        "your account has reached its limit of cores; end another session or job",
    ),
    (r"(Assoc|QOS).*Mem", "your account has reached its limit of memory; end another session or job"),
    (
        r"(Assoc|QOS).*(Job|Submit)",
        "your account has reached its limit of running jobs; end another session or job",
    ),
    (r"(Assoc|QOS)", "your account has reached its limit; tell your instructor"),
    (
        r"PartitionTimeLimit",
        "more time was asked for than the partition allows; cancel and choose fewer hours",
    ),
    (
        r"PartitionNodeLimit|PartitionConfig|BadConstraints",
        "no machine in the cluster has what was asked for; cancel and choose less",
    ),
    (r"not in group permitted", "you may not use this partition; cancel and choose another, or tell your instructor"),
    (r"Partition(Down|Inactive)", "the partition is closed at the moment"),
    (r"JobHeld", _ON_HOLD),
    (r"Licenses", "waiting for a free licence"),
    (r"Dependency", "waiting for another job to end"),
    (r"launch_failed_requeued|NodeFail", "the machine failed; it will be restarted"),
    (r"Prolog", "the machine is being prepared"),
)
"""Slurm's reasons for waiting, in plain words. Source: squeue(1), "JOB REASON CODES"."""


def reason_text(reason: str) -> str:
    """Return Slurm's reason in plain words; the words of Slurm itself for one that is not in the table."""
    if reason in {"", "None", "(null)"}:
        return "waiting for its turn"
    for pattern, text in REASONS:
        if re.search(pattern, reason):
            return text
    return f"waiting (Slurm says: {reason})"


@dataclass(frozen=True)
class StartState:
    """How far the start of a session is.

    Attributes:
        job: The session's job as it was seen last.
        ahead: How many sessions wait that were submitted before this one.
        reservation_start: When the reservation begins that was chosen, in Unix seconds; None: none was.
        submitted: Whether Slurm has taken the job.
        called_home: Whether the session's supervisor has reported its port; the job may be seen later to run.
        waited_s: Seconds since *Start* was pressed.
        unseen: Why Slurm does not tell what it does at the moment, in a sentence; empty while it does.
    """

    job: Job | None
    ahead: int
    reservation_start: int | None
    submitted: bool
    called_home: bool
    waited_s: float
    unseen: str


def progress_event(state: StartState) -> dict[str, Any]:
    """Return an event for JupyterHub's progress stream."""
    job, waited_s = state.job, state.waited_s
    percent: float
    heading = "Your session is starting"
    if not state.submitted:
        percent, text = 3, "Asking the cluster for your session…"
        if waited_s > _LATE_S:
            text = (
                f"The cluster's scheduler has not answered for {_span(waited_s)}: it is busy, or it does not answer. "
                "Nothing is lost; the hub keeps asking."
            )
    elif job is not None and job.phase is Phase.HELD_UP:
        percent, text = 45, "The cluster has suspended your session; it will continue on its own."
        heading = "Your session is suspended"
    elif state.called_home:
        percent = round(75 + 20 * waited_s / (waited_s + 20), 1)
        text = "The image is open; the session's server and desktop are starting…"
        if (took := _running_s(job)) > _LATE_S:
            text = f"The session's server and desktop are starting slowly: {_span(took)} so far{_slow_machine(job)}"
    elif job is not None and job.gets_machine:
        percent = 46
        text = f"The machine {job.node or 'for your session'} is being started. That can take some minutes."
    elif job is None or job.phase is Phase.WAITING:
        # It never stands still, not in an hour either, and never reaches what comes next.
        percent = round(5 + 40 * waited_s / (waited_s + 90), 1)
        waits = _queue_text(job, state)
        is_held = job is not None and reason_text(job.reason) == _ON_HOLD
        heading = "Your session is on hold" if is_held else "Your session is in the queue"
        text = "Your session is on hold. Tell your instructor." if is_held else f"In the queue: {waits}."
    else:
        percent = round(50 + 20 * waited_s / (waited_s + 20), 1)
        text = f"The machine {job.node or 'for your session'} is yours; the image is being opened…"
        if (took := _running_s(job)) > _LATE_S:
            text = f"The image opens slowly: {_span(took)} so far{_slow_machine(job, ', or it cannot reach the hub')}"
    if state.unseen:
        text += f" ({state.unseen})"
    return {
        "progress": percent,
        "heading": heading,
        "message": text,
        "moments": by_words(state.reservation_start, job.start if job else None),
        "elapsed_s": int(waited_s),
    }


def _running_s(job: Job | None) -> float:
    return time.time() - job.start if job is not None and job.start else 0.0


def _slow_machine(job: Job | None, or_else: str = "") -> str:
    where = f"the machine {job.node}" if job is not None and job.node else "its machine"
    return (
        f", where seconds are usual. The disk or network of {where} may be busy{or_else}. If it stays like "
        "this, cancel and start again; if that does not help, tell your instructor."
    )


def _span(seconds: float) -> str:
    return f"{int(seconds // 60)} min"


def _queue_text(job: Job | None, state: StartState) -> str:
    if job is None:
        late = f", but has not shown it for {_span(state.waited_s)}"
        return f"Slurm has accepted your session{late if state.waited_s > _LATE_S else ''}"
    parts = [reason_text(job.reason)]
    if "Reserv" in job.reason and (state.reservation_start or 0) > time.time():
        parts = [f"the reservation starts at {moment_text(state.reservation_start or 0)}"]
    elif state.ahead:
        ahead = f"{state.ahead} session{'s' if state.ahead > 1 else ''} ahead of yours"
        cores = parts[0].startswith(_FREE_CORES)
        parts = [f"{_FREE_CORES}: {ahead}"] if cores else [*parts, ahead]
    if job.start and (minutes := math.ceil((job.start - time.time()) / 60)) > 0:
        parts.append(f"it is expected to start at {moment_text(job.start)}, in about {minutes} min")
    return "; ".join(parts)
