"""What dask's scheduler has in a session: workers in Slurm jobs reach it, and the learner reads why they are not there.

dask loads this into each scheduler (`distributed.scheduler.preload`). Workers of `SLURMCluster` are elsewhere, and the
session's own network cannot be reached from there: so the scheduler also listens on the node. And dask-jobqueue waits
in silence, whatever Slurm says of its jobs: that is printed where the learner waits.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
import weakref
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

sys.path += [str(path) for path in Path("/opt/classdesk/server/lib").glob("python3.*/site-packages")][:1]

from classdesk_desktop.session.door import Door, DoorError

sys.path.pop()

_PATIENCE_SECONDS = 12.0
_LOOK_SECONDS = 4.0
_AGAIN_SECONDS = 60.0
_OF_SBATCH = re.compile(r"^sbatch: (?:error: )?(.*)$", re.MULTILINE)


class Jobs:
    """The jobs of one scheduler's workers, and what the learner has been told of them."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._waiting: dict[str, tuple[Any, float]] = {}
        self._told: dict[str, float] = {}
        self._watch: asyncio.Task[None] | None = None

    def submitted(self, job: Any) -> None:
        """Watch a job until its worker is there."""
        self._waiting[job.job_id] = (job.name, time.monotonic())
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())

    def refused(self, error: Exception) -> None:
        """Tell why sbatch took no job."""
        said = " ".join(_OF_SBATCH.findall(str(error))) or str(error)
        self._tell(f"Slurm does not take the job of a worker: {said}")

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(_LOOK_SECONDS)
            there = {str(worker.name) for worker in self._scheduler.workers.values()}
            for number, (name, _) in list(self._waiting.items()):
                # With several processes a job's workers have its name and a number.
                if str(name) in there or f"{name}-0" in there:
                    del self._waiting[number]
            late = [n for n, (_, since) in self._waiting.items() if time.monotonic() - since > _PATIENCE_SECONDS]
            if late:
                await self._explain(late)

    async def _explain(self, numbers: list[str]) -> None:
        words = ("--noheader", "--format=%i %T %r", f"--jobs={','.join(numbers)}")
        process = await asyncio.create_subprocess_exec(
            "squeue", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        told, errors = await process.communicate()
        rows = {row[0]: row[1:] for line in told.decode().splitlines() if len(row := line.split(maxsplit=2)) > 1}
        # Slurm forgets an ended job after some minutes, and then calls its number invalid.
        if process.returncode and b"Invalid job id" not in errors:
            self._tell(f"Slurm does not answer: {errors.decode(errors='replace').strip()}")
            return
        for number in numbers:
            state, *reason = rows.get(number, ["ENDED"])
            if state == "PENDING":
                self._tell(f"jobs of workers wait in Slurm's queue: {' '.join(reason) or 'no reason given yet'}")
            elif state in {"RUNNING", "CONFIGURING", "COMPLETING"}:
                self._tell("jobs of workers run, but their workers have not called yet")
            else:
                self._waiting.pop(number, None)
                self._tell(f"job {number} ended before its worker was there; slurm-{number}.out may say why")

    def _tell(self, sentence: str) -> None:
        now = time.monotonic()
        if now - self._told.get(sentence, float("-inf")) > _AGAIN_SECONDS:
            self._told[sentence] = now
            print(f"SLURMCluster: {sentence}.".replace("..", "."), file=sys.stderr, flush=True)


_jobs: weakref.WeakKeyDictionary[Any, Jobs] = weakref.WeakKeyDictionary()


def _with_words(start: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Return dask-jobqueue's `Job.start`, so that what Slurm says of the job is told."""

    @wraps(start)
    async def start_and_tell(job: Any) -> None:
        jobs = next((jobs for scheduler, jobs in _jobs.items() if job.scheduler in _addresses(scheduler)), None)
        try:
            await start(job)
        except (RuntimeError, OSError, ValueError) as error:
            if jobs:
                jobs.refused(error)
            raise
        if jobs:
            jobs.submitted(job)

    return start_and_tell


def _addresses(scheduler: Any) -> set[str | None]:
    return {scheduler.contact_address, scheduler.address}


def _listen_on_the_node(scheduler: Any) -> None:
    """Have a scheduler for others than its own machine's programs listen on the node, too."""
    listener = scheduler.listeners[0]
    if not re.match(r"\w+://(0\.0\.0\.0|\[::\])", listener.listen_address):
        return
    try:
        node = Door.of(os.environ, {}).listen()
    except DoorError as error:
        print(f"dask: workers on other nodes cannot reach this scheduler: {error}", file=sys.stderr)
        return
    scheme = listener.listen_address.partition("://")[0]
    scheduler.contact_address = f"{scheme}://{node.host}:{node.port}"
    listener.tcp_server.add_socket(node.socket)


async def dask_setup(scheduler: Any) -> None:
    """Called by dask when a scheduler starts."""
    jobqueue = sys.modules.get("dask_jobqueue.core")
    if jobqueue is None:
        return
    _listen_on_the_node(scheduler)
    _jobs[scheduler] = Jobs(scheduler)
    if not hasattr(jobqueue.Job.start, "__wrapped__"):
        jobqueue.Job.start = _with_words(jobqueue.Job.start)
