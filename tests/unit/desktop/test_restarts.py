from __future__ import annotations

import pytest

from classdesk_desktop.supervisor.restarts import (
    BACK_OFF_SECONDS,
    HEALTHY_SECONDS,
    Ending,
    NextStart,
    RestartPolicy,
)

FAULT = Ending("fault", "The X server ended with status 1.")
ACCIDENT = Ending("fault", "The X server ended with status -9.", HEALTHY_SECONDS)
LOG_OUT = Ending("log-out", "The learner has logged out.", 1.0)
ASKED = Ending("asked for", "A new desktop was asked for.")


def test_after_an_accident_a_new_desktop_starts_at_once() -> None:
    policy = RestartPolicy()
    assert [policy.after(ACCIDENT) for _ in range(20)] == [NextStart()] * 20


def test_three_faults_in_a_row_start_it_safe_and_three_more_end_it() -> None:
    policy = RestartPolicy()
    first, second = BACK_OFF_SECONDS
    assert [policy.after(FAULT) for _ in range(6)] == [
        NextStart(first),
        NextStart(second),
        NextStart(safe=True),
        NextStart(first, safe=True),
        NextStart(second, safe=True),
        None,
    ]


def test_a_desktop_that_was_usable_for_a_moment_had_a_fault_too() -> None:
    policy = RestartPolicy()
    short = Ending("fault", "The MATE session ended with status 1.", HEALTHY_SECONDS - 1)
    assert [policy.after(short) for _ in range(3)][-1] == NextStart(safe=True)


def test_a_healthy_desktop_forgives_the_faults_before_it() -> None:
    policy = RestartPolicy()
    for ending in (FAULT, FAULT, ACCIDENT, FAULT):
        following = policy.after(ending)
    assert following == NextStart(BACK_OFF_SECONDS[0])


def test_a_safe_desktop_that_had_an_accident_is_safe_again() -> None:
    policy = RestartPolicy()
    for _ in range(3):
        policy.after(FAULT)
    assert policy.after(ACCIDENT) == NextStart(safe=True)


@pytest.mark.parametrize("ending", [LOG_OUT, ASKED], ids=["log-out", "asked for"])
def test_who_wants_a_new_desktop_gets_one_with_the_own_settings(ending: Ending) -> None:
    policy = RestartPolicy()
    for _ in range(4):
        policy.after(FAULT)
    assert policy.after(ending) == NextStart()
    assert policy.after(FAULT) == NextStart(BACK_OFF_SECONDS[0])
