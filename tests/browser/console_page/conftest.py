"""The console's page with made-up learners. The same page with real sessions is in test_console.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from support.browser import close_window
from support.console import Console
from support.console_board import LIVE, Open
from support.fake_class import FakeClass
from support.world import PATIENCE


@pytest.fixture
def learners() -> int:
    return 24


@pytest.fixture
def churn() -> float:
    return 0.0


@pytest.fixture
def console(learners: int, churn: float, tmp_path: Path) -> Iterator[Console]:
    with Console(FakeClass(learners), tmp_path, churn=churn).running() as running:
        yield running


@pytest.fixture
def open_board(browser: Browser, console: Console, pictures: Path) -> Iterator[Open]:
    """Opens the board in a browser window; whatever the page complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # A connection that is lost on purpose is told by the browser itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_it(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options})
        contexts.append(context)
        context.set_default_timeout(10_000 * PATIENCE)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(console.url)
        page.wait_for_selector(LIVE)
        return page

    yield open_it
    pictures.mkdir(parents=True, exist_ok=True)
    for context in contexts:
        for number, page in enumerate(context.pages):
            page.screenshot(path=pictures / f"last-{number}.png")
        close_window(context)
    assert complaints == []
