"""`lesson test`: whether a pack's solutions are right, its wrong answers are told, and its commands run."""

from __future__ import annotations

import functools
import http.server
import io
import os
import shlex
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from classdesk_desktop.lesson.check import Checker, Outcome
from classdesk_desktop.lesson.data import data_of
from classdesk_desktop.lesson.files import copies_folder
from classdesk_desktop.lesson.model import DESCRIPTION, Exercise, Lesson, LessonError
from classdesk_desktop.lesson.needs import lacks
from classdesk_desktop.lesson.run import find_python, run_command
from classdesk_desktop.lesson.steps import Block
from classdesk_desktop.protocol import Variable

__all__ = ["prove"]

_CORES: Final = (1, 2, 4)
_COMMANDS_SECONDS: Final = 900.0
_WINDOW_SECONDS: Final = 5

# Each block runs in one and the same shell, as a learner's terminal. The file `at` tells which one.
_RUN_BLOCK: Final = "echo {line} >{at}\nset -e\n{text}\nset +e\n"
_RUN_FAILING: Final = (
    "echo {line} >{at}\nif (set -e; {text}\n); then echo 'It should fail, and does not.' >&2; exit 1; fi\n"
)
_RUN_WINDOW: Final = """echo {line} >{at}
if [ -n "${{DISPLAY:-}}" ]; then
  timeout {seconds} bash -c {quoted}
  case $? in 0 | 124) ;; *) exit 1 ;; esac
else
  command -v {program} >/dev/null || {{ echo {program} is missing >&2; exit 1; }}
fi
"""


def prove(lesson: Lesson) -> bool:
    """Test a pack, and print what comes of each part; whether all is well."""
    _say(f"{lesson.name}: {lesson.title}")
    faults = [*_facts(lesson), *_solutions(lesson), *_wrong_answers(lesson), *_commands(lesson)]
    if not faults:
        _say("All is well.")
        return True
    _say(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}:")
    for fault in faults:
        _say(f"  {fault}")
    return False


def _facts(lesson: Lesson) -> Iterator[str]:
    """What can be seen without running a learner's script."""
    yield from lacks(lesson, os.environ)
    if lesson.needs.packages:
        try:
            find_python(lesson.needs.packages, os.environ)
        except LessonError as error:
            yield str(error)
    for name in lesson.data:
        try:
            data_of(lesson, name)
            _say(f"  the data {name} has its checksum")
        except LessonError as error:
            yield str(error)
    wrong = {name for exercise in lesson.exercises for name in exercise.wrong}
    named = {DESCRIPTION, lesson.steps, *lesson.files, *lesson.data, *(d.made_by for d in lesson.data.values())}
    for file in sorted(lesson.folder.rglob("*")):
        path = file.relative_to(lesson.folder)
        inside = {str(path), *map(str, path.parents)}
        if file.is_file() and not inside & (named | wrong) and "__pycache__" not in path.parts:
            yield f"{path} is in the folder, and {DESCRIPTION} does not name it."
    for exercise in lesson.exercises:
        if exercise.begin and not lesson.solution(exercise).is_file():
            yield f"{exercise.name} has no solution: solutions/{exercise.script} is missing."


def _solutions(lesson: Lesson) -> Iterator[str]:
    there = sorted(os.sched_getaffinity(0))
    for cores in _CORES:
        if cores > len(there):
            _say(f"  with {cores} cores: not tried, as there are {len(there)} here")
            continue
        with _cores(there[:cores]), _learner(lesson) as (home, copies):
            _put(lesson, copies, solutions=True)
            said = io.StringIO()
            checker = Checker(lesson, home, said)
            for exercise in lesson.exercises:
                if not (copies / exercise.script).is_file():
                    continue
                outcome, text = _checked(checker, said, exercise, copies)
                count = f"{cores} {'core' if cores == 1 else 'cores'}"
                _say(f"  {exercise.name}, with {count}: {outcome}")
                if outcome is not Outcome.RIGHT:
                    yield f"The solution of {exercise.name} is not right with {count}: {text}"


def _wrong_answers(lesson: Lesson) -> Iterator[str]:
    for exercise in lesson.exercises:
        for name, words in exercise.wrong.items():
            with _learner(lesson) as (home, copies):
                _put(lesson, copies, solutions=False)
                answer = lesson.master(name)
                if answer.is_dir():
                    shutil.copytree(answer, copies, dirs_exist_ok=True)
                else:
                    shutil.copyfile(answer, copies / exercise.script)
                said = io.StringIO()
                outcome, text = _checked(Checker(lesson, home, said), said, exercise, copies)
            # An answer may be right once the check has left out what is in its way; what it was is told.
            is_told = words.casefold() in text.casefold()
            _say(f"  {name}: {'recognised' if is_told else 'not recognised'}")
            if outcome is Outcome.RIGHT and not is_told:
                yield f"{name} is a wrong answer to {exercise.name}, and the check says that it is right."
            elif not is_told:
                yield f"{name}: the check does not say {words!r}, but: {text}"


def _checked(checker: Checker, said: io.StringIO, exercise: Exercise, copies: Path) -> tuple[Outcome, str]:
    said.seek(0)
    said.truncate()
    outcome = checker.check(exercise, copies / exercise.script, is_master=True)
    _heading, *lines = said.getvalue().splitlines()
    return outcome, " ".join(line.strip() for line in lines).strip()


def _commands(lesson: Lesson) -> Iterator[str]:
    blocks = [block for step in lesson.text.steps for block in step.blocks]
    if not blocks:
        return
    with _learner(lesson) as (home, copies), _served(lesson) as url:
        _put(lesson, copies, solutions=True)
        at = home / ".at"
        script = home / ".commands"
        script.write_text("".join(_for_shell(block, at) for block in blocks), encoding="utf-8")
        directories = ":".join([str(lesson.folder.parent), os.environ.get(Variable.LESSONS, "")])
        environ = {**os.environ, "HOME": str(home), Variable.LESSONS_URL: url, Variable.LESSONS: directories}
        run = run_command(["/bin/bash", "-l", str(script)], environ, copies, _COMMANDS_SECONDS)
        line = at.read_text().strip() if at.exists() else "1"
    if run.status == 0:
        _say(f"  the commands of {len(blocks)} blocks run")
        return
    last = [line for line in (run.output + run.errors).splitlines() if line.strip()][-3:]
    ended = "did not end" if run.status is None else f"ended with status {run.status}"
    yield f"{lesson.steps}, line {line}: the commands {ended}: {' / '.join(last)}"


def _for_shell(block: Block, at: Path) -> str:
    kind = _RUN_BLOCK
    if "fails" in block.flags:
        kind = _RUN_FAILING
    elif "window" in block.flags:
        kind = _RUN_WINDOW
    return kind.format(
        line=block.line,
        at=shlex.quote(str(at)),
        text=block.text,
        quoted=shlex.quote(block.text),
        program=shlex.quote(block.text.split()[0]) if block.text.split() else "true",
        seconds=_WINDOW_SECONDS,
    )


@contextmanager
def _cores(cores: list[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _learner(lesson: Lesson) -> Iterator[tuple[Path, Path]]:
    """A home, and the folder of the lesson's copies in it."""
    with tempfile.TemporaryDirectory(prefix="lesson-home-", ignore_cleanup_errors=True) as home:
        copies = copies_folder(Path(home)) / lesson.name
        copies.mkdir(parents=True)
        yield Path(home), copies


def _put(lesson: Lesson, copies: Path, *, solutions: bool) -> None:
    """Put the lesson's files there, and the solutions under the names of what they solve."""
    for name in lesson.working_files:
        (copies / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lesson.master(name), copies / name)
    for name in lesson.data:
        (copies / name).write_bytes(data_of(lesson, name))
    if solutions:
        for name in lesson.solutions:
            place = copies / Path(name).relative_to(Path(name).parts[0])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)  # a copy of a read-only master is read-only
            shutil.copy(lesson.master(name), place)


@contextmanager
def _served(lesson: Lesson) -> Iterator[str]:
    """The address at which the lesson's files are served, as the hub does it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

    with tempfile.TemporaryDirectory(prefix="lesson-") as root:
        Path(root, lesson.name).symlink_to(lesson.folder.resolve())
        serve = functools.partial(Quiet, directory=root)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)
