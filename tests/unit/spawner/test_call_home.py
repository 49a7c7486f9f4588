"""What a session tells the hub."""

import asyncio
import base64
import json
from types import SimpleNamespace

import pytest
from jupyterhub.apihandlers import default_handlers
from tornado.web import HTTPError

from classdesk_spawner.api.job_handlers import (
    PORT_ROUTE,
    PortHandler,
    read_last_words,
    read_port,
)
from support.fake_slurm import FakeSlurm
from support.fake_spawner import give_server, make_spawner, message, run_scene, until


@pytest.mark.usefixtures("learner")
def test_a_requeued_session_is_followed_to_its_new_address(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        routes: list[tuple[str, int]] = []

        async def add_user(_user: object, _name: str) -> None:
            routes.append((spawner.server.ip, spawner.server.port))

        spawner.user.settings = {"proxy": SimpleNamespace(add_user=add_user)}
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(fake_slurm.jobs()))
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        await until(lambda: spawner.job is not None)
        assert await spawner.accept_port(43210, "")
        await start
        give_server(spawner, "192.0.2.7", 43210)
        assert not await spawner.accept_port(43211, ""), "the job still runs where it did"
        fake_slurm.change("101", state="PENDING", node="")
        await asyncio.sleep(0.5)
        assert await spawner.poll() is None
        fake_slurm.change("101", state="RUNNING", node="node2", start="2000")
        assert await spawner.accept_port(43222, "")
        assert routes == [("192.0.2.7", 43222)]
        assert spawner.orm_spawner.state["classdesk"]["port"] == 43222

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_call_home_from_a_node_needs_no_look_at_the_queue(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        fake_slurm.break_program("squeue", "Socket timed out")
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(spawner.job and spawner.job.job_id))
        assert await spawner.accept_port(43210, "::ffff:192.0.2.7")
        assert "the session's server and desktop are starting" in message(spawner)
        assert await start == ("192.0.2.7", 43210)
        give_server(spawner, "192.0.2.7", 43210)
        assert await spawner.poll() is None
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        fake_slurm.mend_program("squeue")
        await until(lambda: spawner.orm_spawner.state["classdesk"]["start"] == 1000)
        assert not await spawner.accept_port(43211, "192.0.2.7"), "the job has not started anew"

    run_scene(scene)


@pytest.mark.usefixtures("learner")
@pytest.mark.parametrize("caller", ["192.0.2.99", "", "fe80::1%eth0", "not an address"])
def test_a_call_home_from_elsewhere_waits_until_slurm_says_where_the_job_runs(
    fake_slurm: FakeSlurm, caller: str
) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(spawner.job and spawner.job.job_id))
        assert await spawner.accept_port(43210, caller)
        await asyncio.wait([start], timeout=0.5)
        assert not start.done()
        fake_slurm.change("101", state="RUNNING", node="node1", start="1000")
        assert await start == ("192.0.2.7", 43210)

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_session_that_calls_from_another_node_is_looked_for_where_its_job_runs(
    fake_slurm: FakeSlurm,
) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        spawner.cluster.watcher.fast_tick_s = 2.0  # no look at the queue before the call home
        routes: list[tuple[str, int]] = []

        async def add_user(_user: object, _name: str) -> None:
            routes.append((spawner.server.ip, spawner.server.port))

        spawner.user.settings = {"proxy": SimpleNamespace(add_user=add_user)}
        fake_slurm.add_node("node2", "192.0.2.8")
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(spawner.job and spawner.job.job_id))
        assert await spawner.accept_port(43210, "192.0.2.8")
        # From the call home on, each look shows that it runs.
        fake_slurm.change("101", state="RUNNING", node="node1")
        assert await start == ("192.0.2.8", 43210)
        give_server(spawner, "192.0.2.8", 43210)
        await until(lambda: bool(routes))
        assert routes == [("192.0.2.7", 43210)]

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_slurm_cleans_up_before_it_starts_a_session_anew(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(spawner.job and spawner.job.job_id))
        assert await spawner.accept_port(43210, "")
        fake_slurm.change("101", state="COMPLETING", node="node1")
        await until(lambda: spawner.job is not None and spawner.job.port == 0)
        for state in ("PENDING", "RUNNING"):
            fake_slurm.change("101", state=state, node="node1")
            await asyncio.wait([start], timeout=0.4)
            assert not start.done(), "the new run has not called home"
        assert await spawner.accept_port(43222, "")
        assert await start == ("192.0.2.7", 43222)

    run_scene(scene)


@pytest.mark.usefixtures("learner")
def test_a_session_requeued_while_it_starts_is_waited_for_anew(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(spawner.job and spawner.job.job_id))
        assert await spawner.accept_port(43210, "")
        await asyncio.wait([start], timeout=0.3)
        fake_slurm.change("101", state="RUNNING", node="node2")
        fake_slurm.add_node("node2", "192.0.2.8")
        assert await spawner.accept_port(43222, "192.0.2.8")
        assert await start == ("192.0.2.8", 43222)

    run_scene(scene)


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
    assert read_last_words(body[:8192] if len(body) < 8192 else b'{"log": "bm8bWzMxbSBzcGFjZQo="}') == "no[31m space"
    for wrong in (
        b"{}",
        b'{"log": 3}',
        b'{"log": "\xc3"}',
        b'{"log": "a b"}',
    ):
        with pytest.raises(HTTPError):
            read_last_words(wrong)


def test_call_home_takes_a_port_and_sets_nothing_else() -> None:
    assert read_port(b'{"port": 43210}') == 43210
    assert read_port(b'{"port": 43210, "cmd": ["sh"]}') == 43210


def test_batchspawners_own_handler_is_not_reachable() -> None:
    handlers = [row[1] for row in default_handlers if row[0] == PORT_ROUTE]
    assert handlers == [PortHandler]
    assert not [row for row in default_handlers if "batchspawner.api" in row[1].__module__]
