"""Fixtures of the tests that look into the desktop image."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.image import temporary_home


@pytest.fixture
def image_home() -> Iterator[Path]:
    """An empty home directory for commands in the image."""
    with temporary_home() as home:
        yield home


@pytest.fixture(scope="module")
def shared_image_home() -> Iterator[Path]:
    """A home directory for the checks that only look."""
    with temporary_home() as home:
        yield home
