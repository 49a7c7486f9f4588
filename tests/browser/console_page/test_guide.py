"""The pictures of docs/instructor."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.console import Console
from support.console_board import Open, counter, reach_by_name, row
from support.world import wait_until

GUIDE = "running running running queued running failed idle starting running not-started running idle"


@pytest.mark.parametrize("learners", [pytest.param(12, id="a class")])
def test_pictures_of_the_guide(open_board: Open, console: Console, docs_pictures: Path) -> None:
    take_pictures(open_board, console, docs_pictures)
    assert len(list(docs_pictures.glob("console*.png"))) == 4


def take_pictures(open_it: Open, console: Console, folder: Path) -> None:
    """Draws what the guide shows: the board of a class, a reset, the class link, and the board on a phone."""
    for name, state in zip(sorted(console.group.learners), GUIDE.split(), strict=True):
        console.do(console.group.put, name, state.replace("-", " "))
    console.do(console.group.raise_hand, "learner05", 190, "My plot stays empty")
    console.do(console.group.raise_hand, "learner09", 45)
    console.do(console.group.change, "learner02", watchers=("instructor",))
    page = open_it()
    expect(page.locator("#rows > tr")).to_have_count(12)
    expect(counter(page, "hand").locator("b")).to_have_text("2")
    page.screenshot(path=folder / "console.png")
    row(page, "learner01").get_by_role("button", name="Reset").click()
    page.locator("#ask-reset").screenshot(path=folder / "console-reset.png")
    page.keyboard.press("Escape")
    reach_by_name(page)
    page.locator("#open-link").click()
    wait_until(
        lambda: page.evaluate("document.getElementById('link-qr').naturalWidth"),
        5,
        "the code is drawn",
    )
    page.locator("#link").screenshot(path=folder / "console-link.png")
    phone = open_it(viewport={"width": 390, "height": 844}, color_scheme="dark")
    expect(counter(phone, "hand").locator("b")).to_have_text("2")
    phone.screenshot(path=folder / "console-phone.png")
