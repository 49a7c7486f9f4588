from __future__ import annotations

import asyncio
import socket

import pytest

from classdesk_desktop.supervisor import announce
from classdesk_desktop.supervisor.announce import AnnouncementRefusedError, announce_port
from support.fake_hub import FakeHub as Hub

from .served import TOKEN


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(announce, "_LONGEST_WAIT_SECONDS", 0.05)


def test_the_port_is_posted_with_the_token(hub: Hub) -> None:
    asyncio.run(announce_port(hub.url, TOKEN, 4242, {}))
    assert hub.posts == [(f"token {TOKEN}", {"port": 4242})]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_or_restarting_hub_is_asked_again(hub: Hub, status: int) -> None:
    hub.statuses = [status, status]
    asyncio.run(announce_port(hub.url, TOKEN, 4242, {}))
    assert hub.ports == [4242, 4242, 4242]


def test_an_absent_hub_is_waited_for(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        absent = f"http://127.0.0.1:{closed.getsockname()[1]}/hub/api"

    async def try_for_a_moment() -> None:
        async with asyncio.timeout(0.3):
            await announce_port(absent, TOKEN, 4242, {})

    with pytest.raises(TimeoutError):
        asyncio.run(try_for_a_moment())


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_ends_the_tries_and_says_why(hub: Hub, status: int) -> None:
    hub.statuses = [status]
    with pytest.raises(AnnouncementRefusedError, match=f"4242 with status {status}"):
        asyncio.run(announce_port(hub.url, TOKEN, 4242, {}))
    assert hub.ports == [4242]
