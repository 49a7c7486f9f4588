"""The time between a session's call home and the first answer of its server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from jupyterhub.objects import Server

from classdesk_spawner import SessionError
from classdesk_spawner.errors import JobEndedError, ServerLostError
from classdesk_spawner.hub import server_wait as server_module
from classdesk_spawner.hub.server_wait import look_after
from classdesk_spawner.session.job import SessionJob
from support.clock import pass_time
from support.fake_slurm import FakeSlurm
from support.fake_spawner import make_spawner, run_scene, until


@contextlib.asynccontextmanager
async def _listening(answers: bool) -> AsyncIterator[int]:
    """Give the port of a server that answers, or one that takes connections and is silent."""

    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    listener = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0.05)  # closing takes a turn of the loop


def _server(port: int, goes_on: Callable[[], Awaitable[str | None]], later_port: int = 0) -> Any:
    server = Server(ip="127.0.0.1", port=port)
    job = cast("SessionJob", SimpleNamespace(goes_on=goes_on, port=later_port))

    def move(ip: str, port: int) -> None:
        server.ip, server.port = ip, port

    look_after(server, job, move)
    return server


async def _lives() -> None:
    return None


@pytest.fixture(autouse=True)
def _short_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_ATTEMPT_S", 0.3)


def test_a_silent_server_is_given_up_in_time_and_in_a_sentence() -> None:
    async def scene() -> None:
        async with _listening(answers=False) as port, asyncio.timeout(15):
            with pytest.raises(TimeoutError) as lost:
                await _server(port, _lives).wait_up(timeout=1, http=True, extra_path="api")
        assert isinstance(lost.value, ServerLostError)
        assert "does not answer. Please start again" in str(lost.value.jupyterhub_message)
        assert "127.0.0.1" not in str(lost.value.jupyterhub_message)

    run_scene(scene)


def test_the_end_of_the_job_ends_the_wait() -> None:
    async def ended() -> None:
        raise JobEndedError("It failed.", job_id="7", last_words="No space left on device")

    async def scene() -> None:
        async with _listening(answers=False) as port, asyncio.timeout(15):
            with pytest.raises(ServerLostError, match="Your home directory is full") as lost:
                await _server(port, ended).wait_up(timeout=60, http=True)
        assert "<pre" in str(lost.value.jupyterhub_html_message)

    run_scene(scene)


def test_a_session_that_starts_anew_is_waited_for_at_its_new_address() -> None:
    async def scene() -> None:
        async with _listening(answers=False) as old, _listening(answers=True) as new:

            async def moves() -> str:
                return "127.0.0.1"

            async with asyncio.timeout(15):
                await _server(old, moves, new).wait_up(timeout=0.5, http=True)

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_what_slurm_does_to_a_silent_session_is_seen(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        job = spawner.job = SessionJob.new(spawner.cluster, "ada", "secret")
        await job.submit([], "", {})
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        assert job.take_port(43210, "")
        assert await job.until_reachable() == "192.0.2.7"
        assert await job.goes_on() is None
        fake_slurm.change("101", state="PENDING", node="")
        again = asyncio.ensure_future(job.goes_on())
        await until(lambda: job.port == 0)
        fake_slurm.change("101", state="RUNNING", node="node1", start="2000")
        assert await spawner.accept_port(43222, "")
        assert await again == "192.0.2.7"
        assert job.port == 43222
        fake_slurm.change("101", state="FAILED")
        with pytest.raises(SessionError, match="The session's program failed"):
            await job.goes_on()

    run_scene(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize(
    ("state", "sentence"),
    [("PENDING", "waited too long in the queue"), ("RUNNING", "was not ready in time")],
)
def test_a_start_that_takes_too_long_is_told_in_a_sentence(fake_slurm: FakeSlurm, state: str, sentence: str) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        spawner.start_timeout = 8
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(fake_slurm.jobs()))
        fake_slurm.change("101", state=state, node="node1")
        await until(lambda: bool(spawner.job and spawner.job.seen and spawner.job.seen.node))
        assert not start.done()
        pass_time(spawner.start_timeout)
        with pytest.raises(SessionError, match=sentence):
            await start

    run_scene(scene)
