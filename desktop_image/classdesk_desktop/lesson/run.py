"""Running a learner's script: with the Python that the learner has loaded, timed and bounded."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from classdesk_desktop.lesson.model import LessonError

__all__ = ["Python", "Run", "find_program", "find_python", "module_names", "run_command", "run_in", "run_script"]

# More than a learner reads; an endless print must not fill the memory of the node.
_MOST_OUTPUT = 64 * 1024
_PROBE_SECONDS = 120.0

# Imports what is needed and computes one task, as the scripts do: the first time warms the disk's
# cache, the second tells how long Python takes before a script's own work begins.
_PROBE = """
import importlib, json, os, sys
told = {"threads": len(os.sched_getaffinity(0)), "missing": []}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        told["missing"].append(name)
if "dask" in sys.argv[1:] and "dask" not in told["missing"]:
    import dask.system
    dask.delayed(int)(1).compute()
    told["threads"] = dask.system.CPU_COUNT
print(json.dumps(told))
"""
_NAMES = "import pkgutil, sys; print(*sys.stdlib_module_names, *(m.name for m in pkgutil.iter_modules()))"


@dataclass(frozen=True, slots=True)
class Python:
    """The Python that runs the learner's scripts.

    Attributes:
        program: Its path.
        threads: How many tasks run at the same time in it: the cores of the session.
        startup: Seconds from its start until the imports that the exercise needs are done.
        environ: The environment in which it runs.
    """

    program: str
    threads: int
    startup: float
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of running a script.

    Attributes:
        output: What it printed (the first 64 KiB).
        errors: What it wrote to the error stream (the first 64 KiB).
        seconds: How long it took, from start to end.
        status: Its exit status; None if it was stopped because it ran too long.
        produced: The names of the files that it left.
    """

    output: str
    errors: str
    seconds: float
    status: int | None
    produced: frozenset[str] = frozenset()


def find_program(needs: Iterable[str], environ: Mapping[str, str]) -> str:
    """The first `python` on the PATH.

    Raises:
        LessonError: There is none; says what to type.
    """
    path = environ.get("PATH", "")
    # Without packages to import any Python will do, as it does on the course's page.
    program = shutil.which("python", path=path)
    program = program or (None if tuple(needs) else shutil.which("python3", path=path))
    if program is None:
        raise LessonError("There is no python yet in this terminal. Type: module load python")
    return program


def find_python(needs: Iterable[str], environ: Mapping[str, str]) -> Python:
    """The first `python` on the PATH, if it has what is needed.

    Raises:
        LessonError: There is none, or it lacks a package; says what to type.
    """
    needs = tuple(needs)
    program = find_program(needs, environ)
    with tempfile.TemporaryDirectory(prefix="lesson-") as scratch:
        probe = [program, "-c", _PROBE, *needs]
        tries = [run_command(probe, environ, Path(scratch), _PROBE_SECONDS)]
        if needs and tries[0].status == 0:
            tries.append(run_command(probe, environ, Path(scratch), _PROBE_SECONDS))
    last = tries[-1]
    try:
        told = json.loads(last.output)
    except ValueError:
        lines = last.errors.strip().splitlines() or [f"it ended with status {last.status}"]
        text = f"{program} does not work: {lines[-1]}. Try: module load python"
        raise LessonError(text) from None
    if told["missing"]:
        raise LessonError(_missing(program, told["missing"], environ))
    return Python(program, told["threads"], last.seconds, environ)


def module_names(environ: Mapping[str, str]) -> frozenset[str]:
    """The names of all modules that the first `python` on the PATH can import.

    Raises:
        LessonError: There is no such program.
    """
    program = find_program((), environ)
    with tempfile.TemporaryDirectory(prefix="lesson-") as scratch:
        listed = run_command([program, "-c", _NAMES], environ, Path(scratch), _PROBE_SECONDS)
    return frozenset(listed.output.split())


def _missing(program: str, packages: list[str], environ: Mapping[str, str]) -> str:
    names = " ".join(packages)
    text = f"The python of this terminal, {program}, does not have {' and '.join(packages)}. "
    if environ.get("VIRTUAL_ENV"):
        return text + f"It is a virtual environment: type pip install {names}, or deactivate."
    if any(m.startswith("python/") for m in environ.get("LOADEDMODULES", "").split(":")):
        return text + f"Type: pip install {names}"
    return text + "Type: module load python"


def run_script(
    python: Python,
    script: Path,
    limit: float,
    tick: Callable[[float], None] = lambda _: None,
    uses: Mapping[str, Path] | None = None,
) -> Run:
    """Run a script in a directory of its own, so that no file of the learner's is replaced.

    Args:
        python: What runs it.
        script: Its path.
        limit: Seconds after which it is stopped, with everything that it started.
        tick: Called a few times a second with the seconds so far.
        uses: Files that it finds there, by the names that they have there.
    """
    with tempfile.TemporaryDirectory(prefix="lesson-", ignore_cleanup_errors=True) as scratch:
        for name, file in (uses or {}).items():
            place = Path(scratch, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)  # not a link, which the script could write through
        return run_in(Path(scratch), python, script, limit, tick)


def run_in(
    folder: Path,
    python: Python,
    script: Path,
    limit: float,
    tick: Callable[[float], None] = lambda _: None,
) -> Run:
    """Run a script in a folder; the arguments are those of `run_script`."""
    return run_command([python.program, str(script.absolute())], python.environ, folder, limit, tick)


def run_command(
    command: list[str],
    environ: Mapping[str, str],
    scratch: Path,
    limit: float,
    tick: Callable[[float], None] = lambda _: None,
) -> Run:
    """Run a command in a folder, for so many seconds at most; whatever it started has ended then."""
    environment = {
        **environ,
        "PYTHONDONTWRITEBYTECODE": "1",  # leaves nothing beside the learner's script
        "PYTHONUNBUFFERED": "1",  # what was printed before a stop is not lost
    }
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise LessonError(f"{command[0]} cannot be started: {error.strerror}.") from error
    with _ended(process):
        pipes = [_Reader(pipe) for pipe in (process.stdout, process.stderr) if pipe]
        status = _wait(process, began, limit, tick)
        seconds = time.monotonic() - began
    output, errors = (pipe.text() for pipe in pipes)
    produced = frozenset(str(f.relative_to(scratch)) for f in scratch.rglob("*") if _has_bytes(f))
    return Run(output, errors, seconds, status, produced)


def _wait(process: subprocess.Popen[bytes], began: float, limit: float, tick: Callable[[float], None]) -> int | None:
    while True:
        spent = time.monotonic() - began
        if spent >= limit:
            return None
        try:
            return process.wait(timeout=min(0.25, limit - spent))
        except subprocess.TimeoutExpired:
            tick(time.monotonic() - began)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens (Ctrl+C too), nothing that the script started goes on."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _has_bytes(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


class _Reader:
    """Reads a pipe to its end and keeps the beginning."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            while chunk := self._pipe.read1(_MOST_OUTPUT):  # type: ignore[attr-defined]
                self._kept += chunk[: _MOST_OUTPUT - len(self._kept)]

    def text(self) -> str:
        # A process that left the group may hold the pipe open: it is not waited for.
        self._thread.join(timeout=2)
        return bytes(self._kept).decode("utf-8", errors="replace")
