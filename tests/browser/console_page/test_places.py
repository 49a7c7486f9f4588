"""Nothing moves beneath the pointer, and what is new has its place: who is away, what is frozen, who is on it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from classdesk_desktop.protocol import SessionFacts
from support.console import Console
from support.console_board import Open, counter, in_state, row, shown

_OVER = re.compile(r"\bover\b")
_ON_IT = re.compile("m on it$")
_IN_PART = re.compile(r"\bin-part\b")


def _places(page: Page, selector: str) -> list[Any]:
    places: list[Any] = page.eval_on_selector_all(
        selector,
        "nodes => nodes.map((node) => { const { x, y, width } = node.getBoundingClientRect(); return [x, y, width]; })",
    )
    return places


def test_counters_and_acts_stay_where_they_are_whatever_comes(open_board: Open, console: Console) -> None:
    page = open_board()
    moving = "#counters .counter, #toolbar [data-act], #rows"
    before = _places(page, moving)
    assert len(before) > 15
    running = in_state(console, "running")
    for name, state in zip(running, ("failed", "queued", "starting", "idle"), strict=False):
        console.do(console.group.put, name, state)
        expect(row(page, name)).to_have_attribute("data-state", state)
    console.do(console.group.raise_hand, running[5])
    expect(counter(page, "hand").locator("b")).to_have_text("1")
    console.group.scheduler_answers = False
    expect(page.locator("#notice")).to_be_visible()
    assert _places(page, moving) == before


def test_the_acts_for_one_learner_stay_where_they_are(open_board: Open, console: Console) -> None:
    page = open_board()
    (name, *_) = in_state(console, "running")
    row(page, name).locator(".more").click()
    acts = "#one .one-acts > *"
    before = _places(page, acts)
    assert len(before) == 8
    console.do(console.group.raise_hand, name, 10, "My plot stays empty")
    expect(page.locator("#one-hand")).to_be_visible()
    assert _places(page, acts) == before
    for state in ("idle", "failed", "not started", "queued"):
        console.do(console.group.put, name, state)
        expect(row(page, name)).to_have_attribute("data-state", state)
        assert _places(page, acts) == before, state
    expect(page.locator("#one [data-one=message]")).to_be_disabled()
    expect(page.locator("#one-open")).not_to_have_attribute("href", re.compile(""))


@pytest.mark.parametrize("width", [1280, 640, 390])
def test_rows_stay_as_high_as_they_are_whoever_looks(open_board: Open, console: Console, width: int) -> None:
    page = open_board(viewport={"width": width, "height": 800})
    name = in_state(console, "running")[0]
    line = row(page, name)
    before = line.bounding_box()
    console.do(console.group.change, name, watchers=("instructor", "grace"), safe=True)
    expect(line.locator(".tags")).to_contain_text("watched by instructor, grace")
    assert line.bounding_box() == before


def test_the_bar_of_the_watching_page_stays_as_it_is(open_board: Open, console: Console) -> None:
    console.group.said = [SessionFacts("no desktop")]
    page = open_board()
    watched, waiting = in_state(console, "running")[:2]
    page.goto(f"{console.url}/watch/{watched}")
    expect(page.locator("#curtain-acts button").first).to_be_visible()
    tools = "#bar .tools > *"
    before = _places(page, tools)
    expect(page.locator("#paste")).to_be_disabled()
    expect(page.locator("#next")).to_be_hidden()
    console.do(console.group.raise_hand, waiting)
    expect(page.locator("#next")).to_be_visible()
    assert _places(page, tools) == before


def test_where_start_was_a_second_press_meets_nothing_that_destroys(open_board: Open, console: Console) -> None:
    page = open_board()
    (name, *_) = in_state(console, "not started")
    first = row(page, name).locator(".first")
    place = first.bounding_box()
    reset = row(page, name).locator(".again")
    expect(reset).to_be_hidden()
    for state in ("starting", "running"):
        console.do(console.group.put, name, state)
        expect(row(page, name)).to_have_attribute("data-state", state)
    expect(first).to_have_text("Open")
    expect(reset).to_be_visible()
    after = first.bounding_box()
    assert place
    assert after
    assert (after["x"], after["width"]) == (place["x"], place["width"])


def test_who_is_away_and_what_is_frozen_are_counted_and_found(open_board: Open, console: Console) -> None:
    page = open_board()
    away, frozen = in_state(console, "running")[:2]
    console.do(console.group.change, away, pages=0)
    console.do(console.group.put, frozen, "frozen")
    expect(row(page, away)).to_contain_text("no page open")
    counter(page, "away").click()
    assert shown(page) == [away]
    counter(page, "frozen").click()
    assert shown(page) == [frozen]
    expect(row(page, frozen)).to_contain_text("The desktop does not answer.")
    row(page, frozen).locator(".again").click()
    expect(page.locator("#ask-reset")).to_be_visible()


def test_a_raised_hand_is_taken_once(open_board: Open, console: Console) -> None:
    page = open_board()
    (name, *_) = in_state(console, "running")
    console.do(console.group.raise_hand, name)
    row(page, name).get_by_role("button", name=_ON_IT).click()
    expect(page.locator(".act h2").first).to_contain_text("Coming to help")
    expect(row(page, name)).to_contain_text("instructor is on it (just now)")
    assert console.group.asked == [(name, "POST desktop/hand", {})]
    expect(row(page, name).get_by_role("button", name=_ON_IT)).to_be_hidden()


def test_what_came_in_part_is_amber_and_what_was_refused_is_not_tried_again(open_board: Open, console: Console) -> None:
    page = open_board()
    part, refused, failing = in_state(console, "running")[:3]
    console.group.partly[part] = "the partition class allows 8 hours"
    console.group.refused[refused] = "A session may last 8 hours here."
    console.group.failing[failing] = "The session does not answer."

    def extend(name: str) -> Any:
        row(page, name).locator(".more").click()
        page.locator("#one [data-one=extend]").click()
        expect(page.locator("#extend-until")).to_contain_text("Would end at")
        page.locator("#ask-extend .go").click()
        card = page.locator(".act").first
        expect(card).to_have_class(_OVER)
        return card

    card = extend(part)
    expect(card).to_contain_text("instead of")
    expect(card).to_have_class(_IN_PART)
    expect(card.locator(":scope > .again")).to_be_hidden()
    card.get_by_label("Dismiss").click()
    card = extend(refused)
    expect(card).to_contain_text("8 hours here")
    expect(card.locator(":scope > .again")).to_be_hidden()
    card.get_by_label("Dismiss").click()
    expect(extend(failing).locator(":scope > .again")).to_be_visible()
