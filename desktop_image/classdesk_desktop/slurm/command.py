"""sinfo, squeue, sbatch, srun, salloc, scancel, scontrol, sacct and seff, as a session has them.

They run on the node, as on a log-in node: nothing of the session's own job is inherited. What is submitted runs in the
session's image, wherever Slurm starts it.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from classdesk_desktop.session.door import Door, DoorError, Script, answer
from classdesk_desktop.session.environment import job_environment
from classdesk_desktop.session.processes import end_descendants

from .job import in_image, is_dask_worker, task_in_image, wrapped
from .options import Known, Split, components, split

OUTSIDE_VARIABLE: Final = "CLASSDESK_OUTSIDE"
"""Set by a learner whose jobs are to run on the bare node."""

_NO_COMMAND: Final = 127
_GRACE_SECONDS: Final = 2.0
_OF_THE_KEYBOARD: Final = (signal.SIGINT, signal.SIGQUIT)
_SUBMITTED: Final = re.compile(r"^(?:Submitted batch job )?(\d+)\b", re.MULTILINE)
# What salloc runs while the learner's shell works here: tells the variables of the allocation, and ends when the other
# end of the pipe does.
_HOLDER: Final = ("/bin/sh", "-c", "/usr/bin/env -0 >&3; echo >&3; read line <&4")


def sbatch(door: Door, arguments: Sequence[str]) -> int:
    """Submit a script, or what `--wrap` has, to run in the image."""
    given = _split(door, "sbatch", arguments)
    command = given.value("wrap")
    words: list[str | None]
    if command is not None and not given.rest:
        script, words = wrapped(command), [*given.words("wrap"), None]
    elif given.has("help") or given.has("usage") or given.has("version") or command is not None:
        return door.run("sbatch", arguments)
    elif not given.rest:
        script, words = Script("sbatch", sys.stdin.buffer.read()), [*given.words(), None]
    else:
        path = _found(given.rest[0])
        if path is None:  # sbatch says so
            return door.run("sbatch", arguments)
        script, words = Script(path.name, path.read_bytes()), [*given.words(), None, *given.rest[1:]]
    _tell_directory(door, given, "sbatch")
    if _outside():
        return door.run("sbatch", words, script)
    submitted = in_image(script, door.open_image)
    if is_dask_worker(script):
        return _submit_worker(door, words, submitted)
    return door.run("sbatch", words, submitted)


def srun(door: Door, arguments: Sequence[str]) -> int:
    """Run a job step, or a job of one step, in the image."""
    words: list[str | None] = []
    for part in components(arguments):
        given = _split(door, "srun", part)
        if given.has("multi-prog") and not _outside():
            raise DoorError(
                f"--multi-prog cannot run in the session's image. {OUTSIDE_VARIABLE}=1 srun … runs on the bare node."
            )
        _tell_directory(door, given, "srun")
        words += [":"] if words else []
        words += given.words()
        if given.rest and not _outside():
            words += [] if given.has("job-name") else [f"--job-name={Path(given.rest[0]).name}"]
            words += task_in_image(given.rest, door.open_image)
        else:
            words += given.rest
    return door.run("srun", words)


def salloc(door: Door, arguments: Sequence[str]) -> int:
    """Allocate nodes, and run a command or the learner's shell here, with the variables of the allocation."""
    given = _split(door, "salloc", arguments)
    if any(given.has(name) for name in ("help", "usage", "version", "no-shell")):
        return door.run("salloc", arguments)
    told, tells = os.pipe()
    holds, held = os.pipe()
    # Or salloc would wait for what holds the allocation, also where there is none any more.
    words = ["--kill-command=HUP", *given.words(), *_HOLDER]
    with door.begin("salloc", words, descriptors=(0, 1, 2, tells, holds)) as connection:
        os.close(tells)
        os.close(holds)
        with contextlib.ExitStack() as until_end:
            until_end.callback(os.close, held)
            variables = _variables(told, connection)
            if variables is None:
                return answer(connection)
            status = _run_here(given.rest or (os.environ.get("SHELL", "/bin/bash"),), variables, connection)
        # Slurm's own words about the end of the allocation come before the next prompt.
        answer(connection)
        return status


def _variables(told: int, connection: socket.socket) -> dict[str, str] | None:
    """Return Slurm's variables of the allocation; None where there is none. Ctrl-C gives it up."""
    text = b""
    try:
        # salloc keeps its end open: an empty line ends what is told.
        while not text.endswith(b"\0\n") and (more := os.read(told, 1 << 16)):
            text += more
    except KeyboardInterrupt:
        connection.send(bytes([signal.SIGINT]))
        return None
    finally:
        os.close(told)
    pairs = (os.fsdecode(line).partition("=") for line in text.split(b"\0"))
    return {name: value for name, _, value in pairs if name.startswith("SLURM_")} or None


def _run_here(command: Sequence[str], variables: dict[str, str], connection: socket.socket) -> int:
    """Run a command in the session until it or the allocation ends."""
    for number in _OF_THE_KEYBOARD:
        signal.signal(number, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            list(command),
            env={**os.environ, **variables},
            preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in _OF_THE_KEYBOARD],  # noqa: PLW1509
        )
    except OSError as error:
        print(f"salloc: {command[0]}: {error.strerror}", file=sys.stderr)
        return _NO_COMMAND
    ended = os.pidfd_open(process.pid)
    with contextlib.closing(os.fdopen(ended, "rb")):
        ready, _, _ = select.select([ended, connection.fileno()], [], [])
    if ended not in ready:  # the time is over, or somebody cancelled it
        end_descendants(_GRACE_SECONDS)
        return 1
    status = process.wait()
    return status if status >= 0 else 128 - status


def _submit_worker(door: Door, words: Sequence[str | None], script: Script) -> int:
    """Submit a worker of a scheduler in this session, which ends with the session."""
    with tempfile.TemporaryFile() as printed:
        status = door.run("sbatch", words, script, (0, printed.fileno(), 2))
        printed.seek(0)
        said = printed.read().decode(errors="replace")
    sys.stdout.write(said)
    door.end_with_session(_SUBMITTED.findall(said))
    return status


def _split(door: Door, command: str, arguments: Sequence[str]) -> Split:
    return split(arguments, Known.from_help(door.output(command, ["--help"])))


def _found(name: str) -> Path | None:
    """Return the file that sbatch would take, from here or from PATH; None where it has an error to tell."""
    path = Path(name)
    if "/" not in name and not path.is_file() and (elsewhere := shutil.which(name)):
        path = Path(elsewhere)
    try:
        return path if stat.S_ISREG(path.stat().st_mode) and os.access(path, os.R_OK) else None
    except (OSError, ValueError):
        return None


def _outside() -> bool:
    return bool(os.environ.get(OUTSIDE_VARIABLE))


def _tell_directory(door: Door, given: Split, command: str) -> None:
    if not door.knows_directory and not given.has("chdir"):
        here = shlex.quote(str(Path.cwd()))
        print(f"{command}: {here} is this session's alone, so the job works in {door.home}.", file=sys.stderr)


_SPECIAL: Final = {"sbatch": sbatch, "srun": srun, "salloc": salloc}


def main() -> int:
    """Run the command by whose name this program was called."""
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    try:
        door = Door.of(os.environ, job_environment(os.environ))
        special = _SPECIAL.get(name)
        return special(door, arguments) if special else door.run(name, arguments)
    except DoorError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return _NO_COMMAND
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
