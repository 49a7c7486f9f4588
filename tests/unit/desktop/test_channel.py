"""The channel: who hears what, and when."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from tornado.websocket import WebSocketClientConnection

from classdesk_desktop.server.channel import Channels, Listener, Message, SessionState
from classdesk_desktop.session.runtime import RuntimeDirectory, write_state

from .served import AUTHORIZED, Page, Server, connect, get

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def channels(runtime: RuntimeDirectory) -> Channels:
    return Channels(SessionState(runtime.state_file, end=1900000000.0))


def run(channels: Channels, visit: Callable[[], Any]) -> None:
    async def all_of_it() -> None:
        await visit()
        for listener in channels:
            channels.remove(listener)

    asyncio.run(all_of_it())


def test_a_page_hears_the_state_at_its_start_and_at_each_change(channels: Channels, runtime: RuntimeDirectory) -> None:
    page = Page()

    async def visit() -> None:
        channels.add(page)
        assert page.heard == [page.last("state")]
        assert page.last("state")["state"] == "starting X"
        assert page.last("state")["end"] == 1900000000.0
        write_state(runtime.state_file, "painted", "", 1)
        await until(lambda: page.last("state")["state"] == "painted")
        channels.state.update(end=1900003600.0)
        assert page.last("state")["end"] == 1900003600.0

    run(channels, visit)


def test_what_is_the_same_is_not_told_again(channels: Channels) -> None:
    page = Page()

    async def visit() -> None:
        channels.add(page)
        channels.state.update(watchers=[])
        channels.state.update(watchers=[])
        assert len(page.heard) == 2

    run(channels, visit)


def test_the_state_file_is_looked_at_only_while_somebody_listens(channels: Channels) -> None:
    page = Page()

    async def visit() -> None:
        assert len(asyncio.all_tasks()) == 1
        channels.add(page)
        assert len(asyncio.all_tasks()) == 2
        channels.remove(page)
        await until(lambda: len(asyncio.all_tasks()) == 1)

    run(channels, visit)


@pytest.mark.parametrize(
    ("to", "hearers"),
    [
        pytest.param("all", ["ada", "bert", "cora"], id="all"),
        pytest.param("owner", ["ada"], id="owner"),
        pytest.param("cora", ["cora"], id="one person"),
        pytest.param("dan", [], id="nobody of that name"),
    ],
)
def test_a_message_goes_to_those_it_is_for(channels: Channels, to: str, hearers: list[str]) -> None:
    pages = [Page("ada"), Page("bert", is_owner=False), Page("cora", is_owner=False)]

    async def visit() -> None:
        for page in pages:
            channels.add(page)
        assert channels.broadcast({"type": "message", "text": "hello"}, to) == len(hearers)

    run(channels, visit)
    assert [page.name for page in pages if page.heard[-1]["type"] == "message"] == hearers


def test_a_page_s_messages_reach_those_who_wait_for_their_type(channels: Channels) -> None:
    page = Page()
    seen: list[tuple[object, ...]] = []

    async def later(listener: Listener, message: Message) -> None:
        await asyncio.sleep(0)
        seen.append((listener.name, message["up"], "later"))

    async def visit() -> None:
        channels.on("hand", lambda listener, message: seen.append((listener.name, message["up"])))
        channels.on("hand", later)
        channels.receive(page, '{"type": "hand", "up": true}')
        await until(lambda: len(seen) == 2)

    run(channels, visit)
    assert seen == [("ada", True), ("ada", True, "later")]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"type": "unheard of"}', '{"type": []}'])
def test_what_is_no_message_is_dropped(channels: Channels, text: str) -> None:
    page = Page()
    channels.receive(page, text)
    assert page.heard == []


def test_a_fault_in_one_handler_is_logged_and_harms_nobody(
    channels: Channels, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(listener: Listener, message: Message) -> None:
        raise KeyError(message["text"])

    async def visit() -> None:
        channels.on("seen", fail)
        channels.receive(Page(), '{"type": "seen"}')
        await until(lambda: "KeyError" in caplog.text)

    run(channels, visit)


async def hear(socket: WebSocketClientConnection) -> Message:
    async with asyncio.timeout(5):
        text = await socket.read_message()
    assert isinstance(text, str)
    message: Message = json.loads(text)
    return message


def test_the_websocket_tells_the_state_and_answers_pings(server: Server, runtime: RuntimeDirectory) -> None:
    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await hear(page))["state"] == "starting X"
        write_state(runtime.state_file, "painted", "", 1)
        assert (await hear(page))["state"] == "painted"
        await page.write_message('{"type": "ping", "t": 42}')
        assert await hear(page) == {"type": "pong", "t": 42}
        channels: Channels = server.app.web_app.settings["classdesk_channels"]
        assert [(listener.name, listener.is_owner) for listener in channels] == [("ada <b>", True)]
        page.close()
        await until(lambda: not list(channels))

    server.run(visit)


def test_what_starts_later_knows_by_which_address_the_learners_browser_came(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = "DASK_DISTRIBUTED__DASHBOARD__LINK"
    monkeypatch.setenv("CLASSDESK_INTERFACE", "lab")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setenv(link, "/user/ada/proxy/{port}/status")

    async def visit(address: str) -> None:
        origin = f"http://{address.removesuffix('/user/ada')}"
        page = await connect(address, AUTHORIZED | {"Origin": origin}, "desktop/channel")
        await hear(page)
        assert os.environ[link] == f"{origin}/user/ada/proxy/{{port}}/status"
        page.close()

    server.run(visit)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param({"Authorization": "token wrong"}, id="wrong token"),
    ],
)
def test_a_strangers_channel_is_refused(server: Server, headers: dict[str, str]) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop/channel", headers=UPGRADE | headers)
        assert answer.code == 403

    server.run(visit)
