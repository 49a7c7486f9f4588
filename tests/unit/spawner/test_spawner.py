"""The life of a session against the fake Slurm; the real one is in tests/integration."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.apihandlers import default_handlers
from tornado.web import HTTPError

from classdesk_spawner import DesktopSpawner, SessionError, SlurmSettings, SpawnerSettings
from classdesk_spawner._errors import JobEndedError, OptionsError, SlurmUnavailableError
from classdesk_spawner._port_handler import ROUTE, PortHandler, read_port
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
        user=SimpleNamespace(name=getpass.getuser(), url="/user/ada/", escaped_name="ada"),
        hub=SimpleNamespace(
            public_host="", api_url="http://192.0.2.1:8081/hub/api", base_url="/hub/"
        ),
        orm_spawner=SimpleNamespace(name="", server=None, user_options=None, state=None),
        api_token="secret",
        oauth_client_id="client",
    )
    spawner.db = _Database()
    return spawner


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the account of this process, often root, count as a learner's."""
    account = SimpleNamespace(pw_name=getpass.getuser(), pw_uid=1234, pw_dir=str(tmp_path))
    monkeypatch.setattr("pwd.getpwnam", lambda _name: account)


def _run(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(scene(), 20)

    asyncio.run(bounded())


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
        await _until(lambda: bool(spawner.job_id))
        assert spawner.orm_spawner.state == {"job_id": "101", "job_user": getpass.getuser()}
        assert spawner.db.commits == 1
        assert spawner._progress_event()["progress"] == 20
        fake_slurm.change("101", state="RUNNING", node="node1")
        await _until(lambda: spawner._progress_event()["progress"] == 50)
        assert spawner.accept_port(43210)
        assert not spawner.accept_port(43211), "a port is taken once"
        assert await start == ("192.0.2.7", 43210)
        assert await spawner.poll() is None
        job = fake_slurm.jobs()["101"]
        assert "--cpus-per-task=1" in job["argv"]
        assert "--time=180" in job["argv"]
        assert job["environment"]["LESSONS_URL"] == "http://192.0.2.1:8081/hub/lessons"
        assert job["environment"]["JUPYTERHUB_DEFAULT_URL"] == "/desktop/"
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
        assert spawner.job_id == ""
        assert not spawner.accept_port(43210)
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
        assert spawner.job_id == ""

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
def test_a_failing_scancel_keeps_the_job_known(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm)
        spawner.load_state({"job_id": "101", "job_user": getpass.getuser()})
        fake_slurm.break_program(
            "scancel", "scancel: error: Socket timed out on send/recv operation"
        )
        with pytest.raises(SessionError):
            await spawner.stop()
        assert spawner.job_id == "101"
        assert len(fake_slurm.calls("scancel")) == 3

    _run(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize("stderr", ["Zero Bytes were transmitted or received", "anything", "HANG"])
def test_a_failing_squeue_never_drops_a_session(fake_slurm: FakeSlurm, stderr: str) -> None:
    async def scene() -> None:
        spawner = _spawner(fake_slurm, command_timeout_s=0.2)
        fake_slurm.break_program("squeue", stderr)
        spawner.load_state({"job_id": "101"})
        for _ in range(10):
            assert await spawner.poll() is None
            await asyncio.sleep(0.1)
        assert "does not answer at the moment" in str(spawner._progress_event()["message"])

    _run(scene)


def test_poll_asks_slurm_nothing_itself(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawners = [_spawner(fake_slurm, job_name="many") for _ in range(50)]
        for number, spawner in enumerate(spawners):
            spawner.load_state({"job_id": str(number)})
        for _ in range(5):
            await asyncio.gather(*(spawner.poll() for spawner in spawners))
            await asyncio.sleep(0.02)
        assert len(fake_slurm.calls("squeue")) <= 2

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


def test_call_home_takes_a_port() -> None:
    assert read_port(b'{"port": 43210}') == 43210


def test_batchspawners_own_handler_is_not_reachable() -> None:
    handlers = [row[1] for row in default_handlers if row[0] == ROUTE]
    assert handlers == [PortHandler]
    assert not [row for row in default_handlers if "batchspawner.api" in row[1].__module__]
