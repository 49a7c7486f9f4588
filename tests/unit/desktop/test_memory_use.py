"""The session's memory on its pages: how much is in use, when it is nearly full, and what was ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from classdesk_desktop.server import memory_use
from classdesk_desktop.server.channel import Channels, Message, SessionState
from classdesk_desktop.server.memory_use import (
    Look,
    MemoryGauge,
    MemoryUse,
    farewell,
    gib,
    warning,
    warning_level,
    what_ended,
)
from classdesk_desktop.server.notify import Urgency
from classdesk_desktop.session.memory import MemoryGroup, SessionMemory
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.session.usage import ProcessUse


@pytest.mark.parametrize(
    ("share", "before", "level"),
    [
        pytest.param(0.5, 0, 0, id="room"),
        pytest.param(0.84, 0, 0, id="not yet"),
        pytest.param(0.85, 0, 1, id="near"),
        pytest.param(0.96, 0, 2, id="at once full"),
        pytest.param(0.93, 2, 2, id="hardly less"),
        pytest.param(0.89, 2, 1, id="less than full"),
        pytest.param(0.82, 1, 1, id="hardly more room"),
        pytest.param(0.79, 1, 0, id="room again"),
        pytest.param(1.2, 2, 2, id="more than there is"),
    ],
)
def test_the_warning_that_is_due(share: float, before: int, level: int) -> None:
    assert warning_level(share, before) == level


@pytest.mark.parametrize(("mib", "words"), [(2048, "2"), (1741, "1.7"), (512, "0.5"), (0, "0")])
def test_an_amount_in_words(mib: float, words: str) -> None:
    assert gib(mib) == words


def test_a_warning_says_what_to_do() -> None:
    assert warning(0, "1", "2", spills_to_memory=True) == ""
    assert warning(1, "1.7", "2", spills_to_memory=False) == (
        "This session uses 1.7 of its 2 GiB of memory. Close programs and notebooks that you do not need."
    )
    assert "Save your work now" in warning(2, "1.9", "2", spills_to_memory=False)
    assert "no disk" in warning(1, "1.7", "2", spills_to_memory=True)


BEFORE = {
    1: ProcessUse("bwrap", 0, "S", 0, 900),
    2: ProcessUse("python3", 1, "R", 0, 1434),
    3: ProcessUse("sleep", 1, "S", 0, 1),
    4: ProcessUse("R", 1, "S", 0, 300),
    5: ProcessUse("firefox-esr", 1, "S", 0, 500),
}


@pytest.mark.parametrize(
    ("left", "count", "words"),
    [
        pytest.param({1, 2, 3, 4, 5}, 0, (), id="nothing"),
        pytest.param({1, 5}, 0, (), id="ended by themselves"),
        pytest.param({1, 4, 5}, 1, ("python3 (1.4 GiB)",), id="the largest that has gone"),
        pytest.param({1, 5}, 2, ("python3 (1.4 GiB)", "R (0.3 GiB)"), id="two"),
        pytest.param({1, 2, 3, 4, 5}, 3, ("a program",), id="one that came and went between two looks"),
    ],
)
def test_what_was_ended(left: set[int], count: int, words: tuple[str, ...]) -> None:
    now = {pid: use for pid, use in BEFORE.items() if pid in left}
    assert what_ended(BEFORE, now, count, {1}) == words


def test_what_was_ended_is_a_sentence() -> None:
    assert farewell(("python3 (1.4 GiB)", "R (0.3 GiB)"), "2") == (
        "The session's 2 GiB of memory were full, so Linux ended python3 (1.4 GiB) and R (0.3 GiB). "
        "Work with less data at a time, or ask for a session with more memory."
    )


@contextmanager
def program(*words: str) -> Iterator[int]:
    """A program of the learner's."""
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def score(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def test_the_learners_programs_are_ended_before_the_sessions_own(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = "import time; print(flush=True); time.sleep(60)"
    named = f"open('/proc/self/comm', 'w').write('mate-panel'); {waiting}"
    with program(sys.executable, "-c", waiting) as learners, program(sys.executable, "-c", named) as panels:
        monkeypatch.setattr(memory_use, "session_processes", lambda _: ({os.getpid(), learners, panels}, {os.getpid()}))
        own = score(os.getpid())
        MemoryGauge(SessionMemory(1024, None)).look()
        assert score(learners) == 500
        assert (score(panels), score(os.getpid())) == (own, own)


def test_what_linux_has_ended_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    events = tmp_path / "memory.events"
    events.write_text("oom_kill 3\n")
    group = MemoryGroup(tmp_path, events, ("memory.max", "memory.current", ""))
    gauge = MemoryGauge(SessionMemory(1024, group))
    hog = "x = b'1' * (100 << 20); import time; print(flush=True); time.sleep(60)"
    with program(sys.executable, "-c", hog) as pid:
        monkeypatch.setattr(memory_use, "session_processes", lambda _: ({os.getpid(), pid}, {os.getpid()}))
        assert gauge.look().ended == ()
        name = gauge.latest[pid].name
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        events.write_text("oom_kill 4\n")
        (said,) = gauge.look().ended
    assert said.startswith(f"{name} (0.1 GiB")
    assert gauge.look().ended == ()


class Page:
    name = "ada"

    def __init__(self, *, is_owner: bool = True) -> None:
        self.is_owner = is_owner
        self.heard: list[Message] = []

    def send(self, message: Message) -> None:
        self.heard.append(message)

    def of(self, kind: str) -> list[Message]:
        return [message for message in self.heard if message["type"] == kind]


@dataclass
class Desktop:
    """What a desktop shows."""

    shown: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    number: int = 0

    async def notify(self, title: str, text: str, urgency: Urgency) -> int:
        self.number += 1
        self.shown[self.number] = (title, text, urgency)
        return self.number

    async def withdraw(self, number: int) -> None:
        del self.shown[number]


def tell(
    runtime: RuntimeDirectory, desktop: Desktop, looks: list[Look], *pages: Page, limit: float | None = 1024
) -> Page:
    """Have these looks at the session's memory told to pages and desktop; returns a page that was opened later."""
    late = Page()

    async def run() -> None:
        channels = Channels(SessionState(runtime.state_file))
        gauge = MemoryGauge(SessionMemory(limit, None))
        use = MemoryUse(gauge, channels, desktop.notify, desktop.withdraw, spills_to_memory=False)
        for page in pages:
            channels.add(page)
        for look in looks:
            await use.tell(look)
        for page in pages:
            channels.remove(page)
        channels.add(late)
        channels.remove(late)

    asyncio.run(run())
    return late


def test_the_owners_pages_are_told_what_is_new(runtime: RuntimeDirectory) -> None:
    owners, visitors = Page(), Page(is_owner=False)
    late = tell(runtime, Desktop(), [Look(500), Look(501), Look(700)], owners, visitors)
    assert [(told["used"], told["limit"]) for told in owners.of("memory")] == [("0.5", "1"), ("0.7", "1")]
    assert [told["used"] for told in late.of("memory")] == ["0.7"]
    assert visitors.of("memory") == []


def test_a_warning_is_on_the_page_and_on_the_desktop_until_there_is_room(runtime: RuntimeDirectory) -> None:
    page, desktop = Page(), Desktop()
    tell(runtime, desktop, [Look(900)], page)
    assert page.of("memory")[-1]["warning"].startswith("This session uses 0.9 of its 1 GiB of memory.")
    assert [urgency for *_, urgency in desktop.shown.values()] == ["normal"]
    full = Desktop()
    tell(runtime, full, [Look(900), Look(1000), Look(1001)], page)
    assert [urgency for *_, urgency in full.shown.values()] == ["critical"]
    room = Desktop()
    tell(runtime, room, [Look(1000), Look(900), Look(500)], page)
    assert page.of("memory")[-1]["level"] == 0
    assert not room.shown
    assert room.number == 2


def test_what_was_ended_is_told_once_also_to_who_comes_later(runtime: RuntimeDirectory) -> None:
    page, desktop = Page(), Desktop()
    late = tell(runtime, desktop, [Look(500, ("python3 (0.9 GiB)",))], page)
    (told,) = page.of("ended-for-memory")
    assert "Linux ended python3 (0.9 GiB)" in told["sentence"]
    assert late.of("ended-for-memory") == []
    assert [text for _, text, _ in desktop.shown.values()] == [told["sentence"]]
    late = tell(runtime, Desktop(), [Look(500, ("python3 (0.9 GiB)",))])
    assert late.of("ended-for-memory") == [told]


def test_nothing_is_told_of_a_memory_without_a_limit(runtime: RuntimeDirectory) -> None:
    page = Page()
    tell(runtime, Desktop(), [Look(900)], page, limit=None)
    assert page.of("memory") == []
