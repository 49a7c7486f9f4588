from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from classdesk_desktop.server.channel import Channels, SessionState
from classdesk_desktop.server.last_minute import LEAD_SECONDS, end_in_time
from classdesk_desktop.session.runtime import RuntimeDirectory


class Page:
    """A page that listens."""

    name = "ada"
    is_owner = True

    def __init__(self) -> None:
        self.heard: list[dict[str, object]] = []

    def send(self, message: dict[str, object]) -> None:
        self.heard.append(message)

    @property
    def reasons(self) -> list[object]:
        return [message["reason"] for message in self.heard if message["type"] == "ended"]


def run(
    runtime: RuntimeDirectory,
    seconds: float | str,
    visit: Callable[[Channels], Awaitable[None]],
    ask: Callable[[Channels], None] = lambda _: None,
) -> tuple[Page, list[float]]:
    """Run a session that ends so many seconds after its last moment; returns its page, and when it was stopped."""
    page, stopped = Page(), []

    async def go() -> None:
        end = time.time() + LEAD_SECONDS + seconds if isinstance(seconds, float) else seconds
        channels = Channels(SessionState(runtime.state_file, end=end))
        channels.add(page)

        async def ask_for_end() -> None:
            ask(channels)

        task = asyncio.create_task(end_in_time(channels, ask_for_end, lambda: stopped.append(time.time())))
        await visit(channels)
        task.cancel()
        channels.remove(page)

    asyncio.run(go())
    return page, stopped


async def wait_a_second(channels: Channels) -> None:
    await asyncio.sleep(1.2)


def test_the_pages_hear_why_before_the_session_stops(runtime: RuntimeDirectory) -> None:
    page, stopped = run(runtime, 0.3, wait_a_second)
    assert page.reasons == ["time-limit"]
    assert len(stopped) == 1


def test_a_session_without_a_known_end_goes_on(runtime: RuntimeDirectory) -> None:
    page, stopped = run(runtime, "", wait_a_second)
    assert (page.reasons, stopped) == ([], [])


def test_more_time_moves_the_end(runtime: RuntimeDirectory) -> None:
    async def extend(channels: Channels) -> None:
        channels.state.update(end=time.time() + 3600)
        await asyncio.sleep(1.2)

    page, stopped = run(runtime, 0.3, extend)
    assert (page.reasons, stopped) == ([], [])


def test_more_time_that_only_the_hub_knows_of_is_found_at_the_last_moment(
    runtime: RuntimeDirectory,
) -> None:
    page, stopped = run(runtime, 0.3, wait_a_second, lambda channels: channels.state.update(end=time.time() + 3600))
    assert (page.reasons, stopped) == ([], [])
