"""The page on which a learner's desktop is watched: what it says, and where it leads."""

from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from classdesk_desktop.protocol import SessionFacts, Watcher
from support.browser import broken_rules
from support.console import Console
from support.console_board import LIVE, Open, in_state, row
from support.world import wait_until

SHOWN = SessionFacts("painted", watchers=(Watcher("instructor", control=True),))
NO_DESKTOP = SessionFacts("no desktop")


def watch(page: Page, console: Console, name: str) -> Page:
    page.goto(f"{console.url}/watch/{name}")
    expect(page.locator("#curtain-acts button").first).to_be_visible()
    return page


@pytest.fixture
def running(console: Console) -> str:
    """Somebody with a session, whose name is known."""
    console.group.said = [NO_DESKTOP]
    return in_state(console, "running")[0]


def test_open_leads_to_the_page_and_the_page_back(open_board: Open, console: Console, running: str) -> None:
    page = open_board()
    with page.context.expect_page() as opened:
        row(page, running).get_by_role("button", name="Open").click()
    watching = opened.value
    assert watching.url.endswith(f"/class/dask/watch/{running}")
    full_name = console.group.learners[running].full_name
    expect(watching.locator("#curtain-title")).to_contain_text(full_name)
    watching.locator("#curtain").get_by_role("button", name="Back to the class").click()
    watching.wait_for_selector(LIVE)


def test_the_next_is_who_has_waited_longest(open_board: Open, console: Console, running: str) -> None:
    page = watch(open_board(), console, running)
    expect(page.locator("#next")).to_be_hidden()
    others = [name for name in in_state(console, "running", "idle") if name != running][:2]
    for age, name in zip((10, 300), others, strict=True):
        console.do(console.group.raise_hand, name, age)
    console.do(console.group.raise_hand, running, 900, "<b>")
    expect(page.locator("#hand-text")).to_contain_text("Asks for help (15 min): “<b>”")
    full_name = console.group.learners[others[1]].full_name
    page.get_by_role("link", name=f"Next who waits: {full_name}").click()
    page.wait_for_url(f"**/watch/{others[1]}")


def test_a_frozen_desktop_is_reset_from_here(open_board: Open, console: Console, running: str) -> None:
    console.group.said = [SHOWN]
    page = open_board()
    page.goto(f"{console.url}/watch/{running}")
    expect(page.locator("#curtain")).to_be_hidden()
    console.do(console.group.put, running, "frozen")
    expect(page.locator("#curtain-title")).to_contain_text("does not answer")
    page.locator("#curtain").get_by_role("button", name="Reset").click()
    page.get_by_role("dialog").get_by_label("Reset the desktop's settings").check()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    wait_until(
        lambda: (running, "POST desktop/reset", {"what": "desktop"}) in console.group.asked, 10, "it is being reset"
    )
    console.do(console.group.put, running, "running")
    expect(page.locator("#curtain")).to_be_hidden()


def test_back_and_forward_lead_to_pages_that_live(open_board: Open, console: Console, running: str) -> None:
    console.group.said = [SHOWN]
    page = open_board()
    page.goto(f"{console.url}/watch/{running}")
    expect(page.locator("#curtain")).to_be_hidden()
    page.go_back()
    page.wait_for_selector(LIVE)
    console.do(console.group.put, running, "failed")
    expect(row(page, running)).to_contain_text("Failed")
    console.do(console.group.put, running, "running")
    expect(row(page, running)).to_contain_text("Running")
    page.go_forward()
    expect(page.locator("#curtain")).to_be_hidden()


@pytest.mark.parametrize(
    ("state", "title", "button"),
    [
        ("not started", "has no session", "Start it again"),
        ("failed", "has no session", "Start it again"),
        ("starting", "is starting", "Back to the class"),
        ("queued", "is starting", "Back to the class"),
        ("stopping", "has ended", "Back to the class"),
    ],
)
def test_without_a_session_it_says_so(
    open_board: Open, console: Console, running: str, *, state: str, title: str, button: str
) -> None:
    console.do(console.group.put, running, state)
    page = watch(open_board(), console, running)
    expect(page.locator("#curtain-title")).to_contain_text(title)
    curtain = page.locator("#curtain")
    expect(curtain.get_by_role("button", name=button)).to_be_visible()
    if button == "Start it again":
        curtain.get_by_role("button", name=button).click()
        expect(page.locator("#curtain-title")).to_contain_text("is starting")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_is_readable_on_every_screen(
    open_board: Open, console: Console, running: str, pictures: Path, *, scheme: str, width: int
) -> None:
    for age, name in enumerate(in_state(console, "running")[:2]):
        console.do(console.group.raise_hand, name, 100 * age, "My plot stays empty")
    size = {"width": width, "height": 640}
    page = open_board(color_scheme=scheme, viewport=size, bypass_csp=True)  # axe-core sets styles
    pictures.mkdir(parents=True, exist_ok=True)
    for said in (NO_DESKTOP, SHOWN):
        console.group.said = [said]
        page.goto(f"{console.url}/watch/{running}")
        if said is SHOWN:
            expect(page.locator("#mode")).to_have_text("Shared control")
        else:
            expect(page.locator("#curtain-title")).to_contain_text("has no desktop")
        expect(page.locator("#next")).to_be_visible()
        page.screenshot(path=pictures / f"watching-{scheme}-{width}-{said.state}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert broken_rules(page) == []


def test_the_browser_asks_before_it_closes_a_desktop_under_control(
    open_board: Open, console: Console, running: str
) -> None:
    console.group.said = [SHOWN]
    page = open_board()
    page.goto(f"{console.url}/watch/{running}")
    expect(page.locator("#mode")).to_have_text("Shared control")
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.locator("#who").click()
    with pytest.raises(PlaywrightError, match="ERR_ABORTED"):
        page.goto("about:blank")
    expect(page.locator("#mode")).to_have_text("Shared control")
    # A press on a link is somebody's wish.
    page.get_by_role("link", name="Back to the class").click()
    page.wait_for_selector(LIVE)


def test_it_works_with_the_keyboard_and_stops(open_board: Open, console: Console, running: str) -> None:
    page = watch(open_board(), console, running)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Back to the class")).to_be_focused()
    page.get_by_role("button", name="Stop looking").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#curtain-title")).to_have_text("You have stopped looking")
    expect(page.get_by_role("button", name="Look again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#curtain-title")).to_contain_text("has no desktop")
