"""What a new hub process takes up."""

import asyncio
import getpass
import json
import time

import pytest

from support.fake_slurm import FakeSlurm
from support.fake_spawner import give_server, make_spawner, message, run_scene, stored_state, until


@pytest.mark.usefixtures("learner")
def test_a_start_goes_on_after_a_restart_of_the_hub(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        first = make_spawner(fake_slurm)
        start = asyncio.ensure_future(first.start())
        await until(lambda: first.user.db.commits == 2)
        start.cancel()
        second = make_spawner(fake_slurm)
        give_server(second, "", 0)
        second.load_state(first.orm_spawner.state)
        poll = asyncio.ensure_future(second.poll())
        await until(lambda: second.pending == "spawn")
        assert "In the queue" in message(second)
        fake_slurm.change("101", state="RUNNING", node="node1")
        assert second.job is not None
        assert second.job.owns_token("secret")
        assert await second.accept_port(43210, "")
        assert await poll is None
        assert (second.server.ip, second.server.port) == ("192.0.2.7", 43210)
        assert await second.poll() is None

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_start_that_goes_on_is_pending_until_jupyterhub_has_looked(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        give_server(spawner)
        spawner._check_pending = True  # as JupyterHub does before it calls poll()
        spawner.load_state(stored_state("101"))
        assert await spawner.poll() is None
        start = spawner._spawn_future
        assert start is not None
        await asyncio.sleep(0.3)
        assert (spawner.pending, start.done()) == ("spawn", False), "else the waiting page fails"
        spawner._check_pending = False
        await asyncio.wait([start])
        assert spawner.ready

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_the_start_of_a_reservation_is_known_after_a_restart_too(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm, reservation="class1")
        fake_slurm.add_reservation("class1", int(time.time()) + 3600)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", reason="Reservation")
        spawner.load_state(stored_state("101", port=0))
        async for event in spawner.progress():
            if "the reservation starts at" in str(event["message"]):
                break

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_job_whose_number_was_never_stored_is_found(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        give_server(spawner, "", 0)
        # Everybody may read the comment of a job, and give it to one of their own.
        for user in ("eve", getpass.getuser()):
            await spawner.cluster.commands.submit(user, [], "", {})
        fake_slurm.change("101", state="RUNNING", node="evil", comment=":5ub@x", user="eve")
        fake_slurm.change("102", state="RUNNING", node="node1", comment=":5ub@x", user=getpass.getuser())
        spawner.load_state(stored_state(port=0))
        poll = asyncio.ensure_future(spawner.poll())
        await until(lambda: spawner.job is not None and bool(spawner.job.job_id))
        assert spawner.job is not None
        assert spawner.job.job_id == "102"
        assert await spawner.accept_port(43210, "")
        assert await poll is None

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_port_is_written_down_before_the_call_home_is_answered(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        first = make_spawner(fake_slurm)
        start = asyncio.ensure_future(first.start())
        await until(lambda: first.user.db.commits == 2)
        assert await first.accept_port(43210, "")
        written = first.orm_spawner.state
        start.cancel()  # the hub dies before it knows that the job runs
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        second = make_spawner(fake_slurm)
        give_server(second)
        second.load_state(written)
        assert await second.poll() is None
        assert (second.server.ip, second.server.port) == ("192.0.2.7", 43210)

    run_scene(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize(
    "job",
    [
        pytest.param({"state": "RUNNING", "start": "2000"}, id="requeued"),
        pytest.param({"state": "PENDING", "start": "2000"}, id="requeued-and-waiting"),
        pytest.param({"state": "SUSPENDED", "start": "1000"}, id="suspended"),
    ],
)
def test_what_slurm_did_while_the_hub_was_away_is_noticed(fake_slurm: FakeSlurm, job: dict[str, str]) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", node="node1", **job)
        give_server(spawner, "192.0.2.7", 43210)
        state = stored_state("101")
        state["classdesk"]["start"] = 1000
        spawner.load_state(state)
        poll = asyncio.ensure_future(spawner.poll())
        await until(lambda: spawner.pending == "spawn")
        if job["start"] == "1000":
            await until(lambda: "suspended" in message(spawner))
        else:
            await until(lambda: spawner.job is not None and not spawner.job.reached)
        fake_slurm.change("101", state="RUNNING")
        if job["start"] != "1000":
            assert await spawner.accept_port(43222, "")
        assert await poll is None
        assert spawner.server.port == (43210 if job["start"] == "1000" else 43222)

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_start_that_is_cancelled_after_a_restart_of_the_hub_leaves_no_job(
    fake_slurm: FakeSlurm,
) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        give_server(spawner)
        spawner._check_pending = True
        spawner.load_state(stored_state("101", port=0))
        check = asyncio.ensure_future(spawner.poll())
        await until(lambda: spawner.pending == "spawn")
        assert spawner._spawn_future is not None
        spawner._spawn_future.cancel()  # as the handler of *Cancel* does
        await until(lambda: not spawner.pending)
        assert await spawner.poll() is None, "JupyterHub stops only what lives"
        await spawner.stop()
        assert fake_slurm.jobs()["101"]["state"] == "CANCELLED"
        assert not check.done()
        spawner._server = spawner.orm_spawner.server = None  # as JupyterHub does at the end
        assert await check == 1

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_submission_that_never_happened_is_told_after_a_restart(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        spawner.load_state(stored_state(port=0))
        assert await spawner.poll() == 1
        assert spawner._spawn_future is not None
        assert "restarted before your session was submitted" in str(spawner._spawn_future.exception())

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_the_next_hub_process_knows_what_a_session_is(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        first = make_spawner(fake_slurm)
        await first.apply_user_options(first, {"ui": "desktop", "cores": 1, "hours": 2})
        start = asyncio.ensure_future(first.start())
        await until(lambda: first.user.db.commits == 2)
        state = json.loads(json.dumps(first.orm_spawner.state))
        start.cancel()
        second, older = make_spawner(fake_slurm), make_spawner(fake_slurm)
        second.load_state(state)
        assert second.options == first.options
        assert (second.cores, second.memory_mib) == (1, 2048)
        older.load_state({"classdesk": {**state["classdesk"], "options": {"ui": "desktop"}}})
        assert (older.options, older.cores) == (None, None)

    run_scene(scene)
