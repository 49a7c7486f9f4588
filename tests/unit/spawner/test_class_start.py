"""A class presses Start at once: what keeps the hub answering everybody else."""

import asyncio
from types import SimpleNamespace

from classdesk_spawner import SlurmSettings
from classdesk_spawner.errors import SlurmUnavailableError
from classdesk_spawner.hub.ledger import Ledger
from classdesk_spawner.hub.start_queue import Step, Turnstile
from classdesk_spawner.slurm.cluster import Cluster
from classdesk_spawner.slurm.commands import SlurmCommands
from support.fake_slurm import FakeSlurm
from support.fake_spawner import Database


async def _turns() -> list[str]:
    order: list[str] = []
    turnstile = Turnstile()

    async def start(number: int) -> None:
        await turnstile.pass_through(Step.PRESSED)
        order.append(f"start {number}")

    async def page() -> None:
        await asyncio.sleep(0)
        order.append("page")

    await asyncio.gather(*map(start, range(5)), page())
    return order


def test_a_page_that_comes_after_many_starts_need_not_wait_for_all_of_them() -> None:
    order = asyncio.run(_turns())
    assert order.index("page") <= 1
    assert [word for word in order if word != "page"] == [f"start {n}" for n in range(5)]


async def _order_of(*steps: Step) -> list[int]:
    passed: list[int] = []
    turnstile = Turnstile()

    async def start(number: int, step: Step) -> None:
        await turnstile.pass_through(step)
        passed.append(number)

    starts = [asyncio.ensure_future(start(n, step)) for n, step in enumerate(steps)]
    await asyncio.sleep(0)
    starts[-1].cancel()
    await asyncio.gather(*starts, return_exceptions=True)
    return passed


def test_who_is_furthest_goes_first_and_who_gave_up_keeps_nobody_waiting() -> None:
    steps = (Step.PRESSED, Step.PRESSED, Step.CHECKED, Step.REACHED, Step.CHECKED, Step.REACHED)
    assert asyncio.run(_order_of(*steps)) == [0, 3, 2, 4, 1]


def test_what_a_tick_has_confirmed_is_written_with_one_commit() -> None:
    database = Database()

    async def write_three() -> list[SimpleNamespace]:
        ledger = Ledger()
        spawners = [
            SimpleNamespace(
                user=SimpleNamespace(db=database),
                orm_spawner=SimpleNamespace(state=None),
                get_state=lambda: {"job_id": "101"},
            )
            for _ in range(3)
        ]
        for spawner in spawners:
            ledger.write_soon(spawner)
        assert database.commits == 0
        await asyncio.sleep(0)
        return spawners

    written = asyncio.run(write_three())
    assert [spawner.orm_spawner.state for spawner in written] == [{"job_id": "101"}] * 3
    assert database.commits == 1


def test_few_submissions_run_at_the_same_time_and_none_is_lost(fake_slurm: FakeSlurm) -> None:
    commands = SlurmCommands(str(fake_slurm.directory), use_sudo=False, timeout_s=30)
    fake_slurm.slow_program("sbatch", 0.3)

    async def submit_many() -> list[str]:
        return await asyncio.gather(*(commands.submit("ada", ["--time=60"], "#!/bin/sh\n", {}) for _ in range(20)))

    assert len(set(asyncio.run(submit_many()))) == 20
    began = sorted(call["time"] for call in fake_slurm.calls("sbatch"))
    assert all(later - earlier >= 0.3 for earlier, later in zip(began, began[8:], strict=False))


def cluster(fake_slurm: FakeSlurm) -> Cluster:
    return Cluster(SlurmSettings(bin_directory=str(fake_slurm.directory), use_sudo=False))


def test_a_class_that_opens_the_form_asks_slurm_once(fake_slurm: FakeSlurm) -> None:
    async def ask_together() -> int:
        ours = cluster(fake_slurm)
        offers = await asyncio.gather(*(ours.offer("ada") for _ in range(30)))
        return len({offer.partitions for offer in offers})

    assert asyncio.run(ask_together()) == 1
    assert len(fake_slurm.calls("sinfo")) == 1


def test_a_failure_that_many_waited_for_is_not_kept(fake_slurm: FakeSlurm) -> None:
    async def ask_twice() -> tuple[list[bool], bool]:
        ours = cluster(fake_slurm)
        fake_slurm.break_program("sinfo", SlurmUnavailableError("down").detail)
        failed = await asyncio.gather(*(ours.offer("ada") for _ in range(3)))
        fake_slurm.mend_program("sinfo")
        return [offer.stale for offer in failed], (await ours.offer("ada")).stale

    stale, later = asyncio.run(ask_twice())
    assert stale == [True, True, True]
    assert not later
