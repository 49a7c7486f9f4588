"""Fixtures of all tests. Those that need a running product need a test world; see support/world.py."""

import gc
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from support import world


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden",
        action="store_true",
        help="write the golden files anew; look at the difference",
    )


def pytest_configure(config: pytest.Config) -> None:
    # pytest-xdist makes the folder of temporary files for its workers; each world has a /tmp of its own.
    if config.option.basetemp:
        Path(config.option.basetemp).parent.mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without the garbage collector: what is imported stays, and to go through it costs seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Directory for screenshots and logs that are kept after the tests: build/artifacts."""
    world.ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return world.ARTIFACTS


@pytest.fixture(scope="session")
def _product() -> world.Hub:
    world.require_world()
    return world.bring_up()


@pytest.fixture
def hub(_product: world.Hub) -> world.Hub:
    """The running hub with its accounts. It is brought up once, and again when a test has stopped it."""
    if not Path("/run/classdesk/supervisord.pid").exists():
        assert world.bring_up() == _product, "address and accounts stay the same"
    return _product


@pytest.fixture
def make_up() -> Callable[[], world.Hub]:
    """Runs `make up` again, for tests that stop or break something."""
    world.require_world()
    return world.bring_up
