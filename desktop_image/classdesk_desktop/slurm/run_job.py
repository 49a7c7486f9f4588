"""What a job that was submitted in a session runs in the image: the learner's script or program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final

from classdesk_desktop.protocol import Variable
from classdesk_desktop.session.environment import with_job_defaults
from classdesk_desktop.session.memory import SessionMemory

# Sessions have the processor first, where both are on the same cores.
_NICER: Final = 5
_SAME_SECONDS: Final = 0.3


class _Signals:
    """Hands on to the program what only the shell outside has got.

    Slurm sends most signals to all processes of a job, and some to its shell alone (`--signal=B:…`, `scancel --batch`).
    That shell writes each signal's name into a pipe. What this process gets itself, the program has got, too.
    """

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def note(self) -> None:
        """Begin to note what comes here."""
        for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "TERM"):
            signal.signal(getattr(signal, f"SIG{name}"), self._note)

    def hand_on(self, process: subprocess.Popen[bytes], pipe: Path) -> None:
        """Read the pipe from now on, for this program."""
        self._process = process
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _note(self, number: int, _: FrameType | None) -> None:
        self._seen[number] = time.monotonic()

    def _read(self, pipe: Path) -> None:
        with pipe.open() as names:
            for name in names:
                number = signal.Signals[f"SIG{name.strip()}"]
                time.sleep(_SAME_SECONDS)
                if time.monotonic() - self._seen.get(number, float("-inf")) > 2 * _SAME_SECONDS and self._process:
                    self._process.send_signal(number)


def main() -> int:
    """Run the program that the arguments name, and return its status as a shell gives it."""
    command = sys.argv[1:]
    environment = with_job_defaults(os.environ)
    directory = environment.pop(Variable.DIRECTORY, "")
    try:
        os.chdir(directory or "/")
    except OSError as error:
        print(f"classdesk: the job works in the home, as {directory}: {error.strerror}", file=sys.stderr)
        os.chdir(environment["HOME"])
    environment["PWD"] = str(Path.cwd())
    os.nice(_NICER)
    SessionMemory.of({Variable.MEMORY: job_memory_mib(os.environ)}).tell_programs()
    signals = _Signals()
    signals.note()
    try:
        process = subprocess.Popen(command, env=environment, restore_signals=True, preexec_fn=_default_signals)  # noqa: PLW1509
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        print(f"classdesk: {command[0]}: {'command not found' if missing else error.strerror}", file=sys.stderr)
        return 127 if missing else 126
    pipe = Path(environment.get(Variable.DOOR, ""), "signals")
    if pipe.is_fifo():
        signals.hand_on(process, pipe)
    status = process.wait()
    return status if status >= 0 else 128 - status


def job_memory_mib(environ: Mapping[str, str]) -> str:
    """The memory that Slurm gives to a job's part on this node, in MiB; empty where it does not say."""
    whole, each = environ.get("SLURM_MEM_PER_NODE", ""), environ.get("SLURM_MEM_PER_CPU", "")
    if each.isdigit():
        return str(int(each) * int(environ.get("SLURM_CPUS_ON_NODE") or 1))
    return whole if whole.strip("0") else ""


def _default_signals() -> None:
    """Give the program what it would have without this one: the shell outside ignores these."""
    for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "TERM"):
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
