"""The life of a session against the fake Slurm; the real one is in tests/integration."""

import asyncio
import base64
import getpass
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.apihandlers import default_handlers
from tornado.web import HTTPError

from classdesk_spawner import Cluster, DesktopSpawner, SessionError, SlurmSettings, SpawnerSettings
from classdesk_spawner._errors import JobEndedError, OptionsError, SlurmUnavailableError
from classdesk_spawner._extension import ExtensionError, extend
from classdesk_spawner._job import SessionJob
from classdesk_spawner._job_handlers import (
    PORT_ROUTE,
    PortHandler,
    read_last_words,
    read_port,
)
from support.fake_slurm import FakeSlurm


class _Database:
    def __init__(self) -> None:
        self.commits = 0

    def commit(self) -> None:
        self.commits += 1


def _spawner(fake: FakeSlurm, **slurm: Any) -> DesktopSpawner:
    settings = SpawnerSettings(
        slurm=SlurmSettings(
            bin_directory=str(fake.directory),
            use_sudo=False,
            fast_tick_s=0.1,
            slow_tick_s=0.2,
            **slurm,
        )
    )
    spawner = DesktopSpawner(
        settings=settings,
        user=SimpleNamespace(
            name=getpass.getuser(), url="/user/ada/", escaped_name="ada", db=_Database()
        ),
        hub=SimpleNamespace(
            public_host="", api_url="http://192.0.2.1:8081/hub/api", base_url="/hub/"
        ),
        orm_spawner=SimpleNamespace(name="", server=None, user_options=None, state=None),
        api_token="secret",
        oauth_client_id="client",
    )
    _CLUSTERS.append(spawner.cluster)
    return spawner


def _state(job_id: str = "", port: int = 43210) -> dict[str, Any]:
    """Return the state of a session of an earlier hub process."""
    job = {
        "user": getpass.getuser(),
        "submission": "5ub",
        "token_hash": "",
        "job_id": job_id,
        "port": port,
    }
    return {"classdesk": job}


def _give_server(spawner: DesktopSpawner, ip: str = "", port: int = 0) -> None:
    """Give the spawner a record of its server, as JupyterHub does before it calls start()."""
    spawner.orm_spawner.server = object()

    async def wait_up(**_options: object) -> None:
        return

    spawner._server = SimpleNamespace(
        orm_server=spawner.orm_spawner.server, ip=ip, port=port, proto="http", wait_up=wait_up
    )


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the account of this process, often root, count as a learner's."""
    account = SimpleNamespace(pw_name=getpass.getuser(), pw_uid=1234, pw_dir=str(tmp_path))
    monkeypatch.setattr("pwd.getpwnam", lambda _name: account)


_CLUSTERS: list[Cluster] = []
"""The clusters of the test that runs."""


def _run(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        try:
            await asyncio.wait_for(scene(), 20)
        finally:
            while _CLUSTERS:
                await _come_to_rest(_CLUSTERS.pop())

    asyncio.run(bounded())


async def _come_to_rest(cluster: Cluster) -> None:
    """Let what runs in the background end by itself.

    Python 3.11 never returns from a task that is cancelled while it starts a process.
    """
    for task in cluster._tasks:
        if "_sweep" in repr(task.get_coro()):
            task.cancel()
    cluster.watcher._followed.clear()
    cluster.watcher._hurry.set()
    running = {*cluster._tasks, *filter(None, [cluster.watcher._task])}
    if running:
        await asyncio.wait(running, timeout=15)


def _message(spawner: DesktopSpawner) -> str:
    return str(spawner.progress_event()["message"])


async def _until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.02)


@pytest.mark.usefixtures("learner")
def test_start_waits_for_node_and_port_and_stop_cancels(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        await spawner.apply_user_options(spawner, {"ui": "desktop", "cores": 1})
        start = asyncio.ensure_future(spawner.start())
        await _until(lambda: bool(fake_slurm.jobs()))
        await _until(lambda: spawner.user.db.commits == 2)
        assert spawner.orm_spawner.state["job_id"] == "101"
        assert "secret" not in str(spawner.orm_spawner.state)
        assert "In the queue" in _message(spawner)
        fake_slurm.change("101", state="RUNNING", node="node1")
        await _until(lambda: "The machine node1 is yours" in _message(spawner))
        assert await spawner.accept_port(43210)
        assert "the session's server and desktop are starting" in _message(spawner)
        assert await start == ("192.0.2.7", 43210)
        assert not await spawner.accept_port(43211), "no port is expected any more"
        assert await spawner.poll() is None
        job = fake_slurm.jobs()["101"]
        assert "--cpus-per-task=1" in job["argv"]
        assert "--time=180" in job["argv"]
        assert job["environment"]["LESSONS_URL"] == "http://192.0.2.1:8081/hub/lessons"
        assert job["environment"]["JUPYTERHUB_DEFAULT_URL"] == "/desktop/"
        again = job["environment"]["CLASSDESK_START_AGAIN"]
        assert again == "opt-ui=desktop&opt-cores=1&opt-hours=3"
        assert not any("secret" in argument for argument in job["argv"])
        assert "secret" not in job["script"]
        await spawner.stop()
        assert fake_slurm.jobs()["101"]["state"] == "CANCELLED"
        assert await spawner.poll() == 1
        assert spawner.job_id == ""

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_refused_submission_is_a_sentence_and_leaves_no_job(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        fake_slurm.break_program(
            "sbatch", "sbatch: error: Unable to contact slurm controller (connect failure)"
        )
        spawner = _spawner(fake_slurm)
        with pytest.raises(SlurmUnavailableError, match="does not answer"):
            await spawner.start()
        assert not fake_slurm.jobs()
        await spawner.stop()

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_job_that_ends_before_it_is_ready_says_how(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await _until(lambda: bool(fake_slurm.jobs()))
        fake_slurm.change("101", state="OUT_OF_MEMORY")
        with pytest.raises(JobEndedError, match="more memory than it had"):
            await start

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_start_given_up_during_submission_leaves_no_job(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        fake_slurm.slow_program("sbatch", 0.5)
        spawner = _spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await _until(lambda: bool(fake_slurm.calls("sbatch")))
        start.cancel()
        await _until(lambda: any(job["state"] == "CANCELLED" for job in fake_slurm.jobs().values()))

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_failing_scancel_is_tried_until_the_job_is_gone(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        spawner.job = SessionJob.new(spawner.cluster, getpass.getuser(), "secret")
        await spawner.job.submit([], "", {})
        fake_slurm.break_program(
            "scancel", "scancel: error: Socket timed out on send/recv operation"
        )
        with pytest.raises(SessionError):
            await spawner.stop()
        spawner.clear_state()  # as JupyterHub does whatever stop() said
        fake_slurm.mend_program("scancel")
        await _until(lambda: fake_slurm.jobs()["101"]["state"] == "CANCELLED")

    _run(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize("stderr", ["Zero Bytes were transmitted or received", "anything", "HANG"])
def test_a_failing_squeue_never_drops_a_session(fake_slurm: FakeSlurm, stderr: str) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm, command_timeout_s=0.2)
        fake_slurm.break_program("squeue", stderr)
        spawner.load_state(_state("101"))
        for _ in range(10):
            assert await spawner.poll() is None
            await asyncio.sleep(0.1)
        assert "does not answer at the moment" in _message(spawner)

    _run(scene)


def test_poll_asks_slurm_nothing_itself(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawners = [_spawner(fake_slurm, job_name="many") for _ in range(50)]
        for number, spawner in enumerate(spawners):
            spawner.load_state(_state(str(number)))
        for _ in range(5):
            await asyncio.gather(*(spawner.poll() for spawner in spawners))
            await asyncio.sleep(0.02)
        assert len(fake_slurm.calls("squeue")) < 10, "for 250 polls"

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_start_goes_on_after_a_restart_of_the_hub(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        first = _spawner(fake_slurm)
        start = asyncio.ensure_future(first.start())
        await _until(lambda: first.user.db.commits == 2)
        start.cancel()
        second = _spawner(fake_slurm)
        _give_server(second, "", 0)
        second.load_state(first.orm_spawner.state)
        poll = asyncio.ensure_future(second.poll())
        await _until(lambda: second.pending == "spawn")
        assert "In the queue" in _message(second)
        fake_slurm.change("101", state="RUNNING", node="node1")
        assert second.job is not None
        assert second.job.owns_token("secret")
        assert await second.accept_port(43210)
        assert await poll is None
        assert (second.server.ip, second.server.port) == ("192.0.2.7", 43210)
        assert await second.poll() is None

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_job_whose_number_was_never_stored_is_found(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        _give_server(spawner, "", 0)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", state="RUNNING", node="node1", comment=":5ub@x")
        spawner.load_state(_state(port=0))
        poll = asyncio.ensure_future(spawner.poll())
        await _until(lambda: spawner.job is not None and spawner.job.job_id == "101")
        assert await spawner.accept_port(43210)
        assert await poll is None

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_port_is_written_down_before_the_call_home_is_answered(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        first = _spawner(fake_slurm)
        start = asyncio.ensure_future(first.start())
        await _until(lambda: first.user.db.commits == 2)
        assert await first.accept_port(43210)
        written = first.orm_spawner.state
        start.cancel()  # the hub dies before it knows that the job runs
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        second = _spawner(fake_slurm)
        _give_server(second)
        second.load_state(written)
        assert await second.poll() is None
        assert (second.server.ip, second.server.port) == ("192.0.2.7", 43210)

    _run(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize(
    "job",
    [
        pytest.param({"state": "RUNNING", "start": "2000"}, id="requeued"),
        pytest.param({"state": "PENDING", "start": "2000"}, id="requeued-and-waiting"),
        pytest.param({"state": "SUSPENDED", "start": "1000"}, id="suspended"),
    ],
)
def test_what_slurm_did_while_the_hub_was_away_is_noticed(
    fake_slurm: FakeSlurm, job: dict[str, str]
) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", node="node1", **job)
        _give_server(spawner, "192.0.2.7", 43210)
        state = _state("101")
        state["classdesk"]["start"] = 1000
        spawner.load_state(state)
        poll = asyncio.ensure_future(spawner.poll())
        await _until(lambda: spawner.pending == "spawn")
        if job["start"] == "1000":
            await _until(lambda: "suspended" in _message(spawner))
        else:
            await _until(lambda: spawner.job is not None and not spawner.job.reached)
        fake_slurm.change("101", state="RUNNING")
        if job["start"] != "1000":
            assert await spawner.accept_port(43222)
        assert await poll is None
        assert spawner.server.port == (43210 if job["start"] == "1000" else 43222)

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_start_that_is_cancelled_after_a_restart_of_the_hub_leaves_no_job(
    fake_slurm: FakeSlurm,
) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        _give_server(spawner)
        spawner._check_pending = True
        spawner.load_state(_state("101", port=0))
        check = asyncio.ensure_future(spawner.poll())
        await _until(lambda: spawner.pending == "spawn")
        assert spawner._spawn_future is not None
        spawner._spawn_future.cancel()  # as the handler of *Cancel* does
        await _until(lambda: not spawner.pending)
        assert await spawner.poll() is None, "JupyterHub stops only what lives"
        await spawner.stop()
        assert fake_slurm.jobs()["101"]["state"] == "CANCELLED"
        assert not check.done()
        spawner._server = spawner.orm_spawner.server = None  # as JupyterHub does at the end
        assert await check == 1

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_session_that_ended_by_itself_tells_how_until_the_next_one(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        await spawner.cluster.commands.submit("ada", [], "", {})
        fake_slurm.change("101", state="TIMEOUT")
        spawner.load_state(_state("101"))
        assert await spawner.poll() == 1
        later = _spawner(fake_slurm)
        later.load_state(spawner.get_state())
        assert later.ending == "The session reached its time limit."
        start = asyncio.ensure_future(later.start())
        await _until(lambda: len(fake_slurm.jobs()) == 2)
        assert later.ending == ""
        start.cancel()

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_submission_that_never_happened_is_told_after_a_restart(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        spawner.load_state(_state(port=0))
        assert await spawner.poll() == 1
        assert spawner._spawn_future is not None
        assert "restarted before your session was submitted" in str(
            spawner._spawn_future.exception()
        )

    _run(scene)


@pytest.mark.usefixtures("learner")
def test_a_requeued_session_is_followed_to_its_new_address(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        routes: list[tuple[str, int]] = []

        async def add_user(_user: object, _name: str) -> None:
            routes.append((spawner.server.ip, spawner.server.port))

        spawner.user.settings = {"proxy": SimpleNamespace(add_user=add_user)}
        start = asyncio.ensure_future(spawner.start())
        await _until(lambda: bool(fake_slurm.jobs()))
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        await _until(lambda: spawner.job is not None)
        assert await spawner.accept_port(43210)
        await start
        _give_server(spawner, "192.0.2.7", 43210)
        assert not await spawner.accept_port(43211), "the job still runs where it did"
        fake_slurm.change("101", state="PENDING", node="")
        await asyncio.sleep(0.5)
        assert await spawner.poll() is None
        fake_slurm.change("101", state="RUNNING", node="node2", start="2000")
        assert await spawner.accept_port(43222)
        assert routes == [("192.0.2.7", 43222)]
        assert spawner.orm_spawner.state["classdesk"]["port"] == 43222

    _run(scene)


def test_jobs_without_a_session_are_swept_and_those_of_others_are_not(
    fake_slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classdesk_spawner._cluster._SWEEP_S", 0.2)

    async def scene() -> None:
        cluster = _spawner(fake_slurm).cluster
        for comment in (f":a@{cluster.hub_id}", ":b@another", "", f":c@{cluster.hub_id}"):
            job_id = await cluster.commands.submit("ada", [], "", {})
            fake_slurm.change(job_id, state="RUNNING", node="node1", comment=comment)
        cluster.know("c")
        cluster.start_sweeping()
        await _until(lambda: fake_slurm.jobs()["101"]["state"] == "CANCELLED")
        await asyncio.sleep(0.6)
        assert [job["state"] for job in fake_slurm.jobs().values()] == [
            "CANCELLED",
            *["RUNNING"] * 3,
        ]

    _run(scene)


def test_root_gets_no_session(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        spawner.user.name = "root"
        with pytest.raises(SessionError, match="root"):
            await spawner.start()
        assert not fake_slurm.jobs()

    _run(scene)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"cores": "64"}, id="more-than-the-partition"),
        pytest.param({"cmd": "id", "prologue": "id"}, id="template-variables-of-batchspawner"),
    ],
)
def test_every_way_to_start_is_validated(fake_slurm: FakeSlurm, stored: dict[str, object]) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        with pytest.raises(OptionsError):
            await spawner.apply_user_options(spawner, stored)
        spawner.user_options = stored
        with pytest.raises(OptionsError):
            await spawner.start()
        assert not fake_slurm.jobs()

    _run(scene)


def test_the_form_offers_the_last_choice_and_what_was_refused(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        spawner.orm_spawner.user_options = {"ui": "lab", "cores": 3, "hours": 1.5}
        form = await spawner.get_options_form()
        assert 'value="3"' in form
        assert 'value="1.5"' in form
        with pytest.raises(OptionsError):
            await spawner.run_options_from_form(
                {"ui": ["desktop"], "cores": ["77"], "hours": ["2"]}
            )
        assert 'value="77"' in await spawner.get_options_form()
        assert 'value="77"' not in await spawner.get_options_form()
        spawner.orm_spawner.user_options = {"cmd": "x"}
        assert 'value="2"' in await spawner.get_options_form()

    _run(scene)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"port": "8888"}',
        b'{"port": true}',
        b'{"port": 80}',
        b'{"port": 65536}',
        b'{"port": 8888.0}',
        b'{"port": 8888, "cmd": ["sh"]}',
        b'{"batch_submit_cmd": "x"}',
        b"{" * 100_000,
        b"\xff\xfe",
    ],
)
def test_call_home_takes_nothing_but_a_port(body: bytes) -> None:
    with pytest.raises(HTTPError) as caught:
        read_port(body)
    assert caught.value.status_code == 400


def test_last_words_are_text_and_short() -> None:
    body = json.dumps({"log": base64.b64encode(b"no\x1b[31m space\n" * 500).decode()}).encode()
    assert (
        read_last_words(body[:8192] if len(body) < 8192 else b'{"log": "bm8bWzMxbSBzcGFjZQo="}')
        == "no[31m space"
    )
    for wrong in (
        b"{}",
        b'{"log": 3}',
        b'{"log": "\xc3"}',
        b'{"log": "a b"}',
        b'{"log": "", "cmd": "x"}',
    ):
        with pytest.raises(HTTPError):
            read_last_words(wrong)


def test_call_home_takes_a_port() -> None:
    assert read_port(b'{"port": 43210}') == 43210


def test_batchspawners_own_handler_is_not_reachable() -> None:
    handlers = [row[1] for row in default_handlers if row[0] == PORT_ROUTE]
    assert handlers == [PortHandler]
    assert not [row for row in default_handlers if "batchspawner.api" in row[1].__module__]


@pytest.mark.usefixtures("learner")
def test_an_extension_moves_the_end_within_the_partitions_limit(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        await spawner.apply_user_options(spawner, {"ui": "desktop", "hours": 3})
        start = asyncio.ensure_future(spawner.start())
        await _until(lambda: bool(fake_slurm.jobs()))
        with pytest.raises(ExtensionError, match="does not run"):
            await extend(spawner, 30)
        begin = 1_800_000_000
        times = {"start": str(begin), "end": str(begin + 3 * 3600)}
        fake_slurm.change("101", state="RUNNING", node="n1", **times)
        assert await spawner.accept_port(40000)
        await start
        _give_server(spawner)
        assert await extend(spawner, 30) == begin + 210 * 60
        first, second = await asyncio.gather(extend(spawner, 30), extend(spawner, 30))
        assert [first, second] == [begin + 240 * 60, begin + 270 * 60]
        assert await extend(spawner, 1440) == begin + 8 * 3600
        with pytest.raises(ExtensionError, match="the partition main allows 8 hours"):
            await extend(spawner, 1)
        fake_slurm.break_program("scontrol", "slurm_update error: Access/permission denied")
        fake_slurm.change("101", end=str(begin + 3 * 3600))
        await _until(
            lambda: getattr(spawner.job and spawner.job.seen, "end", 0) == begin + 3 * 3600
        )
        with pytest.raises(SessionError, match="may not extend sessions"):
            await extend(spawner, 5)

    _run(scene)
