"""Selections and acts: for whom, what is asked first, what failed and is tried again."""

from typing import Any

import pytest
from playwright.sync_api import expect

from classdesk_hub.console.act_request import ActRequest
from support.console import Console
from support.console_board import Open, counter, in_state, row
from support.world import wait_until


def test_a_selection_survives_changes_and_filters(open_board: Open, console: Console) -> None:
    page = open_board()
    page.locator("#pick").select_option(label="Running")
    names = in_state(console, "running")
    expect(page.locator("#target")).to_have_text(f"For {len(names)} selected learners")
    console.do(console.group.put, names[0], "idle")
    expect(row(page, names[0])).to_contain_text("Idle")
    counter(page, "idle").click()
    expect(row(page, names[0]).locator("input")).to_be_checked()
    expect(page.locator("#target")).to_contain_text(f"For {len(names)} selected learners")
    expect(page.locator("#target")).to_contain_text("not shown")
    console.leave(names[0])
    expect(page.locator("#target")).to_contain_text(f"For {len(names) - 1} selected learners")


def test_stop_asks_with_number_and_names_and_does_nothing_on_cancel(open_board: Open, console: Console) -> None:
    page = open_board()
    names = in_state(console, "running")[:3]
    for name in names:
        row(page, name).locator(".c-pick").click()
    page.locator("[data-act=stop]").click()
    dialog = page.get_by_role("dialog", name="Stop 3 sessions?")
    for name in names:
        expect(dialog).to_contain_text(console.group.learners[name].full_name)
    page.keyboard.press("Enter")  # Cancel has the keyboard
    expect(dialog).to_be_hidden()
    assert console.group.asked == []
    page.locator("[data-act=stop]").click()
    page.get_by_role("button", name="Stop 3 sessions").click()
    wait_until(lambda: len(console.group.asked) == 3, 5, "the act was sent")
    assert sorted(console.group.asked) == [(name, "DELETE server", None) for name in sorted(names)]
    for name in names:
        expect(row(page, name)).to_contain_text("Not started")


def test_partial_failures_are_listed_and_repeated_for_those_alone(open_board: Open, console: Console) -> None:
    page = open_board()
    first, second, third = in_state(console, "running")[:3]
    console.group.failing = {second: "The session does not answer."}
    for name in (first, second, third):
        row(page, name).locator(".c-pick").click()
    page.locator("[data-act=message]").click()
    page.locator("#text").fill("Save your work, please.")
    page.keyboard.press("Control+Enter")
    card = page.locator(".act")
    expect(card.locator(".sum")).to_have_text("2 of 3 done, 1 failed.")
    expect(card.locator("[data-status=failed]")).to_contain_text("The session does not answer.")
    expect(card.locator("[data-status=failed]")).to_contain_text(console.group.learners[second].full_name)
    console.group.failing = {}
    card.get_by_role("button", name="Try the 1 that failed again").click()
    expect(card.locator(".sum")).to_have_text("Shown above the desktop.")
    assert console.group.asked[3:] == [(second, "POST desktop/message", {"text": "Save your work, please."})]


@pytest.mark.parametrize(
    ("choice", "calls"),
    [
        pytest.param("Restore the lesson's files", [("POST desktop/reset", {"what": "lesson"})], id="lesson"),
        pytest.param("Reset the desktop's settings", [("POST desktop/reset", {"what": "desktop"})], id="desktop"),
        pytest.param("Restart the session", [("DELETE server", None), ("POST server", None)], id="restart"),
    ],
)
def test_each_reset_says_what_it_keeps(open_board: Open, console: Console, choice: str, calls: list[Any]) -> None:
    page = open_board()
    name = in_state(console, "running")[0]
    row(page, name).get_by_role("button", name="Reset").click()
    option = page.locator("#ask-reset .choice", has_text=choice)
    expect(option).to_contain_text("Keeps:")
    expect(option).to_contain_text("Loses:")
    option.click()
    page.locator("#ask-reset .go").click()
    wait_until(lambda: console.group.asked == [(name, *call) for call in calls], 5, "the act was sent")


def test_acts_are_offered_for_those_alone_for_whom_they_make_sense(open_board: Open, console: Console) -> None:
    page = open_board()
    idle = in_state(console, "not started", "failed")
    expect(page.locator("[data-act=start]")).to_have_attribute("data-count", str(len(idle)))
    page.locator("[data-act=start]").click()
    expect(page.locator("#ask-start")).to_contain_text("Desktop, 2 cores, 3 hours")
    page.locator("#ask-start .go").click()
    wait_until(lambda: len(console.group.asked) == len(idle), 5, "the act was sent")
    assert sorted(console.group.asked) == [(name, "POST server", {"class": "dask"}) for name in sorted(idle)]
    expect(page.locator("[data-act=start]")).to_be_disabled(timeout=15_000)


def test_another_instructor_s_act_is_seen_too(open_board: Open, console: Console) -> None:
    page = open_board()
    name = in_state(console, "running")[0]
    wish = ActRequest(act="stop", learners=[name])
    console.do(console.context.acts.begin, "dask", wish, "olga", "her token")
    expect(page.locator(".act h2")).to_have_text(f"Stop: {console.group.learners[name].full_name}")


def test_a_learner_in_the_queue_is_offered_a_restart_only(open_board: Open, console: Console) -> None:
    page = open_board()
    name = in_state(console, "running")[0]
    console.do(console.group.put, name, "queued")
    expect(row(page, name)).to_contain_text("Queued")
    row(page, name).get_by_role("button", name="Reset").click()
    expect(page.get_by_label("Restart the session")).to_be_checked()
    expect(page.get_by_label("Restore the lesson's files")).to_be_disabled()
    expect(page.locator("#ask-reset .go")).to_contain_text("Restart")
    page.keyboard.press("Enter")  # Cancel has the keyboard
    expect(page.locator("#ask-reset")).to_be_hidden()
    assert console.group.asked == []
