"""The sockets that bring a learner's desktop to an instructor's page."""

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from classdesk_desktop.protocol import NOT_ALLOWED
from classdesk_hub.console import watch_handlers
from support.console import Console
from support.console_board import in_state
from support.fake_class import FakeClass

PIECE = bytes(1 << 20)


def watch(console: Console, socket: str) -> Awaitable[WebSocketClientConnection]:
    """Opens the websocket of an instructor's page to a running session."""
    learner = in_state(console, "running")[0]
    address = console.url.replace("http", "ws", 1).replace("/class/", "/api/class/")
    headers = {"Authorization": "token the instructor's"}
    return websocket_connect(HTTPRequest(f"{address}/{socket}/{learner}", headers=headers))


@pytest.mark.parametrize("socket", ["channel", "picture"])
def test_who_is_in_the_class_no_more_is_no_more_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket: str
) -> None:
    monkeypatch.setattr(watch_handlers, "CHECK_AGAIN_S", 0.1)
    with Console(FakeClass(5), tmp_path).running() as console:
        learner = in_state(console, "running")[0]

        async def look() -> int | None:
            page = await watch(console, socket)
            await asyncio.sleep(0.5)
            assert page.close_code is None, "an instructor of the class may look on"
            await asyncio.to_thread(console.leave, learner)
            async with asyncio.timeout(10):
                while await page.read_message() is not None:
                    pass
            page.close()
            return page.close_code

        assert asyncio.run(look()) == NOT_ALLOWED


def test_a_page_that_reads_slowly_fills_no_memory_of_the_console(tmp_path: Path) -> None:
    """What the page has not taken waits in the session, and comes when it is taken."""
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        while taken < 300:
            taken += 1
            yield PIECE

    with Console(FakeClass(5), tmp_path).running() as console:
        console.group.picture = pieces()

        async def look() -> tuple[int, int]:
            page = await watch(console, "picture")
            before = -1
            while taken != before:
                before = taken
                await asyncio.sleep(1)
            async with asyncio.timeout(30):
                for _ in range(300):
                    assert await page.read_message() == PIECE
            page.close()
            return before, taken

        waiting, all_of_them = asyncio.run(look())
    assert waiting < 60, "sockets hold some MiB, and the console a piece"
    assert all_of_them == 300
