"""What a session lacks for a lesson."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping

from classdesk_desktop.lesson.model import Lesson
from classdesk_desktop.protocol import Variable

__all__ = ["lacks"]


def lacks(lesson: Lesson, environ: Mapping[str, str]) -> Iterator[str]:
    """What is missing, each in a sentence with what to do; packages are looked at when a script is checked."""
    needs = lesson.needs
    cores = len(os.sched_getaffinity(0))
    if cores < needs.cores:
        yield f"This lesson needs {needs.cores} cores; your session has {cores}. Start a session with {needs.cores}."
    memory_mib = environ.get(Variable.MEMORY, "")
    if memory_mib.isdecimal() and int(memory_mib) < needs.memory_gib * 1024:
        has = int(memory_mib) / 1024
        yield f"This lesson needs {needs.memory_gib:g} GiB of memory; your session has {has:.2g} GiB."
    for name in needs.commands:
        if shutil.which(name, path=environ.get("PATH")) is None:
            yield f"This lesson needs the program {name}, which is not on the PATH. Please tell your instructor."
