import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from classdesk_spawner import SlurmUnavailableError
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.watcher import JobWatcher


def _job(job_id: str, state: str = "RUNNING") -> Job:
    return Job(job_id, state, "None", None, None, "node1", "ada", "")


class _Queue:
    """A queue that counts how it is asked."""

    def __init__(self, *jobs: Job, seconds: float = 0) -> None:
        self.jobs = jobs
        self.seconds = seconds
        self.asked: list[float] = []
        self.at_once = 0
        self.most_at_once = 0
        self.error: SlurmUnavailableError | None = None

    async def __call__(self, followed: frozenset[str]) -> tuple[Job, ...]:
        self.asked.append(time.monotonic())
        self.followed = followed
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        if self.error:
            raise self.error
        return self.jobs


def _run(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await scene()

    asyncio.run(bounded())


def test_three_hundred_who_wait_share_one_query() -> None:
    async def scene() -> None:
        queue = _Queue(_job("1"), seconds=0.02)
        watcher = JobWatcher(queue, 0.1, 5)
        snapshots = await asyncio.gather(*(watcher.newer_than(time.monotonic()) for _ in range(300)))
        assert len(queue.asked) <= 2
        assert queue.most_at_once == 1
        assert {"1"} == set(snapshots[0].jobs)

    _run(scene)


def test_ticks_are_fast_while_somebody_waits_and_slow_otherwise() -> None:
    async def scene() -> None:
        queue = _Queue(_job("1"))
        watcher = JobWatcher(queue, 0.05, 0.3)
        watcher.follow("1")
        await asyncio.sleep(0.4)
        while_running = len(queue.asked)
        moment = time.monotonic()
        for _ in range(4):
            moment = (await watcher.newer_than(moment)).began
        assert while_running == 1
        assert len(queue.asked) >= while_running + 4
        assert min(b - a for a, b in zip(queue.asked, queue.asked[1:], strict=False)) >= 0.045
        watcher.forget("1")

    _run(scene)


def test_a_new_job_does_not_put_off_the_look_that_somebody_waits_for() -> None:
    async def scene() -> None:
        queue = _Queue(_job("1"))
        watcher = JobWatcher(queue, 5, 9)
        watcher.follow("1")
        await asyncio.sleep(0.05)
        called_home = time.monotonic()
        await watcher.newer_than(called_home)
        assert time.monotonic() - called_home < 1
        assert len(queue.asked) == 1
        watcher.forget("1")

    _run(scene)


def test_nobody_asks_when_there_is_no_session() -> None:
    async def scene() -> None:
        queue = _Queue()
        watcher = JobWatcher(queue, 0.01, 0.05)
        watcher.follow("1")
        await asyncio.sleep(0.02)
        watcher.forget("1")
        await asyncio.sleep(0.1)
        asked = len(queue.asked)
        await asyncio.sleep(0.15)
        assert len(queue.asked) == asked

    _run(scene)


def test_a_failing_queue_keeps_the_last_news_marks_them_and_backs_off() -> None:
    async def scene() -> None:
        queue = _Queue(_job("1"))
        watcher = JobWatcher(queue, 0.02, 0.04)
        watcher.follow("1")
        await watcher.newer_than(0)
        queue.error = SlurmUnavailableError("Zero Bytes were transmitted")
        await asyncio.sleep(0.4)
        assert watcher.failure is queue.error
        assert watcher.job("1") is not None
        assert not watcher.is_gone("1", 0)
        assert len(queue.asked) < 10
        queue.error = None
        await watcher.newer_than(time.monotonic())
        assert watcher.failure is None
        watcher.forget("1")

    _run(scene)


@pytest.mark.parametrize(("snapshots", "gone"), [(0, False), (1, False), (2, True)])
def test_a_job_is_gone_when_two_snapshots_after_its_submission_lack_it(snapshots: int, gone: bool) -> None:
    async def scene() -> None:
        watcher = JobWatcher(_Queue(), 0.01, 0.02)
        await watcher.newer_than(0)
        moment = submitted = time.monotonic()
        for _ in range(snapshots):
            moment = (await watcher.newer_than(moment)).began
        assert watcher.is_gone("1", submitted) is gone

    _run(scene)
