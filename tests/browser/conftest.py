"""Fixtures of the browser tests: Chromium, learners at it, and a place for pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support import faults, world
from support.browser import Chromium, SitDown, room, started_chromium

# What is to come at once has a time limit of its own; elsewhere a slow machine may be slow.
expect.set_options(timeout=15_000 * world.PATIENCE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    world.require_world()
    with started_chromium() as chromium:
        yield chromium


@pytest.fixture
def browser(chromium: Chromium) -> Browser:
    """The running Chromium."""
    return chromium.browser()


@pytest.fixture(scope="module")
def pictures(artifacts: Path, request: pytest.FixtureRequest) -> Path:
    """Where a module's screenshots go: build/artifacts/browser/MODULE."""
    return artifacts / "browser" / Path(request.path).stem.removeprefix("test_")


@pytest.fixture
def no_last_choice(hub: world.Hub) -> None:
    """Nobody has chosen anything in the form yet, whatever the tests before have started."""
    faults.forget_choices(hub)


@pytest.fixture(scope="session")
def docs_pictures(artifacts: Path) -> Path:
    """Where the documentation's pictures are made; tests/browser/take-pictures brings them into docs/pictures."""
    path = artifacts / "browser/pictures"
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def sit_down(browser: Browser, hub: world.Hub, pictures: Path) -> Iterator[SitDown]:
    """Sits a learner down at a browser window of their own, logged in. Their session ends with the test."""
    with room(browser, hub, pictures) as sit_down:
        yield sit_down


@pytest.fixture(scope="module")
def sit_down_for_long(chromium: Chromium, _product: world.Hub, pictures: Path) -> Iterator[SitDown]:
    """The same for sessions that the tests of a module share, one after the other."""
    if not Path("/run/classdesk/supervisord.pid").exists():
        assert world.bring_up() == _product, "address and accounts stay the same"
    with room(chromium.browser(), _product, pictures) as sit_down:
        yield sit_down
