"""The session's page and its link: lost, dead, back again; and what it says when the session is over."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support import faults
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.world import Hub, command, wait_until

NAME = "learner04"
STILL_RUNNING = "Your session is still running"


@pytest.fixture(scope="module")
def _desktop(sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long(NAME))


@pytest.fixture
def desktop(_desktop: Desktop) -> Iterator[Desktop]:
    """A desktop on the screen, before and after each test."""
    _desktop.wait_until_connected()
    yield _desktop
    _desktop.wait_until_connected()


def notice(page: Page) -> str:
    """What the curtain says; empty where the desktop is to be seen."""
    curtain = page.locator("#curtain")
    return curtain.inner_text() if curtain.is_visible() else ""


def test_a_proxy_that_is_killed_is_waited_for(desktop: Desktop, hub: Hub) -> None:
    before = desktop.x
    with faults.stopped("proxy"):
        wait_until(lambda: STILL_RUNNING in notice(desktop.page), 10, "the page says so")
        desktop.screenshot("connecting-again")
    desktop.wait_until_connected()
    assert desktop.x == before


def test_a_link_that_dies_in_silence_is_noticed_within_20_seconds(desktop: Desktop, hub: Hub) -> None:
    before = desktop.x
    with faults.frozen("proxy"):
        wait_until(lambda: STILL_RUNNING in notice(desktop.page), 20, "the page has noticed")
    desktop.wait_until_connected()
    assert desktop.x == before


def test_a_hub_that_is_killed_is_not_even_noticed(desktop: Desktop, hub: Hub) -> None:
    faults.kill_hub(hub)
    assert notice(desktop.page) == ""


def test_a_browser_that_fails_at_first_is_tried_again(desktop: Desktop) -> None:
    page = desktop.page.context.new_page()
    page.add_init_script(
        """const original = HTMLCanvasElement.prototype.getContext;
        window.failures = 0;
        HTMLCanvasElement.prototype.getContext = function (...given) {
            if (window.failures === 2) return original.apply(this, given);
            window.failures += 1;
            throw new Error("no memory for a canvas");
        };"""
    )
    page.goto(desktop.page.url)
    expect(page.locator("#curtain")).to_be_hidden(timeout=15_000)
    expect(page.locator("#screen canvas")).to_have_count(1)
    assert page.evaluate("window.failures") == 2
    page.close()


def test_a_desktop_that_breaks_is_back_at_once_and_the_page_says_what_was_lost(
    desktop: Desktop,
) -> None:
    before = desktop.x
    # A desktop that was there for less is taken for one that does not start.
    command("kill", "-9", str(before.pid))
    words = desktop.page.locator(".banner .words")
    expect(words).to_contain_text("your files are kept", timeout=15_000)
    desktop.wait_until_connected()
    assert desktop.x != before
    desktop.screenshot("new-desktop")
    desktop.page.locator(".banner").get_by_role("button", name="OK").click()
    expect(words).to_have_count(0)


def test_a_session_that_is_cancelled_says_so_and_starts_again_with_one_click(
    sit_down: SitDown,
) -> None:
    desktop = Desktop.start(sit_down("learner02"), hours="2")
    page = desktop.page
    command("scancel", f"--user={desktop.learner.name}")
    again = page.get_by_role("link", name="Start a new session")
    expect(again).to_be_visible(timeout=60_000)
    said = notice(page)
    # The session itself says so, or the page, where Slurm was quicker than the session's last words.
    assert re.search("Your session (was stopped|has ended)", said)
    assert "or its job was cancelled" in said
    assert "Your files are saved" in said
    desktop.screenshot("stopped")
    again.click()
    desktop.learner.wait_for_session("desktop/")
    desktop.wait_until_painted()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^1 h 5\d min left$"))


def test_a_learner_ends_the_session_from_the_page(sit_down: SitDown) -> None:
    desktop = Desktop.start(sit_down("learner02"))
    page = desktop.page
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="End session").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("unsaved work is lost")
    desktop.screenshot("end-dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="End session").click()
    dialog.get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=60_000)
    assert "You ended this session" in notice(page)
    expect(page.get_by_role("timer")).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_hidden()
    desktop.screenshot("ended")
    desktop.learner.wait_until_gone()
