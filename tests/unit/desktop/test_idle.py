from __future__ import annotations

import pytest

from classdesk_desktop.server.idle import (
    BUSY_CORES,
    ComputingWatch,
    computing_seconds,
    input_idle_seconds,
)
from classdesk_desktop.session.runtime import RuntimeDirectory, write_desktop
from classdesk_desktop.session.usage import ProcessUse

SUPERVISOR, SERVER = 2, 3
# By number: name, parent, seconds.
SESSION = {
    SUPERVISOR: ("python", 1, 10.0),
    SERVER: ("python", SUPERVISOR, 20.0),
    4: ("Xtigervnc", SUPERVISOR, 40.0),
    5: ("mate-panel", SUPERVISOR, 80.0),
    6: ("firefox-esr", 5, 160.0),
    7: ("Isolated Web Co", 6, 320.0),
    8: ("mate-terminal", 5, 640.0),
    9: ("bash", 8, 1.0),
    10: ("python", 9, 2.0),
    11: ("python3", SERVER, 4.0),
}


def test_only_the_learners_programs_compute() -> None:
    processes = {pid: ProcessUse(name, parent, "S", cpu) for pid, (name, parent, cpu) in SESSION.items()}
    others = processes | {99: ProcessUse("python", 1, "R", 1000.0)}
    assert computing_seconds(others, processes, {SUPERVISOR, SERVER}) == 1.0 + 2.0 + 4.0


@pytest.mark.parametrize(
    ("used", "busy"),
    [
        pytest.param([0, 0, 0], [False, False, False], id="nothing"),
        pytest.param([0, 20, 40], [False, True, True], id="one core"),
        pytest.param([0, 19 * BUSY_CORES, 0], [False, False, False], id="little"),
        pytest.param([100, 120, 0, 20], [False, True, False, True], id="a program has ended"),
    ],
)
def test_what_is_used_between_two_looks_decides(used: list[float], busy: list[bool]) -> None:
    watch = ComputingWatch()
    assert [watch.is_busy(value, 20.0 * look) for look, value in enumerate(used)] == busy


def test_without_a_desktop_there_is_no_input(runtime: RuntimeDirectory) -> None:
    assert input_idle_seconds(runtime) is None
    write_desktop(runtime.desktop_file, 9_999_999, runtime.x_authority, runtime.bus_address)
    assert input_idle_seconds(runtime) is None
