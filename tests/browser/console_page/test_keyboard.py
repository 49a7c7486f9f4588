"""The page without a mouse."""

from playwright.sync_api import expect

from support.console import Console
from support.console_board import Open, counter, in_state, row, shown
from support.world import wait_until


def test_all_of_it_goes_without_a_mouse(open_board: Open, console: Console) -> None:
    page = open_board()
    press = page.keyboard.press
    press("/")
    page.keyboard.type("running")
    wait_until(lambda: set(shown(page)) == set(in_state(console, "running")), 5, "the search has filtered")
    press("ArrowDown")
    order = shown(page)
    press("Space")
    press("Shift+ArrowDown")
    press("Shift+ArrowDown")
    expect(page.locator("#target")).to_have_text("For 3 selected learners")
    press("End")
    assert page.evaluate("document.activeElement.dataset.name") == order[-1]
    press("Home")
    press("Enter")
    expect(page.locator("#one")).to_be_visible()
    expect(page.locator("#one-name")).to_have_text(console.group.learners[order[0]].full_name)
    press("Escape")
    expect(page.locator("#one")).to_be_hidden()
    press("Tab")  # the row's own buttons, and then out of the list: 300 rows are not 900 stops
    assert page.evaluate("document.activeElement.closest('tr').dataset.name") == order[0]
    for _ in range(5):
        press("Tab")
    assert page.evaluate("document.activeElement.closest('#rows')") is None
    press("Escape")
    expect(page.locator("#target")).to_contain_text("For the")
    press("Escape")
    assert len(shown(page)) == 24
    press("Control+a")
    expect(page.locator("#target")).to_have_text("For 24 selected learners")


def test_the_focus_stays_with_the_learner_when_the_order_changes(open_board: Open, console: Console) -> None:
    page = open_board()
    name = shown(page)[10]
    row(page, name).focus()
    console.do(console.group.raise_hand, in_state(console, "running")[-1], text="help")
    expect(counter(page, "hand").locator("b")).to_have_text("1")
    assert page.evaluate("document.activeElement.dataset.name") == name
