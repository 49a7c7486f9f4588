from __future__ import annotations

import pytest

from classdesk_desktop.supervisor.painting import LONGEST_SECONDS, MOST_CPU_SECONDS, Progress


def given_up_after(cpu_share: float, waits_for_disk: bool = False, until: float = 300) -> float:
    """The second at which a start that uses this share of a core, and gets nowhere, is given up."""
    progress = Progress()
    for tenth in range(int(until * 10)):
        seconds = tenth / 10
        if progress.is_hopeless(seconds, seconds * cpu_share, waits_for_disk):
            return seconds
    raise AssertionError("never")


@pytest.mark.parametrize(
    ("cpu_share", "waits_for_disk", "earliest", "latest"),
    [
        pytest.param(0.0, False, 7, 10, id="does nothing"),
        pytest.param(1.0, False, MOST_CPU_SECONDS - 1, MOST_CPU_SECONDS + 1, id="crashes again and again"),
        pytest.param(0.05, False, 30, LONGEST_SECONDS + 1, id="on a busy node"),
        pytest.param(0.0, True, 30, LONGEST_SECONDS + 1, id="waits for a slow disk"),
    ],
)  # fmt: skip
def test_a_start_is_given_up_when_it_does_nothing_and_has_time_while_it_works(
    cpu_share: float, waits_for_disk: bool, earliest: float, latest: float
) -> None:
    assert earliest <= given_up_after(cpu_share, waits_for_disk) <= latest
