from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path

import pytest

from classdesk_desktop.supervisor.log_size import keep_short, shorten


def test_a_log_that_is_too_long_is_emptied_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "session.log"
    with path.open("ab", buffering=0) as log:
        log.write(bytes(101))
        assert shorten(log.fileno(), 100)
        log.write(b"after")
        assert path.read_bytes() == b"after"
        assert not shorten(log.fileno(), 100)
        assert path.read_bytes() == b"after"


def test_a_pipe_is_no_log_to_be_emptied() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, bytes(101))
        assert not shorten(writing, 100)
        assert os.read(reading, 200) == bytes(101)
    finally:
        os.close(reading)
        os.close(writing)


def test_the_log_says_that_it_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "session.log"
    path.write_bytes(bytes(3 << 20))

    async def watch() -> None:
        with path.open("ab", buffering=0) as file, contextlib.suppress(TimeoutError):
            watching = keep_short(file.fileno(), 2 << 20, 0.01)
            async with asyncio.timeout(0.2):
                await watching

    with caplog.at_level(logging.WARNING, "classdesk-session"):
        asyncio.run(watch())
    assert path.stat().st_size == 0
    assert [record.getMessage() for record in caplog.records] == ["The log was longer than 2 MiB; it begins anew."]
