"""Checking a learner's scripts one after the other, telling what happens meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from classdesk_desktop.lesson.files import copy_of, shown
from classdesk_desktop.lesson.judge import Verdict, judge
from classdesk_desktop.lesson.leftovers import in_the_way, without_own
from classdesk_desktop.lesson.model import Exercise, Lesson, LessonError
from classdesk_desktop.lesson.run import (
    Python,
    Run,
    find_program,
    find_python,
    module_names,
    run_script,
)

__all__ = ["Checker", "Outcome", "check"]


class Outcome(StrEnum):
    """What a check says of one exercise; the word is what the learner reads."""

    RIGHT = "right"
    NOT_YET = "not yet"
    NOT_BEGUN = "not begun"


def check(
    lesson: Lesson,
    exercises: Sequence[Exercise],
    folders: Sequence[Path],
    home: Path,
    *,
    solutions: bool = False,
) -> dict[str, Outcome]:
    """Check exercises and print what comes of each.

    Args:
        lesson: The lesson.
        exercises: Those to check.
        folders: Where the learner's scripts may be; the first that has a script counts.
        home: The learner's home, to shorten paths.
        solutions: Check the lesson's own solutions instead, where it has some.

    Returns:
        The outcome of each exercise by name.
    """
    checker = Checker(lesson, home, sys.stdout)
    outcomes = {}
    for exercise in exercises:
        script = lesson.solution(exercise) if solutions else _script(exercise, folders)
        outcomes[exercise.name] = checker.check(exercise, script, is_master=solutions)
    return outcomes


def _script(exercise: Exercise, folders: Iterable[Path]) -> Path:
    """The first of this name, or where it belongs (in the last folder)."""
    last = Path(exercise.script)
    for folder in folders:
        last = folder / exercise.script
        if last.exists():
            break
    return last


class Checker:
    """Checks exercises of a lesson, and tells it to a stream."""

    def __init__(self, lesson: Lesson, home: Path, out: TextIO) -> None:
        self._lesson = lesson
        self._home = home
        self._out = out
        self._plain = without_own(os.environ, home)
        self._found: dict[tuple[tuple[str, ...], bool], Python | LessonError] = {}

    def check(self, exercise: Exercise, script: Path, *, is_master: bool) -> Outcome:
        """Check one; a master is never *not begun*."""
        self._say(f"{exercise.title}  ({exercise.name}: {shown(script, self._home)})")
        if not script.exists():
            return self._absent(exercise)
        if not script.is_file():
            return self._end(Outcome.NOT_YET, "This is not a file. Rename it, then write the script.")
        try:
            source = script.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            return self._end(Outcome.NOT_YET, f"The file cannot be read: {error.strerror}.")
        if exercise.begin and not is_master and self._is_untouched(exercise, script):
            return self._end(Outcome.NOT_BEGUN, exercise.begin)
        verdict = self._verdict(exercise, script, source)
        own = [] if verdict.passed else self._own(exercise, script)
        if own:
            without = self._verdict(exercise, script, source, plain=True)
            if without.passed or (verdict.stopped and not without.stopped):
                verdict = without
                own.insert(0, "The check left out something of yours that is in its way:")
            else:
                own.clear()
        outcome = Outcome.RIGHT if verdict.passed else Outcome.NOT_YET
        return self._end(outcome, verdict.told, verdict.cause, *own)

    def _verdict(self, exercise: Exercise, script: Path, source: str, *, plain: bool = False) -> Verdict:
        """What comes of the script; plain: where Python finds nothing of the learner's own."""
        try:
            python = self._python(exercise.needs, plain=plain)
            verdict = judge(exercise, self._run(python, exercise, script), python, source)
        except LessonError as error:
            return Verdict(passed=False, told=str(error), stopped=True)
        if verdict.try_again:
            self._say("  Slower than expected; perhaps the machine is busy. Once more …")
            second = judge(exercise, self._run(python, exercise, script), python, source)
            verdict = second if second.passed else verdict
        return verdict

    def _own(self, exercise: Exercise, script: Path) -> list[str]:
        try:
            python = Path(find_program(exercise.needs, os.environ))
            names = module_names(self._plain)
        except LessonError:
            return []
        return in_the_way(script, python, os.environ, self._home, names)

    def _absent(self, exercise: Exercise) -> Outcome:
        if exercise.begin and exercise.script not in self._lesson.files:
            return self._end(Outcome.NOT_BEGUN, exercise.begin)
        text = "There is no such file."
        if exercise.script in self._lesson.files:
            text += f" Type: lesson get {self._lesson.name}"
        return self._end(Outcome.NOT_BEGUN if exercise.begin else Outcome.NOT_YET, text)

    def _is_untouched(self, exercise: Exercise, script: Path) -> bool:
        if exercise.script not in self._lesson.files:
            return False
        return script.read_bytes() == self._lesson.master(exercise.script).read_bytes()

    def _python(self, needs: tuple[str, ...], *, plain: bool) -> Python:
        key = (needs, plain)
        if key not in self._found:
            try:
                self._found[key] = find_python(needs, self._plain if plain else os.environ)
            except LessonError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, LessonError):
            raise found
        return found

    def _run(self, python: Python, exercise: Exercise, script: Path) -> Run:
        live = self._out.isatty()
        uses = {name: self._used(name, script.parent) for name in exercise.uses}
        try:
            return run_script(
                python,
                script,
                exercise.seconds.give_up,
                self._tick if live else lambda _: None,
                uses=uses,
            )
        finally:
            if live:
                self._out.write("\r\x1b[K")

    def _used(self, name: str, folder: Path) -> Path:
        """A file that the script reads: the learner's own, or the lesson's."""
        copy = copy_of(self._lesson, name, self._home)
        for file in (folder / name, copy, self._lesson.master(name)):
            if file.is_file():
                return file
        raise LessonError(f"{name} is missing. Type: lesson get {self._lesson.name} {name}")

    def _tick(self, seconds: float) -> None:
        self._out.write(f"\r  running … {seconds:.1f} s")
        self._out.flush()

    def _end(self, outcome: Outcome, *texts: str) -> Outcome:
        first, *rest = (text for text in texts if text)
        self._say(f"  {outcome}: {first}")
        for text in rest:
            self._say(f"  {text}")
        self._say("")
        return outcome

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)
