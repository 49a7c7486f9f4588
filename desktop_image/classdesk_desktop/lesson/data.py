"""A lesson's data: in the pack, or made by one of its scripts; what has another checksum is not given to anybody."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from classdesk_desktop.lesson.model import Lesson, LessonError
from classdesk_desktop.lesson.run import Python, find_program, run_in

__all__ = ["data_of"]

_MAKE_SECONDS = 120.0


def data_of(lesson: Lesson, name: str) -> bytes:
    """Read or make a file of data.

    Raises:
        LessonError: It cannot be read or made, or it is not what the lesson says.
    """
    data = lesson.data[name]
    content = _made(lesson, name) if data.made_by else _shipped(lesson, name)
    found = hashlib.sha256(content).hexdigest()
    if found != data.sha256:
        source = data.made_by or "the lesson's folder"
        raise LessonError(
            f"{name} from {source} has the checksum {found}; the lesson {lesson.name} expects {data.sha256}. "
            "Please tell your instructor."
        )
    return content


def _shipped(lesson: Lesson, name: str) -> bytes:
    try:
        return lesson.master(name).read_bytes()
    except OSError as error:
        raise LessonError(f"{name} cannot be read ({error.strerror}). Please tell your instructor.") from error


def _made(lesson: Lesson, name: str) -> bytes:
    script = lesson.data[name].made_by
    program = find_program(lesson.needs.packages, os.environ)
    python = Python(program, threads=1, startup=0.0, environ=os.environ)
    with tempfile.TemporaryDirectory(prefix="lesson-", ignore_cleanup_errors=True) as scratch:
        run = run_in(Path(scratch), python, lesson.master(script), _MAKE_SECONDS)
        if run.status == 0 and name in run.produced:
            return Path(scratch, name).read_bytes()
    lines = run.errors.strip().splitlines() or [f"it wrote no {name}"]
    said = lines[-1] if run.status is not None else f"it was still running after {_MAKE_SECONDS:.0f} s"
    raise LessonError(f"{script}, which makes {name}, does not work: {said}.")
