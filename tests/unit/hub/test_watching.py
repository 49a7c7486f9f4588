"""The sockets that bring a learner's desktop to an instructor's page."""

import asyncio
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from classdesk_desktop.protocol import NOT_ALLOWED
from classdesk_hub.console import watch_handlers
from support.console import Console
from support.console_board import in_state
from support.fake_class import FakeClass


@pytest.mark.parametrize("socket", ["channel", "picture"])
def test_who_is_in_the_class_no_more_is_no_more_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket: str
) -> None:
    monkeypatch.setattr(watch_handlers, "CHECK_AGAIN_S", 0.1)
    with Console(FakeClass(5), tmp_path).running() as console:
        learner = in_state(console, "running")[0]
        address = console.url.replace("http", "ws", 1).replace("/class/", "/api/class/")
        headers = {"Authorization": "token the instructor's"}

        async def look() -> int | None:
            page = await websocket_connect(HTTPRequest(f"{address}/{socket}/{learner}", headers=headers))
            await asyncio.sleep(0.5)
            assert page.close_code is None, "an instructor of the class may look on"
            await asyncio.to_thread(console.leave, learner)
            async with asyncio.timeout(10):
                while await page.read_message() is not None:
                    pass
            page.close()
            return page.close_code

        assert asyncio.run(look()) == NOT_ALLOWED
