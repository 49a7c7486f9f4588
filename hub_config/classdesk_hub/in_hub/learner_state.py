"""What an instructor reads of one learner's session: a state in a word, and the facts behind it."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from classdesk_hub.learner_facts import LearnerFacts, State
from classdesk_spawner import DesktopSpawner, Phase, SessionError, ended_as_wanted, reason_text

_NEWS_S = 12 * 3600
"""How long a failure is news: next week's class begins with an empty board."""


def is_news(ended: float) -> bool:
    """Tell whether the end of a session, at a moment in Unix seconds, is still to be told of."""
    return time.time() - ended < _NEWS_S


def places(queue: Mapping[str, Any]) -> dict[str, int]:
    """Return the place of each waiting job among the hub's sessions, from 1."""
    waiting = sorted(int(job.id) for job in queue.values() if job.phase is Phase.WAITING and job.id.isdigit())
    return {str(job_id): place for place, job_id in enumerate(waiting, 1)}


def learner_state(spawner: DesktopSpawner, place_of: Mapping[str, int], idle_after_s: float) -> LearnerFacts:
    """Return the facts of a session.

    Args:
        spawner: The learner's spawner, with or without a session.
        place_of: Places in the queue by job id.
        idle_after_s: Seconds without input after which a session counts as idle.
    """
    facts = _reported(spawner)
    job = spawner.job
    if job is None and not spawner.pending:
        return _without_session(spawner, facts)
    seen = job.seen if job else None
    if job is not None:
        facts = replace(facts, cores=spawner.cores, memory_limit_mib=spawner.memory_mib, job_id=job.job_id)
    if job is not None and seen is not None:
        started = None if seen.phase is Phase.WAITING else seen.start
        facts = replace(facts, node=seen.node, end=job.end[0], started=started)
    if spawner.pending == "stop" or (seen is not None and seen.phase is Phase.ENDING):
        return replace(facts, state=State.STOPPING, sentence="The session is being stopped.")
    if spawner.ready:
        return _running(spawner, facts, idle_after_s)
    return _starting(spawner, facts, place_of)


def _without_session(spawner: DesktopSpawner, facts: LearnerFacts) -> LearnerFacts:
    if spawner.ended and not is_news(spawner.ended):
        return facts
    failure = spawner.start_failure
    if failure is not None:
        return replace(facts, state=State.FAILED, sentence=_why_not_started(failure, spawner.ending))
    wanted = not spawner.ending or ended_as_wanted(spawner.ending)
    return replace(facts, state=State.NOT_STARTED if wanted else State.FAILED, sentence=spawner.ending)


def _why_not_started(failure: BaseException, ending: str) -> str:
    if isinstance(failure, SessionError):
        return str(failure.message)
    if ending:  # JupyterHub waits a minute for an answer of a job that has ended meanwhile
        return ending
    if isinstance(failure, TimeoutError):
        return "The session did not start in time."
    return "The session could not be started; the hub's log says why."


def _running(spawner: DesktopSpawner, facts: LearnerFacts, idle_after_s: float) -> LearnerFacts:
    job = spawner.job.seen if spawner.job else None
    if job is not None and job.phase is Phase.HELD_UP:
        return replace(facts, state=State.RUNNING, sentence="The cluster has suspended the session.")
    if facts.desktop == State.FROZEN:
        return replace(facts, state=State.FROZEN, sentence="The desktop does not answer.")
    counts = spawner.settings.desktop.idle_cpu and facts.busy
    idle = facts.idle_s is not None and facts.idle_s >= idle_after_s and not counts
    return replace(facts, state=State.IDLE if idle else State.RUNNING)


def _starting(spawner: DesktopSpawner, facts: LearnerFacts, place_of: Mapping[str, int]) -> LearnerFacts:
    facts = replace(facts, sentence=str(spawner.progress_event()["message"]))
    job = spawner.job.seen if spawner.job else None
    submitted = bool(spawner.job and spawner.job.job_id)
    if submitted and (job is None or (job.phase is Phase.WAITING and not job.gets_machine)):
        return replace(
            facts,
            state=State.QUEUED,
            reason=reason_text(job.reason) if job else "Slurm has accepted the session",
            place=place_of.get(job.id) if job else None,
            start_estimate=job.start if job else None,
        )
    if not submitted:
        phase = "asking the cluster"
    elif job is not None and job.phase is Phase.HELD_UP:
        phase = "suspended"
    elif job is not None and job.gets_machine:
        phase = "starting the machine"
    elif spawner.job and spawner.job.port:
        phase = "starting the desktop"
    else:
        phase = "opening the image"
    return replace(facts, state=State.STARTING, phase=phase)


def _reported(spawner: DesktopSpawner) -> LearnerFacts:
    """Return what the session itself has told."""
    received = spawner.report
    if received is None:
        return LearnerFacts()
    report = received.report
    return LearnerFacts(
        cpu=received.cpu,
        memory_mib=report.memory_mib,
        idle_s=report.idle_s,
        reported=round(received.received),
        hand=report.hand,
        busy=report.busy,
        watchers=report.watchers,
        desktop=report.desktop,
        starts=report.starts,
        pages=report.pages,
        safe=report.safe,
        version=report.version,
    )
