"""The lesson beside the desktop: read, typed, opened, checked, ticked; by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import SitDown, broken_rules
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.world import Hub, wait_until

NAME = "learner04"


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long(NAME, permissions=["clipboard-read", "clipboard-write"]))


@pytest.fixture(scope="module")
def terminal(desktop: Desktop) -> Terminal:
    return Terminal.open(desktop)


@pytest.fixture
def page(desktop: Desktop) -> Page:
    """The page with the pane open."""
    page = desktop.page
    if page.locator("#lesson").is_hidden():
        page.locator("#lesson-button").click()
    expect(page.locator("#lesson details")).to_have_count(8)
    return page


def step(page: Page, title: str) -> Locator:
    """A step, unfolded."""
    found = page.locator("#lesson details").filter(has=page.get_by_role("heading", name=title))
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def command(of: Locator, text: str) -> Locator:
    return of.locator("li").filter(has_text=text)


def test_a_command_is_typed_and_never_run(page: Page, terminal: Terminal) -> None:
    first = step(page, "Is everything working?")
    terminal.activate()
    command(first, "cd ~/Desktop").get_by_role("button", name="Type it for me:").click()
    expect(page.locator("#lesson-said")).to_contain_text("Typed. Press Enter to run it.")
    expect(page.locator("#keyboard")).to_be_focused()
    wait_until(lambda: terminal.text().rstrip().endswith("$ cd ~/Desktop/Lesson/dask-delay"), 10, "it is typed")
    terminal.desktop.press("Enter")
    wait_until(lambda: re.search(r"Lesson/dask-delay\$ *$", terminal.text()), 10, "the learner has run it")


def test_what_is_not_a_terminal_is_not_typed_into(page: Page, desktop: Desktop, hub: Hub) -> None:
    without = step(page, "Without dask")
    without.get_by_role("button", name="no-dask.py", exact=True).click()
    desktop.window("no-dask.py", "pluma", timeout=30)
    expect(page.locator("#lesson-said")).to_contain_text("no-dask.py is open in the desktop.")
    desktop.activate("no-dask.py", "pluma")
    before = (hub.home(NAME) / "Desktop/Lesson/dask-delay/no-dask.py").read_text()
    command(without, "time python").get_by_role("button", name="Type it for me:").click()
    expect(page.locator("#lesson-said")).to_contain_text("Click in a terminal of the desktop first")
    desktop.press("Control+s")
    assert (hub.home(NAME) / "Desktop/Lesson/dask-delay/no-dask.py").read_text() == before
    desktop.press("Control+q")
    desktop.wait_until_closed("no-dask.py")


def test_a_command_is_copied(page: Page) -> None:
    command(step(page, "Delayed"), "time python").get_by_role("button", name="Copy:").click()
    expect(page.locator("#lesson-said")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "time python ./dask-delay-lazy.py"


def test_an_exercise_is_checked_and_its_solution_shown(page: Page, desktop: Desktop) -> None:
    challenge = step(page, "Challenge 1: a loop in parallel")
    checked = command(challenge, "lesson check loop")
    checked.get_by_role("button", name="Check:").click()
    expect(checked.locator(".result")).to_contain_text("not begun: Open loop.py in an editor", timeout=60_000)
    checked.get_by_role("button", name="Show the solution").click()
    expect(checked.locator("pre")).to_contain_text("delayed(inc)(x)")
    desktop.screenshot("lesson-check")


def test_steps_that_are_done_are_counted_and_remembered(page: Page) -> None:
    first = step(page, "Is everything working?")
    first.get_by_role("button", name="Done").click()
    expect(page.locator("#lesson-progress")).to_have_text("1 of 8 steps done, 55 min to go")
    expect(page.locator("#lesson details[open] summary").first).to_be_focused()
    page.reload()
    expect(page.locator("#lesson-progress")).to_have_text("1 of 8 steps done, 55 min to go", timeout=60_000)
    step(page, "Is everything working?").get_by_role("button", name="Done").click()
    expect(page.locator("#lesson-progress")).to_have_text("0 of 8 steps done, 60 min to go")


def test_the_desktop_fills_what_the_pane_leaves(page: Page, desktop: Desktop) -> None:
    desktop.wait_until_connected()

    def fits() -> bool:
        return desktop.x.size() == desktop.room()

    wait_until(fits, 20, "the desktop has the room beside the pane")
    edge = page.get_by_role("separator", name="Width of the lesson")
    before = int(edge.get_attribute("aria-valuenow") or 0)
    edge.focus()
    page.keyboard.press("ArrowLeft")
    expect(edge).to_have_attribute("aria-valuenow", str(before + 24))
    wait_until(fits, 20, "and again when the edge has moved")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard")).to_be_focused()


@pytest.mark.parametrize("width", [390, 640, 1280], ids=["phone", "200-percent", "laptop"])
def test_the_pane_passes_axe_and_nothing_scrolls_sideways(page: Page, desktop: Desktop, width: int) -> None:
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 720})
    try:
        desktop.wait_until_connected()
        step(page, "Visualised")
        desktop.screenshot(f"lesson-{width}")
        assert broken_rules(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#lesson-body").evaluate("body => body.scrollWidth <= body.clientWidth")
    finally:
        if before:
            page.set_viewport_size(before)


def test_the_keyboard_opens_and_closes_it(page: Page, desktop: Desktop) -> None:
    page.locator("#lesson-close").click()
    expect(page.locator("#lesson")).to_be_hidden()
    expect(page.locator("#keyboard")).to_be_focused()
    desktop.press("Control+Alt+Shift+KeyB")
    page.locator("#lesson-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lesson")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard")).to_be_focused()
