"""What is being saved when a session ends is saved, and nothing is half written."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from tornado.web import HTTPError

from classdesk_desktop.server.channel import Channels, Message, SessionState
from classdesk_desktop.server.saving import Savers, SessionContents, end_in_order
from classdesk_desktop.session.runtime import RuntimeDirectory
from support.clock import pass_time


class Page:
    """A page that may save when it hears of the end."""

    name = "ada"

    def __init__(self, *, is_owner: bool = True) -> None:
        self.is_owner = is_owner

    def send(self, _message: Message) -> None:
        """Hear nothing of interest."""


def model(text: str) -> dict[str, object]:
    return {"type": "file", "format": "text", "content": text}


@pytest.fixture
def contents(tmp_path: Path) -> SessionContents:
    return SessionContents(root_dir=str(tmp_path))


def test_the_end_waits_for_what_is_being_written_and_refuses_more(
    contents: SessionContents, tmp_path: Path, runtime: RuntimeDirectory
) -> None:
    text = "long " * 2_000_000

    async def story() -> None:
        channels = Channels(SessionState(runtime.state_file))
        saving = asyncio.create_task(contents.save(model(text), "long.txt"))
        await asyncio.sleep(0)
        await end_in_order(lambda: None, Savers(channels), contents)
        assert (tmp_path / "long.txt").read_text() == text
        await saving
        with pytest.raises(HTTPError, match="ending"):
            await contents.save(model("new"), "long.txt")

    asyncio.run(story())
    assert (tmp_path / "long.txt").read_text() == text


def test_the_end_waits_for_the_pages_that_save(contents: SessionContents, runtime: RuntimeDirectory) -> None:
    said: list[str] = []

    async def story() -> None:
        channels = Channels(SessionState(runtime.state_file))
        savers = Savers(channels)
        lab, terminal = Page(), Page()
        for page in (lab, terminal):
            channels.add(page)
        channels.receive(lab, '{"type": "saves"}')

        def goodbye() -> None:
            said.append("goodbye")

            async def save() -> None:
                await contents.save(model("kept"), "notes.txt")
                said.append("saved")
                channels.receive(lab, '{"type": "saved"}')

            tasks.append(asyncio.create_task(save()))

        tasks: list[asyncio.Task[None]] = []
        await end_in_order(goodbye, savers, contents)
        assert said == ["goodbye", "saved"]
        for page in (lab, terminal):
            channels.remove(page)

    asyncio.run(story())


@pytest.mark.parametrize("gone", ["closed", "never a saver", "a visitor"])
def test_the_end_does_not_wait_for_others(contents: SessionContents, runtime: RuntimeDirectory, gone: str) -> None:
    async def story() -> None:
        channels = Channels(SessionState(runtime.state_file))
        savers = Savers(channels)
        page = Page(is_owner=gone != "a visitor")
        channels.add(page)
        if gone != "never a saver":
            channels.receive(page, '{"type": "saves"}')
        if gone == "closed":
            channels.remove(page)
        began = time.monotonic()
        await end_in_order(lambda: None, savers, contents)
        assert time.monotonic() - began < 2
        channels.remove(page)

    asyncio.run(story())


def test_a_page_that_sleeps_holds_the_end_for_seconds_only(
    contents: SessionContents, runtime: RuntimeDirectory
) -> None:
    async def story() -> None:
        channels = Channels(SessionState(runtime.state_file))
        savers = Savers(channels)
        page = Page()
        channels.add(page)
        channels.receive(page, '{"type": "saves"}')
        ending = asyncio.create_task(end_in_order(lambda: None, savers, contents))
        await asyncio.sleep(0.1)
        assert not ending.done(), "the page may still save"
        pass_time(5)
        async with asyncio.timeout(10):
            await ending
        channels.remove(page)

    asyncio.run(story())
