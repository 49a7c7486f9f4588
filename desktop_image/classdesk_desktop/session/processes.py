"""Starting processes until they are ready, and ending them, so that nothing of a session outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h


class NotReadyError(Exception):
    """A program did not come up; the text names it and says how far it came."""


async def start_until_ready(
    command: Callable[[int], Sequence[str]], environ: Mapping[str, str], seconds: float
) -> asyncio.subprocess.Process:
    """Start a program that writes a line to a file descriptor once it is ready, and wait for that line.

    Args:
        command: makes the argument list, given the descriptor's number.
        environ: the program's environment.
        seconds: how long it may take.

    Raises:
        NotReadyError: it cannot be run, ended, or did not come up in time; then it is no more.
    """
    read_fd, write_fd = os.pipe()
    try:
        argv = command(write_fd)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=environ,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(write_fd,),
                start_new_session=True,
            )
        except OSError as error:
            raise NotReadyError(f"{argv[0]} cannot be run: {error.strerror}.") from error
        finally:
            os.close(write_fd)
        try:
            async with asyncio.timeout(seconds):
                line = await _read_line(read_fd)
        except TimeoutError:
            await _kill(process)
            raise NotReadyError(f"{argv[0]} was not ready after {seconds:g} s.") from None
        except BaseException:
            await _kill(process)
            raise
        if not line.endswith(b"\n"):
            code = await _kill(process)
            raise NotReadyError(f"{argv[0]} ended with status {code} before it was ready.")
    finally:
        os.close(read_fd)
    return process


async def _kill(process: asyncio.subprocess.Process) -> int:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    return await process.wait()


async def _read_line(descriptor: int) -> bytes:
    """Read up to the end of a line, or to the end of all.

    The X server writes the number and the line's end one after the other, and dies of a closed pipe.
    """
    loop = asyncio.get_running_loop()
    line = b""
    while not line.endswith(b"\n"):
        readable = asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(descriptor)
        part = os.read(descriptor, 256)
        if not part:
            break
        line += part
    return line


def become_subreaper() -> None:
    """Make orphans of this process's descendants its children, so that they can be found and ended.

    The runtimes give a session a process namespace, which ends with it; this serves one that does not.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def name_process(name: str) -> None:
    """Give this process a name of its own, of at most 15 letters, in the place of its program's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def process_table() -> dict[int, tuple[int, str]]:
    """Parent and one-letter state of every visible process, by its number."""
    table: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            # The second field is the name in parentheses, which may itself hold blanks and parentheses.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            table[int(entry.name)] = (int(fields[1]), fields[0])
    return table


def descendants(root: int) -> set[int]:
    """Every process below `root`, without itself."""
    table = process_table()
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, (parent, _) in table.items() if parent in fresh} - found
        found |= fresh
    return found


def zombie_children() -> set[int]:
    """This process's ended children whose status nobody has taken yet."""
    own = os.getpid()
    return {pid for pid, (parent, state) in process_table().items() if parent == own and state == "Z"}


def reap(pids: Iterable[int]) -> None:
    """Take the status of ended children."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


async def stop_group(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process that leads a group, with its group: first asked, after `grace` seconds killed."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal_number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await process.wait()
            return


def end_descendants(grace: float) -> None:
    """End every process below this one; blocks for at most `grace` seconds and a little."""
    own = os.getpid()
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + grace
        for pid in descendants(own):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal_number)
        while time.monotonic() < deadline:
            reap(zombie_children())
            if not descendants(own):
                return
            time.sleep(0.02)
