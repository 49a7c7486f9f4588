"""One look at the queue for all sessions of the hub.

Whatever the number of sessions, a tick is one squeue. Ticks are fast while somebody waits for a change
and slow while all sessions just run; they never overlap, and they back off while Slurm does not answer.
Everything that wants to know a job's state reads the same snapshot.
"""

import asyncio
import bisect
import contextlib
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from classdesk_spawner.errors import SessionError

from .job import Job
from .states import Phase

_LONGEST_BACK_OFF_S = 30.0

_log = logging.getLogger("jupyterhub.classdesk.watcher")


@dataclass(frozen=True)
class Snapshot:
    """All session jobs at one moment.

    Attributes:
        began: Monotonic time in seconds at which squeue was started. A job that was submitted
            later may be missing.
        jobs: The jobs by id.
    """

    began: float
    jobs: Mapping[str, Job]

    def ahead_of(self, job_id: str) -> int:
        """Return how many sessions wait that were submitted before a job."""
        return bisect.bisect_left(self._waiting, int(job_id)) if job_id.isdigit() else 0

    @functools.cached_property
    def _waiting(self) -> tuple[int, ...]:
        # Once for all pages that ask: a class that waits is as many pages as jobs.
        waiting = (job.id for job in self.jobs.values() if job.phase is Phase.WAITING)
        return tuple(sorted(int(job_id) for job_id in waiting if job_id.isdigit()))


@dataclass
class JobWatcher:
    """Keeps the latest snapshots of the queue.

    Args:
        query: Asks Slurm for all session jobs; gets the ids of those that must be there, unless they are over.
        fast_tick_s: Seconds between two ticks while somebody waits in `newer_than`.
        slow_tick_s: Seconds between two ticks otherwise.
    """

    query: Callable[[frozenset[str]], Awaitable[tuple[Job, ...]]]
    fast_tick_s: float
    slow_tick_s: float
    latest: Snapshot | None = field(default=None, init=False)
    previous: Snapshot | None = field(default=None, init=False)
    failure: SessionError | None = field(default=None, init=False)
    """Why the last tick failed; None while snapshots are fresh."""
    _followed: set[str] = field(default_factory=set, init=False)
    _waiting: int = field(default=0, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _ticked: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def follow(self, job_id: str) -> None:
        """Keep looking at the queue for the sake of this job, until `forget`."""
        self._followed.add(job_id)
        self._run()

    def forget(self, job_id: str) -> None:
        """Stop looking for the sake of this job."""
        self._followed.discard(job_id)

    @property
    def has_work(self) -> bool:
        """Whether the queue is looked at for the sake of any job."""
        return bool(self._followed)

    async def newer_than(self, moment: float) -> Snapshot:
        """Return a snapshot that began after a monotonic moment; waits as long as it takes."""
        self._waiting += 1
        self._hurry.set()
        try:
            self._run()
            while self.latest is None or self.latest.began <= moment:
                await self._ticked.wait()
            return self.latest
        finally:
            self._waiting -= 1

    def job(self, job_id: str) -> Job | None:
        """Return a job as it was seen last."""
        return self.latest.jobs.get(job_id) if self.latest else None

    def is_gone(self, job_id: str, submitted: float) -> bool:
        """Tell whether a job is missing for sure: from two snapshots that began after its submission."""
        return all(
            snapshot is not None and snapshot.began > submitted and job_id not in snapshot.jobs
            for snapshot in (self.previous, self.latest)
        )

    def _run(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch(), name="classdesk-watcher")

    async def _watch(self) -> None:
        failures = 0
        # Who only follows a new job has nothing to learn yet, and the next look would be a tick later.
        if not self._waiting:
            await self._until_hurried(self.slow_tick_s)
        while self._followed or self._waiting:
            self._hurry.clear()
            began = time.monotonic()
            try:
                jobs = await self.query(frozenset(self._followed))
            except SessionError as error:
                failures += 1
                self.failure = error
                _log.warning("No news of the sessions (%d. try): %s", failures, error)
            else:
                if failures:
                    _log.warning("Slurm answers again after %d tries without an answer", failures)
                failures = 0
                self.failure = None
                self.previous, self.latest = (
                    self.latest,
                    Snapshot(began, {job.id: job for job in jobs}),
                )
            self._ticked.set()
            self._ticked = asyncio.Event()
            await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        """Wait for the next tick: never less than the fast pace, less than the slow one on a hurry."""
        if failures:
            await asyncio.sleep(min(self.fast_tick_s * 2**failures, _LONGEST_BACK_OFF_S))
            return
        await asyncio.sleep(self.fast_tick_s)
        if not self._waiting:
            await self._until_hurried(self.slow_tick_s - self.fast_tick_s)

    async def _until_hurried(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
