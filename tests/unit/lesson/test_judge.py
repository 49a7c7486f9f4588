"""The verdict follows from value and time; the cause is a help, and never decides."""

from __future__ import annotations

import pytest

from classdesk_desktop.lesson import hints
from classdesk_desktop.lesson.judge import judge
from classdesk_desktop.lesson.model import Exercise, Seconds
from classdesk_desktop.lesson.run import Python, Run

LOOP = Exercise(
    name="loop",
    title="Challenge 1",
    script="loop.py",
    prints=("total is 44",),
    seconds=Seconds(at_least=1.0, in_turn=8.0, at_most={2: 6.5, 4: 4.5}),
    hints={"total is 36": "inc is not called"},
)
LAZY = Exercise(
    name="lazy",
    title="Step 3",
    script="lazy.py",
    prints=("",),
    seconds=Seconds(at_most={1: 0.9}),
    hints={"slow": "Put a # there."},
)
PICTURE = Exercise(name="draw", title="Step 5", script="draw.py", produces=("mydask.png",))

# What learners write in the loop, and what is printed and measured then (8 calls of 1 s, 2 cores).
HEAD = "from dask import delayed\nresults = []\nfor x in data:\n"
SOLUTION = HEAD + "  results.append(delayed(inc)(x))\nprint(delayed(sum)(results).compute())"
DELAYED_CALL = HEAD + "  results.append(delayed(inc(x)))\nprint(delayed(sum)(results).compute())"
COMPUTED_IN_LOOP = HEAD + "  results.append(delayed(inc)(x).compute())\nprint(sum(results))"
COMPUTED_IN_LIST = HEAD + "  results.append(delayed(inc)(x))\nprint(sum([r.compute() for r in results]))"
NOT_COMPUTED = HEAD + "  results.append(delayed(inc)(x))\nprint(delayed(sum)(results))"
VALUE_DROPPED = NOT_COMPUTED.replace("print", "t = ") + "\nt.compute()\nprint(t)"


def python(threads: int = 2, startup: float = 0.3) -> Python:
    return Python("/usr/bin/python", threads, startup, {})


def ended(output: str, seconds: float, *, produced: str = "") -> Run:
    return Run(output, "", seconds, 0, frozenset(produced.split()))


@pytest.mark.parametrize(("threads", "seconds"), [(2, 4.3), (2, 6.7), (4, 2.3), (8, 1.3), (3, 4.0)], ids=str)
def test_the_value_in_time_is_right(threads: int, seconds: float) -> None:
    verdict = judge(LOOP, ended("total is 44\n", seconds), python(threads), SOLUTION)
    assert verdict.passed
    assert verdict.told == (f"Your script printed 'total is 44' in {seconds:.1f} s on {threads} cores.")


def test_other_lines_may_be_printed_too() -> None:
    assert judge(LOOP, ended("begin\n total is 44 \nend\n", 4.3), python(), SOLUTION).passed


@pytest.mark.parametrize(
    ("source", "seconds", "cause"),
    [
        (DELAYED_CALL, 8.3, "Line 4: delayed(inc(x)) calls inc at once"),
        (COMPUTED_IN_LOOP, 8.3, "Line 4: compute() inside the loop waits"),
        (COMPUTED_IN_LIST, 8.3, "Line 5: compute() inside the loop waits"),
        ("print(sum(inc(x) for x in data))", 8.0, "does not use delayed"),
        (SOLUTION, 8.3, "Is every slow call delayed"),
        ("def broken(", 8.3, "does not use delayed"),
    ],
    ids=["delayed call", "in the loop", "in a list", "serial", "no idea", "not parsed"],
)
def test_the_value_one_after_the_other_is_not_enough(source: str, seconds: float, cause: str) -> None:
    verdict = judge(LOOP, ended("total is 44\n", seconds), python(), source)
    assert not verdict.passed
    assert not verdict.try_again
    assert f"in {seconds} s. On 2 cores it should take at most 6.5 s" in verdict.told
    assert cause in verdict.cause


def test_somewhat_too_slow_is_worth_a_second_run() -> None:
    verdict = judge(LOOP, ended("total is 44\n", 7.2), python(), SOLUTION)
    assert not verdict.passed
    assert verdict.try_again


def test_a_slow_start_of_python_is_not_the_scripts() -> None:
    assert judge(LOOP, ended("total is 44\n", 7.2), python(startup=2.5), SOLUTION).passed


def test_on_one_core_the_value_counts_and_the_time_is_explained() -> None:
    verdict = judge(LOOP, ended("total is 44\n", 8.4), python(threads=1), SOLUTION)
    assert verdict.passed
    assert "has 1 core" in verdict.cause
    assert "start a session with 2 cores" in verdict.cause


def test_too_quick_is_not_right() -> None:
    verdict = judge(LOOP, ended("total is 44\n", 0.1), python(), "print('total is 44')")
    assert not verdict.passed
    assert "at least 1.0 s" in verdict.told


@pytest.mark.parametrize(
    ("source", "seconds", "cause"),
    [
        (NOT_COMPUTED, 0.2, "nothing has called compute()"),
        (VALUE_DROPPED, 4.3, "print what compute() gives"),
    ],
    ids=["no compute", "value dropped"],
)
def test_a_delayed_object_is_explained(source: str, seconds: float, cause: str) -> None:
    verdict = judge(LOOP, ended("total is Delayed('sum-0a1b')\n", seconds), python(), source)
    assert not verdict.passed
    assert "printed \"total is Delayed('sum-0a1b')\"" in verdict.told
    assert "expected: 'total is 44'" in verdict.told
    assert cause in verdict.cause


def test_a_known_wrong_value_has_its_own_hint() -> None:
    assert judge(LOOP, ended("total is 36\n", 4.3), python(), "").cause == "inc is not called"


def test_no_output_is_explained() -> None:
    verdict = judge(LOOP, ended("\n", 0.1), python(), "")
    assert "printed nothing after 0.1 s" in verdict.told
    assert "call main() at its end" in verdict.cause


def test_no_output_can_be_the_answer() -> None:
    assert judge(LAZY, ended("", 0.4), python(threads=1), "").passed
    assert not judge(LAZY, ended("z is 5\n", 0.4), python(), "").passed
    assert judge(LAZY, ended("", 2.4), python(), "").cause == "Put a # there."


def test_a_file_that_must_be_written() -> None:
    right = judge(PICTURE, ended("", 0.4, produced="mydask.png x"), python(), "")
    assert right.passed
    assert right.cause == "To look at mydask.png, run your script: python draw.py"
    verdict = judge(PICTURE, ended("", 0.4, produced="other.png"), python(), "")
    assert "did not write mydask.png" in verdict.told


def test_a_long_line_is_shortened() -> None:
    assert len(judge(LOOP, ended("x" * 5000, 0.1), python(), "").told) < 200


def test_a_script_that_does_not_end_is_told() -> None:
    verdict = judge(LOOP, Run("", "", 32.04, None), python(), "")
    assert verdict.told == "Your script was still running after 32 s and was stopped."
    assert "a loop that never ends" in verdict.cause
    errors = "RuntimeError: An attempt has been made … before its bootstrapping phase"
    assert "if __name__" in judge(LOOP, Run("", errors, 32.04, None), python(), "").cause


def test_a_process_that_was_ended_behind_a_guard_is_not_laid_on_the_guard() -> None:
    guarded = 'if __name__ == "__main__":\n  main()\n'
    assert "memory" in hints.of_error("BrokenProcessPool: A process", guarded)
    assert "if __name__" in hints.of_error("freeze_support() … BrokenProcessPool: A", guarded)


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        ("ModuleNotFoundError: No module named 'dask'", "module load python"),
        ("TabError: inconsistent use of tabs and spaces", "two spaces for each level"),
        ("IndentationError: unexpected indent", "too many or too few spaces"),
        ("RuntimeError: Nanny failed to start.", "if __name__"),
        ("concurrent.futures.process.BrokenProcessPool: A process", "if __name__"),
        ("SyntaxError: '(' was never closed", "missing bracket"),
        ("AttributeError: 'int' object has no attribute 'compute'", "never delayed"),
        ("TypeError: Truth of Delayed objects is not supported", "Do not delay the test"),
        ("graphviz.backend.execute.ExecutableNotFound: failed", "dot"),
        ("NameError: name 'dlayed' is not defined", "spelling"),
        ("ValueError: something else", ""),
    ],
)
def test_an_error_is_told_with_its_cause(last: str, cause: str) -> None:
    errors = f"Traceback (most recent call last):\n  File …\n{last}\n"
    verdict = judge(LOOP, Run("", errors, 0.2, 1), python(), "")
    assert verdict.told == f"Your script stopped with an error after 0.2 s: {last}"
    assert cause in verdict.cause
    assert bool(verdict.cause) is bool(cause)


def test_a_silent_death_is_told() -> None:
    assert "it ended with status -9" in judge(LOOP, Run("", "", 0.2, -9), python(), "").told


def test_an_uneven_line_is_named_with_both_widths() -> None:
    source = "for i in range(3):\n    x = i\n   y = i\n"
    error = 'File "loop.py", line 3\nIndentationError: unindent does not match any outer level'
    assert hints.of_error(error, source).startswith("Line 3 begins with 3 spaces, line 2 above it with 4 spaces.")
    tab = hints.of_error("line 2\nTabError: inconsistent", "if 1:\n\tx = 1\n")
    assert tab.startswith("Line 2 begins with 1 tab, line 1 above it with no space.")
