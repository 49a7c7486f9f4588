"""What the page shows: counters, states, hands, search, order."""

import re

from playwright.sync_api import expect

from support.console import Console
from support.console_board import Open, counter, in_state, row, shown


def test_counters_filter_and_agree_with_the_list(open_board: Open, console: Console) -> None:
    page = open_board()
    console.do(console.group.put, "learner03", "failed")
    for state in ("running", "failed", "not started"):
        names = in_state(console, state)
        expect(counter(page, state).locator("b")).to_have_text(str(len(names)))
        counter(page, state).click()
        assert sorted(shown(page)) == sorted(names)
    counter(page, "all").click()
    assert len(shown(page)) == 24
    console.leave("learner03")
    expect(row(page, "learner03")).to_have_count(0)
    expect(counter(page, "all").locator("b")).to_have_text("23")


def test_each_state_says_what_an_instructor_needs(open_board: Open, console: Console) -> None:
    page = open_board()
    for number, (state, texts) in enumerate(
        {
            "not started": ["Not started"],
            "queued": ["Queued", "Waiting for free cores", "place", "expected at"],
            "starting": ["Starting", "Opening the image"],
            "running": ["Running", "node", "of 2", "MiB", "min"],
            "idle": ["Idle", "min"],
            "failed": ["Failed", "The session used more memory than it had."],
        }.items(),
        1,
    ):
        name = f"learner{number:02}"
        console.do(console.group.put, name, state)
        for text in texts:
            expect(row(page, name)).to_contain_text(text)
    console.do(console.group.change, "learner05", idle_s=1500.0)
    console.do(console.group.raise_hand, "learner05", 130, "I am lost")
    expect(row(page, "learner05")).to_contain_text("25 min")
    expect(row(page, "learner05")).to_contain_text("Asks for help (2 min): “I am lost”")
    assert shown(page)[0] == "learner05"


def test_hands_are_at_the_top_the_oldest_first_in_every_order(open_board: Open, console: Console) -> None:
    page = open_board()
    hands = in_state(console, "running")[:3]
    for age, name in zip((10, 300, 100), hands, strict=True):
        console.do(console.group.raise_hand, name, age)
    expect(counter(page, "hand").locator("b")).to_have_text("3")
    for column in ("name", "memory", "state"):
        page.locator(f"[data-sort={column}] button").click()
        assert shown(page)[:3] == [hands[1], hands[2], hands[0]]
    assert re.fullmatch(r"\(3\) .+: Class console · .+", page.title())


def test_search_and_order(open_board: Open, console: Console) -> None:
    page = open_board()
    page.locator("[data-sort=memory] button").click()
    memory = {name: learner.memory_mib or 0 for name, learner in console.group.learners.items()}
    seen = [memory[name] for name in shown(page)]
    assert seen == sorted(seen, reverse=True)
    page.locator("#search").fill("node3 running")
    wanted = [n for n, who in console.group.learners.items() if who.node == "node3" and who.state == "running"]
    expect(page.locator("#rows > tr")).to_have_count(len(wanted))
    page.locator("#search").fill("nobody has this name")
    expect(page.locator("#empty")).to_be_visible()
