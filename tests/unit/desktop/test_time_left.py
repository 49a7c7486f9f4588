"""The warnings before the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from classdesk_desktop.server.channel import Channels, Message, SessionState
from classdesk_desktop.server.ending import reason_to_stop, say_goodbye
from classdesk_desktop.server.notify import Urgency
from classdesk_desktop.server.time_left import TimeLeft, reached, seconds_to_next
from classdesk_desktop.session.runtime import RuntimeDirectory


@pytest.mark.parametrize(
    ("minutes_left", "warning"),
    [(31, None), (30, 30), (10.1, 30), (10, 10), (6, 10), (5, 5), (0, 5), (-1, 5)],
)
def test_the_last_warning_that_is_due(minutes_left: float, warning: int | None) -> None:
    assert reached(60 * minutes_left) == warning


@pytest.mark.parametrize(("minutes_left", "minutes"), [(180, 150), (30, 20), (12, 2), (6, 1), (5, None), (1, None)])
def test_the_wait_for_the_next_one(minutes_left: float, minutes: float | None) -> None:
    expected = None if minutes is None else 60 * minutes
    assert seconds_to_next(60 * minutes_left) == expected


class Page:
    name, is_owner = "ada", True

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def send(self, message: Message) -> None:
        self.heard.append(message)

    def warnings(self) -> list[int]:
        return [message["minutes"] for message in self.heard if message["type"] == "warning"]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class Desktop:
    """What a desktop shows of the warnings."""

    shown: dict[int, tuple[str, str]] = field(default_factory=dict)
    number: int = 0

    async def notify(self, title: str, _text: str, urgency: Urgency) -> int:
        self.number += 1
        self.shown[self.number] = (title, urgency)
        return self.number

    async def withdraw(self, number: int) -> None:
        del self.shown[number]


def test_each_warning_reaches_the_pages_once_and_more_time_is_none(
    runtime: RuntimeDirectory,
) -> None:
    desktop = Desktop()

    async def visit() -> None:
        channels = Channels(SessionState(runtime.state_file, end=time.time() + 30 * 60 + 0.2))
        page = Page()
        channels.add(page)
        task = asyncio.create_task(TimeLeft(channels, desktop.notify, desktop.withdraw).run())
        await until(lambda: page.warnings() == [30])
        channels.state.update(end=time.time() + 60 * 60)
        await asyncio.sleep(0.05)
        channels.state.update(end=time.time() + 10 * 60 + 0.2)
        await until(lambda: page.warnings() == [30, 30, 10])
        channels.state.update(end=time.time() + 60)
        await until(lambda: page.warnings()[-1] == 5)
        task.cancel()
        channels.remove(page)

    asyncio.run(visit())
    assert not desktop.number, "the desktop does not say it once more"


def test_a_warning_stands_on_the_desktop_where_no_page_is_open_until_there_is_more_time(
    runtime: RuntimeDirectory,
) -> None:
    desktop = Desktop()

    def shows(said: tuple[str, str]) -> bool:
        return [*desktop.shown.values()] == [said]

    async def visit() -> None:
        channels = Channels(SessionState(runtime.state_file, end=time.time() + 30 * 60 + 0.2))
        task = asyncio.create_task(TimeLeft(channels, desktop.notify, desktop.withdraw).run())
        await until(lambda: [urgency for _, urgency in desktop.shown.values()] == ["normal"])
        for seconds in (60, 200):  # also where it is still time for the same warning
            end = time.time() + seconds
            channels.state.update(end=end)
            said = (
                f"The session ends at {time.strftime('%H:%M', time.localtime(end))}",
                "critical",
            )
            await until(partial(shows, said))
        channels.state.update(end=time.time() + 60 * 60)
        await until(lambda: not desktop.shown)
        task.cancel()

    asyncio.run(visit())


def test_a_session_of_half_an_hour_does_not_begin_with_a_warning(runtime: RuntimeDirectory) -> None:
    desktop = Desktop()

    async def visit() -> None:
        channels = Channels(SessionState(runtime.state_file, end=time.time() + 25 * 60))
        page = Page()
        channels.add(page)
        task = asyncio.create_task(TimeLeft(channels, desktop.notify, desktop.withdraw).run())
        await asyncio.sleep(0.05)
        channels.state.update(hand=None)
        await asyncio.sleep(0.05)
        assert page.warnings() == []
        assert not desktop.number
        task.cancel()
        channels.remove(page)

    asyncio.run(visit())


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        pytest.param({"state": "painted", "end": 1000.0}, "time-limit", id="at the end"),
        pytest.param({"state": "painted", "end": 1080.0}, "time-limit", id="shortly before"),
        pytest.param({"state": "painted", "end": 1200.0}, "stopped", id="long before"),
        pytest.param({"state": "painted", "end": ""}, "stopped", id="no end known"),
        pytest.param({"state": "logged out", "end": 9000.0}, "logout", id="after a log-out"),
    ],
)
def test_why_a_session_is_asked_to_stop(state: dict[str, object], reason: str) -> None:
    assert reason_to_stop(state, now=1000.0) == reason


def test_goodbye_is_said_once(runtime: RuntimeDirectory) -> None:
    async def visit() -> None:
        channels = Channels(SessionState(runtime.state_file, end=""))
        page = Page()
        channels.add(page)
        say_goodbye(channels, "logout")
        say_goodbye(channels)
        channels.remove(page)
        ended = [message for message in page.heard if message["type"] == "ended"]
        assert [message["reason"] for message in ended] == ["logout"]

    asyncio.run(visit())
