"""What an instructor reads of one learner's session: a state in a word, and the facts behind it."""

import time
from collections.abc import Mapping
from typing import Any

from classdesk_spawner import DesktopSpawner, Phase, SessionError, ended_as_wanted, reason_text

NOT_STARTED = "not started"
QUEUED = "queued"
STARTING = "starting"
RUNNING = "running"
FROZEN = "frozen"
IDLE = "idle"
FAILED = "failed"
STOPPING = "stopping"

STATES = (NOT_STARTED, QUEUED, STARTING, RUNNING, FROZEN, IDLE, FAILED, STOPPING)
"""The words for a learner's state, as the console shows them."""

LIVE = frozenset({RUNNING, FROZEN, IDLE})
"""The states of a session that answers the hub, whatever its desktop does."""

PAINTED = "painted"
"""The word of a session whose desktop is complete."""

_NEWS_S = 12 * 3600
"""How long a failure is news: next week's class begins with an empty board."""


def is_news(ended: float) -> bool:
    """Tell whether the end of a session, at a moment in Unix seconds, is still to be told of."""
    return time.time() - ended < _NEWS_S


def places(queue: Mapping[str, Any]) -> dict[str, int]:
    """Return the place of each waiting job among the hub's sessions, from 1."""
    waiting = sorted(int(job.id) for job in queue.values() if job.phase is Phase.WAITING and job.id.isdigit())
    return {str(job_id): place for place, job_id in enumerate(waiting, 1)}


def learner_state(spawner: DesktopSpawner, place_of: Mapping[str, int], idle_after_s: float) -> dict[str, Any]:
    """Return the facts of a session as JSON values; numbers are None where they are not known.

    Args:
        spawner: The learner's spawner, with or without a session.
        place_of: Places in the queue by job id.
        idle_after_s: Seconds without input after which a session counts as idle.
    """
    job = spawner.job.seen if spawner.job else None
    facts: dict[str, Any] = {
        "reason": "",
        "place": None,
        "start_estimate": None,
        "phase": "",
        "node": "",
        "cores": None,
        "memory_limit_mib": None,
        "started": None,
        "end": None,
        "job_id": "",
        **_report(spawner),
    }
    if spawner.job is None and not spawner.pending:
        return {**facts, **_without_session(spawner)}
    if job is not None:
        facts |= {"node": job.node, "end": spawner.job.end[0] if spawner.job else None}
        if job.phase is not Phase.WAITING:
            facts["started"] = job.start
    if spawner.job is not None:
        facts |= {
            "cores": spawner.cores,
            "memory_limit_mib": spawner.memory_mib,
            "job_id": spawner.job.job_id,
        }
    if spawner.pending == "stop" or (job is not None and job.phase is Phase.ENDING):
        return {**facts, "state": STOPPING, "sentence": "The session is being stopped."}
    if spawner.ready:
        return {**facts, **_running(spawner, job, idle_after_s)}
    return {**facts, **_starting(spawner, job, place_of)}


def _without_session(spawner: DesktopSpawner) -> dict[str, Any]:
    if spawner.ended and not is_news(spawner.ended):
        return {"state": NOT_STARTED, "sentence": ""}
    failure = spawner.start_failure
    if failure is not None:
        return {"state": FAILED, "sentence": _why_not_started(failure, spawner.ending)}
    if spawner.ending and not ended_as_wanted(spawner.ending):
        return {"state": FAILED, "sentence": spawner.ending}
    return {"state": NOT_STARTED, "sentence": spawner.ending}


def _why_not_started(failure: BaseException, ending: str) -> str:
    if isinstance(failure, SessionError):
        return str(failure.message)
    if ending:  # JupyterHub waits a minute for an answer of a job that has ended meanwhile
        return ending
    if isinstance(failure, TimeoutError):
        return "The session did not come up in time."
    return "The session could not be started; the hub's log says why."


def _running(spawner: DesktopSpawner, job: Any, idle_after_s: float) -> dict[str, Any]:
    if job is not None and job.phase is Phase.HELD_UP:
        return {"state": RUNNING, "sentence": "The cluster has suspended the session."}
    received = spawner.report
    if received is None:
        return {"state": RUNNING, "sentence": ""}
    if received.report.desktop == FROZEN:
        return {"state": FROZEN, "sentence": "The desktop does not answer."}
    counts = spawner.settings.desktop.idle_cpu and received.report.busy
    since = received.report.idle_s
    idle = since is not None and since >= idle_after_s and not counts
    return {"state": IDLE if idle else RUNNING, "sentence": ""}


def _starting(spawner: DesktopSpawner, job: Any, place_of: Mapping[str, int]) -> dict[str, Any]:
    sentence = str(spawner.progress_event()["message"])
    submitted = bool(spawner.job and spawner.job.job_id)
    if submitted and (job is None or job.phase is Phase.WAITING):
        return {
            "state": QUEUED,
            "sentence": sentence,
            "reason": reason_text(job.reason) if job else "Slurm has taken the session",
            "place": place_of.get(job.id) if job else None,
            "start_estimate": job.start if job else None,
        }
    if not submitted:
        phase = "asking the cluster"
    elif job is not None and job.phase is Phase.HELD_UP:
        phase = "suspended"
    elif spawner.job and spawner.job.port:
        phase = "starting the desktop"
    else:
        phase = "opening the image"
    return {"state": STARTING, "sentence": sentence, "phase": phase}


def _report(spawner: DesktopSpawner) -> dict[str, Any]:
    received = spawner.report
    if received is None:
        return {
            **dict.fromkeys(("cpu", "memory_mib", "idle_s", "reported", "hand", "pages")),
            "starts": 0,
            "busy": False,
            "watchers": [],
            "desktop": "",
            "safe": False,
        }
    report = received.report
    return {
        "cpu": received.cpu,
        "memory_mib": report.memory_mib,
        "idle_s": report.idle_s,
        "reported": round(received.received),
        "hand": report.hand.model_dump() if report.hand else None,
        "busy": report.busy,
        "watchers": list(report.watchers),
        "desktop": report.desktop,
        "starts": report.starts,
        "pages": report.pages,
        "safe": report.safe,
    }
