"""A start against the fake Slurm; the real one is in tests/integration."""

import asyncio

import pytest

from classdesk_spawner import SessionError
from classdesk_spawner.errors import JobEndedError, OptionsError, SlurmUnavailableError
from support.fake_slurm import FakeSlurm
from support.fake_spawner import make_spawner, message, run_scene, until


@pytest.mark.usefixtures("learner")
def test_start_waits_for_node_and_port_and_stop_cancels(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.apply_user_options(spawner, {"ui": "desktop", "cores": 1})
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(fake_slurm.jobs()))
        await until(lambda: spawner.user.db.commits == 2)
        assert spawner.orm_spawner.state["job_id"] == "101"
        assert "secret" not in str(spawner.orm_spawner.state)
        assert "In the queue" in message(spawner)
        fake_slurm.change("101", state="RUNNING", node="node1")
        await until(lambda: "The machine node1 is yours" in message(spawner))
        assert await spawner.accept_port(43210, "")
        assert "the session's server and desktop are starting" in message(spawner)
        assert await start == ("192.0.2.7", 43210)
        assert not await spawner.accept_port(43211, ""), "no port is expected any more"
        assert await spawner.poll() is None
        job = fake_slurm.jobs()["101"]
        assert "--cpus-per-task=1" in job["argv"]
        assert "--time=180" in job["argv"]
        assert job["variables"]["LESSONS_URL"] == "http://192.0.2.1:8081/hub/lessons"
        assert job["variables"]["JUPYTERHUB_DEFAULT_URL"] == "/desktop/"
        again = job["variables"]["CLASSDESK_START_AGAIN"]
        assert again == "opt-ui=desktop&opt-cores=1&opt-hours=3"
        assert not any("secret" in argument for argument in job["argv"])
        assert "secret" not in job["script"]
        await spawner.stop()
        assert fake_slurm.jobs()["101"]["state"] == "CANCELLED"
        assert await spawner.poll() == 1
        assert spawner.job_id == ""

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_refused_submission_is_a_sentence_and_leaves_no_job(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        fake_slurm.break_program("sbatch", "sbatch: error: Unable to contact slurm controller (connect failure)")
        spawner = make_spawner(fake_slurm)
        with pytest.raises(SlurmUnavailableError, match="does not answer"):
            await spawner.start()
        assert not fake_slurm.jobs()
        await spawner.stop()

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_job_that_ends_before_it_is_ready_says_how(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(fake_slurm.jobs()))
        fake_slurm.change("101", state="COMPLETING")
        await asyncio.wait([start], timeout=1)
        assert not start.done(), "Slurm has not said yet how it ended"
        fake_slurm.change("101", state="OUT_OF_MEMORY")
        with pytest.raises(JobEndedError, match="more memory than it had"):
            await start

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_start_given_up_during_submission_leaves_no_job(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        fake_slurm.slow_program("sbatch", 0.5)
        spawner = make_spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(fake_slurm.calls("sbatch")))
        start.cancel()
        await until(lambda: any(job["state"] == "CANCELLED" for job in fake_slurm.jobs().values()))

    run_scene(scene)


def test_root_gets_no_session(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        spawner.user.name = "root"
        with pytest.raises(SessionError, match="root"):
            await spawner.start()
        assert not fake_slurm.jobs()

    run_scene(scene)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"cores": "64"}, id="more-than-the-partition"),
        pytest.param({"cmd": "id", "prologue": "id"}, id="template-variables-of-batchspawner"),
    ],
)
def test_every_way_to_start_is_validated(fake_slurm: FakeSlurm, stored: dict[str, object]) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        with pytest.raises(OptionsError):
            await spawner.apply_user_options(spawner, stored)
        spawner.user_options = stored
        with pytest.raises(OptionsError):
            await spawner.start()
        assert not fake_slurm.jobs()

    run_scene(scene)


def test_the_form_offers_the_last_choice_and_what_was_refused(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        spawner.orm_spawner.user_options = {"ui": "lab", "cores": 3, "hours": 1.5}
        form = await spawner.get_options_form()
        assert 'value="3"' in form
        assert 'value="1.5"' in form
        with pytest.raises(OptionsError):
            await spawner.run_options_from_form({"ui": ["desktop"], "cores": ["77"], "hours": ["2"]})
        assert 'value="77"' in await spawner.get_options_form()
        assert 'value="77"' not in await spawner.get_options_form()
        spawner.orm_spawner.user_options = {"cmd": "x"}
        assert 'value="2"' in await spawner.get_options_form()

    run_scene(scene)
