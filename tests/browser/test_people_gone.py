"""An instructor looks at a desktop whose learner has gone, or whose session ends."""

from playwright.sync_api import expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.visitor import Visitor
from support.world import command

NAME = "learner02"
LONGEST_MS = 60_000


def test_nobody_waits_for_the_answer_of_a_learner_who_has_closed_the_page(
    sit_down: SitDown,
) -> None:
    desktop = Desktop.start(sit_down(NAME))
    address = desktop.page.url
    desktop.page.goto("about:blank")
    visitor = Visitor.open(sit_down("instructor"), NAME)
    # Less than the time that a learner has for an answer.
    expect(visitor.text).to_have_text(f"{NAME} has no page open, so nobody can answer.", timeout=40_000)
    visitor.person.screenshot("nobody-can-answer")
    desktop.page.goto(address)
    desktop.wait_until_connected()
    visitor.button("Ask again").click()
    desktop.page.locator("#watched").get_by_role("button", name="Allow").click(timeout=LONGEST_MS)
    visitor.wait_for_picture()


def test_after_the_end_of_a_session_nothing_says_that_somebody_looks(sit_down: SitDown) -> None:
    desktop = Desktop.start(sit_down(NAME))
    visitor = Visitor.open(sit_down("instructor"), NAME)
    desktop.page.locator("#watched").get_by_role("button", name="Allow").click(timeout=LONGEST_MS)
    visitor.wait_for_picture()
    expect(visitor.mode).to_have_text("View only")
    command("scancel", f"--user={NAME}")
    expect(visitor.title).to_have_text(f"The session of {NAME} has ended", timeout=LONGEST_MS)
    expect(visitor.mode).to_be_hidden()
    expect(desktop.page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=LONGEST_MS)
    expect(desktop.page.locator("#watched")).to_be_hidden()
    expect(visitor.button("Start it again")).to_be_visible(timeout=LONGEST_MS)
    visitor.person.screenshot("ended-visitor")
    desktop.screenshot("ended-learner")
    visitor.button("Start it again").click()
    expect(visitor.title).to_have_text(f"Asking {NAME}", timeout=2 * LONGEST_MS)
    visitor.page.get_by_role("link", name="Back to the class").click()
    visitor.page.wait_for_selector("#live[data-kind=live]")
