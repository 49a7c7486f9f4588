from __future__ import annotations

from classdesk_desktop.restarts import BACK_OFF_SECONDS, HEALTHY_SECONDS, RestartPolicy


def test_after_a_log_out_a_new_desktop_starts_at_once() -> None:
    policy = RestartPolicy()
    assert [policy.next_delay(HEALTHY_SECONDS) for _ in range(20)] == [0.0] * 20


def test_quick_ends_are_waited_for_longer_and_longer_and_then_no_more() -> None:
    policy = RestartPolicy()
    delays = [policy.next_delay(0.1) for _ in range(len(BACK_OFF_SECONDS) + 1)]
    assert delays == [*BACK_OFF_SECONDS, None]
    assert policy.next_delay(0.1) is None


def test_a_healthy_desktop_forgives_the_quick_ends_before_it() -> None:
    policy = RestartPolicy()
    for _ in BACK_OFF_SECONDS:
        policy.next_delay(0.1)
    policy.next_delay(HEALTHY_SECONDS + 1)
    assert policy.next_delay(0.1) == BACK_OFF_SECONDS[0]


def test_a_wish_for_a_new_desktop_forgives_as_well() -> None:
    policy = RestartPolicy()
    while policy.next_delay(0.1) is not None:
        pass
    policy.reset()
    assert policy.next_delay(0.1) == BACK_OFF_SECONDS[0]
