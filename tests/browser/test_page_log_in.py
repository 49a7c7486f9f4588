"""The session's page and the log-in: another session in its place, a log-out in another tab."""

import re

import pytest
from playwright.sync_api import Page, expect

from support.browser import Learner, SitDown
from support.browser_desktop import Desktop
from support.hub_client import HubClient
from support.world import Hub, command, wait_until

DESKTOP = {"ui": "desktop", "cores": "1", "hours": "1"}
LOGGED_OUT = "You are logged out"


def _log_out(learner: Learner) -> Page:
    """Logs out in another tab of the same browser, as somebody does who leaves a shared laptop."""
    other = learner.context.new_page()
    other.goto(f"{learner.hub.url}/hub/home")
    other.get_by_role("link", name="Log out").click()
    other.wait_for_url(re.compile("/hub/log"))
    return other


def test_a_new_session_in_its_place_opens_by_itself(sit_down: SitDown, hub: Hub) -> None:
    """As after *Restart* in the console: stopped and started from elsewhere."""
    desktop = Desktop.start(sit_down("learner02"))
    before = desktop.x
    second = desktop.learner.context.new_page()
    second.goto(desktop.page.url)
    expect(second.locator("#curtain")).to_be_hidden(timeout=30_000)
    with HubClient(hub, "learner02") as elsewhere:
        elsewhere.start(**DESKTOP)
        expect(desktop.page.locator("#curtain")).to_be_visible(timeout=30_000)
        desktop.wait_until_painted()
        assert desktop.x != before
        expect(second.locator("#curtain")).to_be_hidden(timeout=60_000)


def test_a_session_that_was_cancelled_and_started_elsewhere_opens_by_itself(sit_down: SitDown, hub: Hub) -> None:
    desktop = Desktop.start(sit_down("learner03"))
    before = desktop.x
    command("scancel", "--user=learner03")
    expect(desktop.page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=60_000)
    with HubClient(hub, "learner03") as elsewhere:
        elsewhere.start(**DESKTOP)
        desktop.wait_until_painted()
        assert desktop.x != before


def test_a_log_out_in_another_tab_closes_the_desktop_at_once(sit_down: SitDown) -> None:
    desktop = Desktop.start(sit_down("learner02"))
    page, x = desktop.page, desktop.x
    page.get_by_role("button", name="Files").click()
    expect(page.locator("#files-panel")).to_be_visible()
    other = _log_out(desktop.learner)
    expect(page.get_by_text(LOGGED_OUT)).to_be_visible(timeout=5_000)
    expect(page.locator("#curtain")).to_contain_text("still running until")
    expect(page.locator("#screen canvas")).to_have_count(0)
    expect(page.locator("#files-panel")).to_be_hidden()
    desktop.screenshot("logged-out")
    windows = len(x.windows())
    page.keyboard.press("Control+Alt+t")
    page.keyboard.type("date")
    assert len(x.windows()) == windows
    # Whoever logs in again finds the windows, in the old tab without a press.
    other.get_by_role("link", name="Log in again").click()
    other.get_by_label("Username").fill("learner02")
    other.get_by_label("Password").fill(desktop.learner.hub.accounts["learner02"])
    other.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    other.wait_for_url(lambda url: "/login" not in url)
    desktop.wait_until_connected()
    assert desktop.x == x


def test_a_log_out_that_tells_nobody_is_noticed_within_seconds(sit_down: SitDown) -> None:
    """A browser whose other tab runs no scripts, or a log-in that the hub ended."""
    desktop = Desktop.start(sit_down("learner02"))
    desktop.page.evaluate("fetch('/hub/logout')")
    expect(desktop.page.get_by_text(LOGGED_OUT)).to_be_visible(timeout=15_000)
    desktop.learner.log_in()


def test_a_session_that_ends_while_its_learner_is_logged_out_says_so(sit_down: SitDown) -> None:
    desktop = Desktop.start(sit_down("learner02"))
    _log_out(desktop.learner)
    expect(desktop.page.get_by_text(LOGGED_OUT)).to_be_visible(timeout=15_000)
    command("scancel", "--user=learner02")
    wait_until(lambda: not command("squeue", "-h", "--user=learner02"), 60, "the job has ended")
    expect(desktop.page.get_by_role("button", name="Log in again")).to_be_visible()
    desktop.learner.log_in()


@pytest.mark.parametrize(
    ("interface", "ui", "inside"), [("Terminal", "terminal", ".xterm-screen"), ("JupyterLab", "lab", "#lab")]
)
def test_the_other_interfaces_do_the_same(sit_down: SitDown, hub: Hub, interface: str, ui: str, inside: str) -> None:
    learner = sit_down("learner04")
    learner.start(interface)
    page = learner.page
    expect(page.locator("#curtain")).to_be_hidden(timeout=60_000)
    page.evaluate("document.body.dataset.first = 'yes'")
    with HubClient(hub, "learner04") as elsewhere:
        elsewhere.start(ui=ui, cores="1", hours="1")
        expect(page.locator("body[data-first]")).to_have_count(0, timeout=60_000)
        expect(page.locator(inside)).to_be_visible(timeout=60_000)
        expect(page.locator("#curtain")).to_be_hidden(timeout=60_000)
        page.get_by_role("button", name="Ask for help").click()
        _log_out(learner)
        expect(page.get_by_text(LOGGED_OUT)).to_be_visible(timeout=15_000)
        expect(page.locator("#hand-panel")).to_be_hidden()
        if interface == "JupyterLab":
            expect(page.locator(inside)).to_be_hidden()
        learner.log_in()
