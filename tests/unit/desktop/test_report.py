from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from classdesk_desktop.messages import as_json
from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.record import Record
from classdesk_desktop.protocol import Policy
from classdesk_desktop.server import report
from classdesk_desktop.server.channel import Channels, SessionState
from classdesk_desktop.server.ending import say_goodbye
from classdesk_desktop.server.report import Measure, Meter, Reporter, last_activity, report_of
from classdesk_desktop.server.reporting import report_end
from classdesk_desktop.session.memory import SessionMemory
from classdesk_desktop.session.runtime import RuntimeDirectory, write_state
from classdesk_spawner.session.report import read_report
from support.fake_hub import TOKEN, FakeHub

MEASURE = Measure(idle_s=12.5, busy=False, cpu_s=3.0, memory_mib=170.0)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def report_while(runtime: RuntimeDirectory, hub: FakeHub, visit: Callable[[SessionState], Any]) -> Reporter:
    """Report while `visit(state)` goes on, and return the reporter."""

    async def run() -> Reporter:
        state = SessionState(runtime.state_file, end=1_900_000_000.0)
        reporter = Reporter(state, lambda: MEASURE, hub.url, TOKEN)
        task = asyncio.create_task(reporter.run())
        try:
            await visit(state)
        finally:
            task.cancel()
        return reporter

    return asyncio.run(run())


@pytest.mark.parametrize("desktop", ["starting X", "starting MATE", "painted", "logged out"])
def test_the_hub_understands_the_report(desktop: str) -> None:
    state = {
        "state": desktop,
        "safe": True,
        "hand": {"since": 1.5, "text": "help"},
        "watchers": [{"name": "grace", "since": 1.0, "control": False}],
        "end": 1.0,
    }
    read = read_report(as_json(report_of(MEASURE, state)).encode())
    assert (read.idle_s, read.desktop, read.safe) == (12.5, desktop.lower(), True)
    assert read.hand is not None
    assert read.hand.text == "help"
    assert read.watchers == ("grace",)
    frozen = report_of(MEASURE, {**state, "frozen": True, "pages": 2, "starts": 3})
    read = read_report(as_json(frozen).encode())
    assert (read.desktop, read.pages, read.starts) == ("frozen", 2, 3)


def test_an_event_is_told_at_once(runtime: RuntimeDirectory, hub: FakeHub) -> None:
    record = Record(Memory(runtime.path / "people.json"))

    async def run() -> None:
        state = SessionState(runtime.state_file)
        reporter = Reporter(state, lambda: MEASURE, hub.url, TOKEN, lambda: record.events)
        task = asyncio.create_task(reporter.run())
        await until(lambda: len(hub.reports) == 1)
        record.note("grace", "control", "asked")
        state.update(control_asked_by="grace")
        await until(lambda: len(hub.reports) == 2)
        task.cancel()

    asyncio.run(run())
    (event,) = read_report(json.dumps(hub.reports[1]).encode()).events
    assert (event.number, event.who, event.act, event.result) == (1, "grace", "control", "asked")


def test_the_first_report_comes_at_once_and_a_change_soon_after(runtime: RuntimeDirectory, hub: FakeHub) -> None:
    async def visit(state: SessionState) -> None:
        await until(lambda: len(hub.reports) == 1)
        write_state(runtime.state_file, "painted", starts=1)
        state.refresh()
        await until(lambda: len(hub.reports) == 2)

    report_while(runtime, hub, visit)
    assert [body["desktop"] for body in hub.reports] == ["starting x", "painted"]


def test_the_hub_hears_that_the_session_ends_in_order(runtime: RuntimeDirectory, hub: FakeHub) -> None:
    async def run() -> None:
        channels = Channels(SessionState(runtime.state_file, end=""))
        reporter = Reporter(channels.state, lambda: MEASURE, hub.url, TOKEN)
        task = asyncio.create_task(reporter.run())
        await until(lambda: len(hub.reports) == 1)
        task.cancel()
        say_goodbye(channels, "logout")
        await report_end({"classdesk_reporter": reporter})

    asyncio.run(run())
    assert [read_report(json.dumps(body).encode()).ending for body in hub.reports] == ["", "logout"]


def test_the_hubs_end_is_the_sessions_end(runtime: RuntimeDirectory, hub: FakeHub) -> None:
    hub.answer = {"end": 1_900_003_600.0}

    async def visit(state: SessionState) -> None:
        await until(lambda: state.snapshot()["end"] == 1_900_003_600.0)

    report_while(runtime, hub, visit)


@pytest.mark.parametrize("end", [None, 1_900_000_002.0, "soon"], ids=["unknown", "a moment later", "no number"])
def test_an_end_that_says_nothing_new_changes_nothing(runtime: RuntimeDirectory, hub: FakeHub, end: object) -> None:
    hub.answer = {"end": end}
    changes: list[int] = []

    async def visit(state: SessionState) -> None:
        state.on_change(lambda: changes.append(1))
        await until(lambda: bool(hub.reports))
        await asyncio.sleep(0.2)

    report_while(runtime, hub, visit)
    assert changes == []


def test_a_hub_that_is_away_is_told_later(
    runtime: RuntimeDirectory, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "REPORT_SECONDS", 0.1)
    monkeypatch.setattr(report, "_SHORTEST_SECONDS", 0.05)
    address = hub.url

    async def run() -> None:
        state = SessionState(runtime.state_file)
        reporter = Reporter(state, lambda: MEASURE, "http://127.0.0.1:9/hub/api", TOKEN)
        task = asyncio.create_task(reporter.run())
        await until(lambda: reporter.latest is not None)
        await asyncio.sleep(0.2)
        reporter._url = f"{address}/classdesk/report"
        await until(lambda: bool(hub.reports))
        task.cancel()

    asyncio.run(run())


def test_one_look_that_fails_does_not_end_the_reports(
    runtime: RuntimeDirectory, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "REPORT_SECONDS", 0.1)
    monkeypatch.setattr(report, "_SHORTEST_SECONDS", 0.05)
    looks = iter([RuntimeError("dictionary changed size during iteration")])

    def measure() -> Measure:
        for error in looks:
            raise error
        return MEASURE

    async def run() -> None:
        state = SessionState(runtime.state_file)
        task = asyncio.create_task(Reporter(state, measure, hub.url, TOKEN).run())
        await until(lambda: bool(hub.reports))
        task.cancel()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("busy", "idle_cpu", "idle"),
    [
        pytest.param(True, True, 0.0, id="computes, and it counts"),
        pytest.param(True, False, 100.0, id="computes, and it does not count"),
        pytest.param(False, True, 100.0, id="does nothing"),
    ],
)
def test_whether_a_computation_is_activity_is_the_sites_choice(busy: bool, idle_cpu: bool, idle: float) -> None:
    measure = replace(MEASURE, idle_s=100.0, busy=busy)
    moment = last_activity(measure, Policy(idle_cpu=idle_cpu), 1_900_000_000.0)
    assert moment == datetime.fromtimestamp(1_900_000_000.0 - idle, UTC)


def test_a_session_nobody_touched_is_idle_since_its_start(runtime: RuntimeDirectory) -> None:
    meter = Meter(runtime, SessionMemory(None, None), lambda: 0.0, lambda: False, active_at=time.time() - 50)
    assert 49 < meter.measure().idle_s < 60


def test_a_used_terminal_is_activity_and_a_busy_notebook_a_computation(
    runtime: RuntimeDirectory,
) -> None:
    meter = Meter(runtime, SessionMemory(None, None), lambda: time.time() - 5, lambda: True, active_at=time.time() - 50)
    measure = meter.measure()
    assert 4 < measure.idle_s < 15
    assert measure.busy
    assert measure.memory_mib > 1
