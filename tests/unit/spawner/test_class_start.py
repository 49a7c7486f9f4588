"""A class presses Start at once: what keeps the hub answering everybody else."""

import asyncio

from classdesk_spawner import SlurmSettings
from classdesk_spawner._cluster import Cluster
from classdesk_spawner._errors import SlurmUnavailableError
from classdesk_spawner._slurm import SlurmCommands
from classdesk_spawner._turnstile import Turnstile
from support.fake_slurm import FakeSlurm


async def _turns() -> list[str]:
    order: list[str] = []
    turnstile = Turnstile()

    async def start(number: int) -> None:
        await turnstile.pass_through()
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


def test_few_submissions_run_at_the_same_time_and_none_is_lost(fake_slurm: FakeSlurm) -> None:
    commands = SlurmCommands(str(fake_slurm.directory), use_sudo=False, timeout_s=30)
    fake_slurm.slow_program("sbatch", 0.3)

    async def submit_many() -> list[str]:
        return await asyncio.gather(
            *(commands.submit("ada", ["--time=60"], "#!/bin/sh\n", {}) for _ in range(20))
        )

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
