"""Runs one command: a list of arguments without a shell, an environment of our own, a time limit."""

import asyncio
import contextlib
import os
import resource
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from classdesk_spawner.errors import SlurmUnavailableError

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SLURM_TIME_FORMAT": "%s"}


@dataclass(frozen=True)
class Limits:
    """What a command may take.

    Attributes:
        seconds: Time.
        output: Bytes on a channel, more than which the kernel does not let it print; None: any. Not for sbatch,
            which hands its own limits on to the job.
    """

    seconds: float
    output: int | None = None


async def run_command(
    name: str,
    argv: Sequence[str],
    text: str,
    environment: Mapping[str, str],
    limits: Limits,
) -> tuple[int, str, str]:
    """Run a command and return its exit status and what it wrote to standard output and error.

    What goes in and comes out are files in memory: each of three pipes would cost the event loop several turns, and
    a class needs hundreds of commands.

    Args:
        name: The program's path, for the errors.
        argv: The command; it may have sudo in front.
        text: Its standard input.
        environment: Its variables, beside a few of our own.
        limits: What it may take.

    Raises:
        SlurmUnavailableError: It cannot be run, or did not end in time.
    """
    with _file(text) as given, _file() as out, _file() as err:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env={**environment, **_ENVIRONMENT},
                cwd="/",
                stdin=given,
                stdout=out,
                stderr=err,
            )
        except OSError as error:
            raise SlurmUnavailableError(f"{name} cannot be run: {error}") from error
        if limits.output is not None:
            # Not permitted where sudo has become somebody else.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limits.output,) * 2)
        try:
            async with asyncio.timeout(limits.seconds):
                status = await process.wait()
        except TimeoutError as error:
            raise SlurmUnavailableError(f"{name} did not answer within {limits.seconds:g} s") from error
        finally:
            if process.returncode is None:
                await _kill(process)
        return status, _text(out), _text(err)


@contextlib.contextmanager
def _file(text: str = "") -> Iterator[int]:
    """Give the descriptor of a file in memory, at its beginning."""
    try:
        descriptor = os.memfd_create("classdesk")
    except OSError as error:  # the hub has as many files open as it may
        raise SlurmUnavailableError(f"no command can be run: {error}") from error
    try:
        if text:
            os.pwrite(descriptor, text.encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _text(descriptor: int) -> str:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    # Not permitted where sudo has become root: it ends with its command, which has Slurm's own limits.
    with contextlib.suppress(ProcessLookupError, PermissionError, TimeoutError):
        process.kill()
        async with asyncio.timeout(1):
            await process.wait()
