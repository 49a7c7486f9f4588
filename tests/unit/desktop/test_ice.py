from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from classdesk_desktop.supervisor import ice
from classdesk_desktop.supervisor.ice import start_session_manager, take

FREE = 4_000_000 + os.getpid()  # no process has this number


def test_an_address_is_marked_for_one_alone_until_it_is_given_back() -> None:
    first = take(FREE)
    assert first
    assert take(FREE) is None
    first.close()
    again = take(FREE)
    assert again
    again.close()


def test_an_address_on_which_anybody_listens_is_taken() -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0/tmp/.ICE-unix/{FREE}")
        other.listen()
        assert take(FREE) is None


def test_the_session_manager_runs_under_a_number_that_was_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def second_is_free(number: int) -> socket.socket | None:
        asked.append(number)
        return take(number) if len(asked) > 1 else None

    monkeypatch.setattr(ice, "take", second_is_free)
    told = tmp_path / "told"

    async def start() -> int | None:
        command = ("/bin/sh", "-c", 'echo $$ "$1" $PWD >told; exit 7', "sh", "a b")
        process, mark = await start_session_manager(command, {"PATH": "/bin"}, tmp_path)
        status = await process.wait()
        mark.close()
        return status

    assert asyncio.run(start()) == 7
    assert told.read_text().split() == [str(asked[1]), "a", "b", str(tmp_path)]
