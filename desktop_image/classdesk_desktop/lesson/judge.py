"""Whether a run's value and time are right. Pure: facts in, a verdict in plain words out.

The shape of a task graph is never looked at: any way to the right value in the right time is right.
"""

from __future__ import annotations

from dataclasses import dataclass

from classdesk_desktop.lesson import hints
from classdesk_desktop.lesson.model import Exercise
from classdesk_desktop.lesson.run import Python, Run

__all__ = ["Verdict", "judge"]

# Timers and sleeps may differ by this much.
_SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell the learner.

    Attributes:
        passed: Value and time are right.
        told: What was printed, how long it took, and what was expected.
        cause: What is probably the cause, or a remark; may be empty.
        stopped: The script could not run to its end.
        try_again: It was somewhat too slow, which a busy machine explains as well: worth a second run.
    """

    passed: bool
    told: str
    cause: str = ""
    stopped: bool = False
    try_again: bool = False


def judge(exercise: Exercise, run: Run, python: Python, source: str) -> Verdict:
    """Compare a run with what the exercise expects.

    Args:
        exercise: What is expected.
        run: What happened.
        python: What ran it: the number of cores, and the time to start that is not the script's.
        source: The script's text, for the probable cause.
    """
    took = f"{run.seconds:.1f} s"
    if run.status is None:
        return Verdict(
            passed=False,
            told=f"Your script was still running after {run.seconds:.0f} s and was stopped.",
            cause=exercise.hint("error", run.errors)
            or exercise.hint("code", source)
            or hints.of_error(run.errors, source)
            or "Is there a loop that never ends, or a wait for something that never comes?",
        )
    if run.status != 0:
        lines = [line.strip() for line in run.errors.strip().splitlines()]
        last = _short(lines[-1]) if lines else f"it ended with status {run.status}"
        return Verdict(
            passed=False,
            told=f"Your script stopped with an error after {took}: {last}",
            cause=exercise.hint("error", run.errors) or hints.of_error(run.errors, source),
            stopped=True,
        )
    printed = _answer(exercise, run)
    if printed is None:
        return _wrong_value(exercise, run, source)
    missing = [name for name in exercise.produces if name not in run.produced]
    if missing:
        return Verdict(
            passed=False,
            told=f"Your script ended after {took}, and did not write {' and '.join(missing)}.",
            cause=exercise.hint("code", source) or "Does it call visualize() on the delayed result?",
        )
    return _judge_time(exercise, run, python, source, printed)


def _answer(exercise: Exercise, run: Run) -> str | None:
    """The part of the output that is an accepted answer, in words; None if there is none."""
    lines = [line.strip() for line in run.output.splitlines()]
    if not exercise.prints:
        return "ended"
    for answer in exercise.prints:
        if answer and answer in lines:
            return f"printed {answer!r}"
        if not answer and not any(lines):
            return "printed nothing (as it should)"
    return None


def _wrong_value(exercise: Exercise, run: Run, source: str) -> Verdict:
    lines = [line.strip() for line in run.output.splitlines() if line.strip()]
    printed = repr(_short(lines[-1])) if lines else "nothing"
    expected = " or ".join(repr(answer) if answer else "nothing" for answer in exercise.prints)
    hint = next((exercise.hints[line] for line in lines if line in exercise.hints), "")
    return Verdict(
        passed=False,
        told=f"Your script printed {printed} after {run.seconds:.1f} s; expected: {expected}.",
        cause=hint or exercise.hint("code", source) or hints.of_output(run.output, source),
    )


def _judge_time(exercise: Exercise, run: Run, python: Python, source: str, printed: str) -> Verdict:
    seconds = exercise.seconds
    cores = "1 core" if python.threads == 1 else f"{python.threads} cores"
    facts = f"{printed} in {run.seconds:.1f} s"
    if seconds.at_least is not None and run.seconds < seconds.at_least - _SLACK:
        return Verdict(
            passed=False,
            told=f"Your script {facts}; the work itself takes at least {seconds.at_least:.1f} s.",
            cause=exercise.hint("code", source) or exercise.hints.get("fast", "Has a sleep or a call been removed?"),
        )
    limit = seconds.limit(python.threads)
    if limit is None:
        remark = _picture(exercise)
        if seconds.at_most:
            remark = (
                f"The value is right. Your session has {cores}, too few to show a gain in time: start a "
                f"session with {min(seconds.at_most)} cores to see it."
            )
        return Verdict(passed=True, told=f"Your script {facts}.", cause=remark)
    # A right answer must not fail because Python took long to start: that time is not the script's.
    work = max(0.0, run.seconds - python.startup)
    if work <= limit:
        return Verdict(passed=True, told=f"Your script {facts} on {cores}.", cause=_picture(exercise))
    compared = f", where one after the other takes {seconds.in_turn:.0f} s" if seconds.in_turn else ""
    return Verdict(
        passed=False,
        told=f"Your script {facts}. On {cores} it should take at most {limit:.1f} s{compared}.",
        cause=exercise.hint("code", source) or exercise.hints.get("slow") or hints.of_slowness(source),
        try_again=seconds.in_turn is None or work < 0.95 * seconds.in_turn,
    )


def _picture(exercise: Exercise) -> str:
    """A check leaves no files: what a script writes is seen when the learner runs it."""
    names = " and ".join(exercise.produces)
    return f"To look at {names}, run your script: python {exercise.script}" if names else ""


def _short(line: str, most: int = 100) -> str:
    return line if len(line) <= most else line[: most - 1] + "…"
