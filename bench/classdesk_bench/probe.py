"""Starts the probe, `probe_process.py`, and ends it."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from .machine import CALLS, DIRECTORY, end


@contextlib.contextmanager
def probing(url: str) -> Iterator[Callable[[], str]]:
    """Run the probe; gives a function that returns what it has written so far."""
    result = DIRECTORY / "probe"
    result.unlink(missing_ok=True)
    program = Path(__file__).with_name("probe_process.py")
    process = subprocess.Popen([sys.executable, "-I", program, url, CALLS, result])
    try:
        yield result.read_text
    finally:
        end(process)
