"""The browser's Back and Forward: no page that is left and opened again hangs, also where the browser has kept it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.browser import CHROMIUM, FLAGS, Chromium, Learner, room
from support.browser_desktop import Desktop
from support.world import Hub

NAME = "learner02"


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    """Chromium as people have it: it keeps pages that are left, and shows them again as they were."""
    browser = chromium.kind.launch(
        executable_path=CHROMIUM, args=list(FLAGS), ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


@pytest.fixture
def learner(browser: Browser, hub: Hub, pictures: Path) -> Iterator[Learner]:
    with room(browser, hub, pictures) as sit_down:
        yield sit_down(NAME)


def test_back_leads_to_a_desktop_that_can_be_used(learner: Learner, hub: Hub) -> None:
    desktop = Desktop.start(learner)
    page = desktop.page
    page.goto(f"{hub.url}/hub/home")
    page.go_back()
    desktop.wait_until_connected()
    desktop.open_desktop_menu()
    desktop.press("Escape")
    # What is before it is the way that led here: the hub knows of the session, and asks for no second one.
    page.go_back()
    desktop.learner.screenshot("before")
    page.wait_for_url(f"**/user/{NAME}/**")
    desktop.wait_until_connected()


@pytest.mark.parametrize(
    ("interface", "inside"), [("Terminal", ".xterm-screen"), ("JupyterLab", "#lab")], ids=["terminal", "lab"]
)
def test_back_leads_to_the_other_interfaces(learner: Learner, hub: Hub, interface: str, inside: str) -> None:
    learner.start(interface)
    page = learner.page
    expect(page.locator("#curtain")).to_be_hidden(timeout=60_000)
    page.goto(f"{hub.url}/hub/home")
    page.go_back()
    expect(page.locator("#curtain")).to_be_hidden(timeout=60_000)
    expect(page.locator(inside)).to_be_visible()


def test_back_to_a_session_that_has_ended_says_so(learner: Learner, hub: Hub) -> None:
    desktop = Desktop.start(learner)
    page = desktop.page
    page.goto(f"{hub.url}/hub/home")
    page.get_by_role("button", name="End session").click()
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(page.locator("#classdesk-session")).not_to_contain_text("running", timeout=30_000)
    page.go_back()
    expect(page.get_by_role("link", name="Start").or_(page.get_by_role("button", name="Start")).first).to_be_visible()
