"""A desktop that does not answer is known as frozen, one that is late once is not."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from classdesk_desktop.server import pulse
from classdesk_desktop.server.pulse import answers, watch_pulse
from classdesk_desktop.session.runtime import RuntimeDirectory, write_desktop, write_x_authority


def test_it_is_frozen_after_two_questions_and_no_longer_after_an_answer(
    runtime: RuntimeDirectory,
) -> None:
    replies = [True, False, True, False, False, False, True]
    told: list[bool] = []

    async def story() -> None:
        task = asyncio.create_task(
            watch_pulse(runtime, told.append, lambda _: replies.pop(0) if replies else True, 0.0)
        )
        while len(told) < 7:
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(story())
    assert told[:7] == [False, False, False, False, True, True, False]


@pytest.mark.parametrize("x_server", ["silent", "refusing", "none"])
def test_only_silence_is_no_answer(
    runtime: RuntimeDirectory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    x_server: str,
) -> None:
    monkeypatch.setattr(pulse, "X11_SOCKETS", tmp_path)
    monkeypatch.setattr(pulse, "_ANSWER_SECONDS", 0.1)
    write_x_authority(runtime.x_authority, b"0" * 16)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "X7"))
        if x_server == "silent":
            listener.listen()
        if x_server != "none":
            write_desktop(runtime.desktop_file, 7, runtime.x_authority, "unix:path=/x")
        assert answers(runtime) is (x_server != "silent")
