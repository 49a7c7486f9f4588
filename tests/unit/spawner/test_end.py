"""How a session ends, and what does not end it."""

import asyncio
import getpass
import time

import pytest

from classdesk_spawner import SessionError
from classdesk_spawner.session.job import SessionJob
from support.fake_slurm import FakeSlurm
from support.fake_spawner import make_spawner, message, run_scene, stored_state, until


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hub that has just begun wait 0.3 s for the first news of a session."""
    monkeypatch.setattr("classdesk_spawner.session.job._FIRST_LOOK_S", 0.3)


@pytest.mark.usefixtures("learner")
def test_a_failing_scancel_is_tried_until_the_job_is_gone(
    fake_slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classdesk_spawner.session.job._CANCEL_AGAIN_S", 0.1)
    monkeypatch.setattr("classdesk_spawner.slurm.cluster._FIRST_RETRY_S", 0.1)

    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        spawner.job = SessionJob.new(spawner.cluster, getpass.getuser(), "secret")
        await spawner.job.submit([], "", {})
        fake_slurm.break_program("scancel", "scancel: error: Socket timed out on send/recv operation")
        with pytest.raises(SessionError):
            await spawner.stop()
        spawner.clear_state()  # as JupyterHub does whatever stop() said
        fake_slurm.mend_program("scancel")
        await until(lambda: fake_slurm.jobs()["101"]["state"] == "CANCELLED")

    run_scene(scene)


@pytest.mark.usefixtures("learner", "impatient")
@pytest.mark.parametrize("stderr", ["Zero Bytes were transmitted or received", "anything", "HANG"])
def test_a_failing_squeue_never_drops_a_session(fake_slurm: FakeSlurm, stderr: str) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm, command_timeout_s=0.2)
        fake_slurm.break_program("squeue", stderr)
        spawner.load_state(stored_state("101"))
        assert await spawner.poll() is None
        await until(lambda: "does not answer at the moment" in message(spawner))
        for _ in range(10):
            assert await spawner.poll() is None
            await asyncio.sleep(0.05)
        assert "does not answer at the moment" in message(spawner)

    run_scene(scene)


@pytest.mark.usefixtures("learner", "impatient")
@pytest.mark.parametrize(
    "text",
    ["", "slurm_load_jobs error: Socket timed out", "101|COMPLETED|None|1|2|n|ada|"],
    ids=["nothing", "an-error", "an-unmarked-job"],
)
def test_a_squeue_that_succeeds_with_nonsense_never_drops_a_session(fake_slurm: FakeSlurm, text: str) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        fake_slurm.print_nonsense(text)
        spawner.load_state(stored_state("101"))
        await until(lambda: len(fake_slurm.calls("squeue")) >= 3)
        assert await spawner.poll() is None
        assert "does not answer at the moment" in message(spawner)

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_squeue_that_prints_without_end_is_ended(fake_slurm: FakeSlurm) -> None:
    squeue = fake_slurm.directory / "squeue"
    squeue.write_text("#!/bin/sh\nexec yes\n")

    async def scene() -> None:
        began = time.monotonic()
        with pytest.raises(SessionError, match="squeue"):
            await make_spawner(fake_slurm).cluster.commands.jobs("classdesk")
        assert time.monotonic() - began < 10, "long before its time limit of 15 s"

    run_scene(scene)


def test_poll_asks_slurm_nothing_itself(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawners = [make_spawner(fake_slurm, job_name="many") for _ in range(50)]
        for number, spawner in enumerate(spawners):
            spawner.load_state(stored_state(str(number)))
        for _ in range(5):
            await asyncio.gather(*(spawner.poll() for spawner in spawners))
            await asyncio.sleep(0.02)
        assert len(fake_slurm.calls("squeue")) < 10, "for 250 polls"

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_session_that_ended_by_itself_tells_how_until_the_next_one(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", state="TIMEOUT")
        spawner.load_state(stored_state("101"))
        assert await spawner.poll() == 1
        later = make_spawner(fake_slurm)
        later.load_state(spawner.get_state())
        assert later.ending == "The session reached its time limit."
        start = asyncio.ensure_future(later.start())
        await until(lambda: len(fake_slurm.jobs()) == 2)
        assert later.ending == ""
        # Not cancelled: Python 3.11 may hang in a task that is cancelled while it starts a process.
        fake_slurm.change("102", state="FAILED")
        with pytest.raises(SessionError):
            await start

    run_scene(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize(
    ("early_s", "sentence"),
    [(3, "The session reached its time limit."), (600, "The session's program ended on its own.")],
    ids=["just-before-its-limit", "long-before"],
)
def test_a_session_that_closes_in_order_at_its_limit_has_reached_it(
    fake_slurm: FakeSlurm, early_s: int, sentence: str
) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        limit = int(time.time()) + 3600
        fake_slurm.change("101", state="RUNNING", start=str(limit - 7200), end=str(limit))
        spawner.load_state(stored_state("101"))
        job = spawner.job
        assert job is not None
        await spawner.cluster.watcher.newer_than(time.monotonic())
        assert job.exit_status() is None
        fake_slurm.change("101", state="COMPLETED", end=str(limit - early_s))
        await spawner.cluster.watcher.newer_than(time.monotonic())
        assert job.exit_status() == 0
        assert job.end_sentence() == sentence

    run_scene(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize(
    ("in_order", "status", "sentence"),
    [
        pytest.param(True, 0, "The session's program ended on its own.", id="went-on-and-ended-in-order"),
        pytest.param(False, 1, "The session used more memory than it had.", id="ended-with-its-memory"),
    ],
)
def test_a_session_whose_programs_ran_out_of_memory_has_failed_only_if_it_ended_by_that(
    fake_slurm: FakeSlurm, in_order: bool, status: int, sentence: str
) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        spawner.load_state(stored_state("101"))
        job = spawner.job
        assert job is not None
        job.ends_in_order = in_order
        fake_slurm.change("101", state="OUT_OF_MEMORY")
        await spawner.cluster.watcher.newer_than(time.monotonic())
        assert (job.exit_status(), job.end_sentence()) == (status, sentence)

    run_scene(scene)


def test_jobs_without_a_session_are_swept_and_those_of_others_are_not(
    fake_slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classdesk_spawner.slurm.cluster._SWEEP_S", 0.2)

    async def scene() -> None:
        cluster = make_spawner(fake_slurm).cluster
        for comment in (f":a@{cluster.hub_id}", ":b@another", "", f":c@{cluster.hub_id}"):
            job_id = await cluster.commands.submit("ada", [], "", {})
            fake_slurm.change(job_id, state="RUNNING", node="node1", comment=comment)
        cluster.know("c")
        cluster.start_sweeping()
        await until(lambda: fake_slurm.jobs()["101"]["state"] == "CANCELLED")
        await asyncio.sleep(0.6)
        assert [job["state"] for job in fake_slurm.jobs().values()] == [
            "CANCELLED",
            *["RUNNING"] * 3,
        ]

    run_scene(scene)
