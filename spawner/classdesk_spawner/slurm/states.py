"""Slurm's job states, and what each means for a session.

Source: the section "JOB STATE CODES" of squeue(1), Slurm 24.11.
"""

from enum import Enum


class Phase(Enum):
    """What a job's state means for its session."""

    WAITING = "waiting"
    """The job will run, but does not now."""
    RUNNING = "running"
    """The job has its cores and runs."""
    HELD_UP = "held up"
    """The job exists and may run again; its server cannot answer now."""
    ENDING = "ending"
    """The job is being cleaned away; its server is gone or about to go."""
    ENDED = "ended"
    """The job is over."""


STATES: dict[str, Phase] = {
    "PENDING": Phase.WAITING,
    "CONFIGURING": Phase.WAITING,
    "REQUEUED": Phase.WAITING,
    "REQUEUE_FED": Phase.WAITING,
    "REQUEUE_HOLD": Phase.WAITING,
    "SPECIAL_EXIT": Phase.WAITING,
    "RESV_DEL_HOLD": Phase.WAITING,
    "RUNNING": Phase.RUNNING,
    "SIGNALING": Phase.RUNNING,
    "RESIZING": Phase.RUNNING,
    "SUSPENDED": Phase.HELD_UP,
    "STOPPED": Phase.HELD_UP,
    "COMPLETING": Phase.ENDING,
    "STAGE_OUT": Phase.ENDING,
    "COMPLETED": Phase.ENDED,
    "CANCELLED": Phase.ENDED,
    "FAILED": Phase.ENDED,
    "TIMEOUT": Phase.ENDED,
    "DEADLINE": Phase.ENDED,
    "OUT_OF_MEMORY": Phase.ENDED,
    "NODE_FAIL": Phase.ENDED,
    "BOOT_FAIL": Phase.ENDED,
    "LAUNCH_FAILED": Phase.ENDED,
    "RECONFIG_FAIL": Phase.ENDED,
    "PREEMPTED": Phase.ENDED,
    "REVOKED": Phase.ENDED,
}

END_SENTENCES: dict[str, str] = {
    "COMPLETED": "The session's program ended on its own.",
    "CANCELLED": "The session was cancelled.",
    "FAILED": "The session's program failed.",
    "TIMEOUT": "The session reached its time limit.",
    "DEADLINE": "The session reached its time limit.",
    "OUT_OF_MEMORY": "The session used more memory than it had.",
    "NODE_FAIL": "The compute node that ran the session failed.",
    "BOOT_FAIL": "The session's compute node did not start.",
    "LAUNCH_FAILED": "The compute node could not start the session.",
    "RECONFIG_FAIL": "The compute node could not start the session.",
    "PREEMPTED": "The session was stopped to make room for a more important job.",
    "REVOKED": "The session was moved to another cluster.",
}


_STOPPED_BY = "{} stopped your session."


def stopped_by(who: str) -> str:
    """Return the sentence about a session that somebody else than its learner stopped through the hub."""
    return _STOPPED_BY.format(who)


def ended_as_wanted(sentence: str) -> bool:
    """Tell whether a sentence of how a session ended tells of no failure: of a log-out, or of a stop by the hub.

    One that was cancelled was so behind the hub's back, and its learner sits before a page that is gone, as at the end
    of its time.
    """
    return sentence == END_SENTENCES["COMPLETED"] or sentence.endswith(_STOPPED_BY.format(""))


def phase_of(state: str) -> Phase:
    """Return what a state means for its session.

    A state that this table lacks is held to be a living job: losing a session is worse than
    looking at it once more.
    """
    return STATES.get(state, Phase.HELD_UP)


def end_sentence(state: str) -> str:
    """Return one sentence about how a job ended."""
    return END_SENTENCES.get(state, f"The session's job ended (Slurm says: {state}).")
