"""What all tests of faults share: two learners, and a look at the hub's log after each test."""

from collections.abc import Iterator

import pytest

from support import faults
from support.hub_client import HubClient
from support.world import Hub


@pytest.fixture(autouse=True)
def _no_traceback(hub: Hub) -> Iterator[None]:
    del hub
    with faults.no_traceback():
        yield


@pytest.fixture
def ada(hub: Hub) -> Iterator[HubClient]:
    with HubClient(hub, "learner01") as client:
        yield client


@pytest.fixture
def bob(hub: Hub) -> Iterator[HubClient]:
    with HubClient(hub, "learner02") as client:
        yield client
