"""Copy and paste in Firefox, over plain HTTP from another host's name, where pages have no right to the clipboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.firefox import CONTROL, ENTER, HOST_NAME, SHIFT, Firefox, firefox, log_in
from support.world import Hub, wait_until

NAME = "learner04"
TEXT = "größe ≤ 2 € 数 😀"


@pytest.fixture
def browser_of_the_learner(tmp_path: Path) -> Iterator[Firefox]:
    with firefox(tmp_path) as browser:
        yield browser


def test_text_goes_both_ways(sit_down: SitDown, hub: Hub, browser_of_the_learner: Firefox, pictures: Path) -> None:
    desktop = Desktop.start(sit_down(NAME))
    page_url = desktop.page.url.replace("127.0.0.1", HOST_NAME)
    assert HOST_NAME in page_url
    desktop.page.goto("about:blank")
    browser = browser_of_the_learner
    log_in(browser, page_url, NAME, hub.accounts[NAME])
    assert browser.run("return window.isSecureContext") is False

    pasted = hub.home(NAME) / "pasted.txt"
    copy_in_another_page(browser, page_url, f"echo '{TEXT}' | tee pasted.txt")
    browser.open(page_url)
    open_terminal(browser, desktop)
    browser.press(CONTROL, SHIFT, "v")
    wait_until(lambda: browser.read("return document.activeElement.id") == "keyboard", 5, "focus")
    browser.press(ENTER)
    wait_until(lambda: pasted.read_text() == f"{TEXT}\n", 10, "the pasted command has run")
    browser.screenshot(pictures / "pasted.png")

    browser.press(CONTROL, SHIFT, "a")
    browser.press(CONTROL, SHIFT, "c")
    box = "return document.getElementById('clipboard-text').value"
    wait_until(lambda: f"\n{TEXT}\n" in browser.read(box), 10, "the page has got the copy")
    browser.press(SHIFT)  # any key is a gesture, with which the browser lets the page copy
    assert f"\n{TEXT}\n" in paste_in_another_page(browser, page_url)


def open_terminal(browser: Firefox, desktop: Desktop) -> None:
    shown = "return document.getElementById('curtain').hidden"
    wait_until(lambda: browser.read(shown), 30, "the desktop is shown")
    size = wait_until(lambda: canvas_size(browser) == desktop.x.size(), 15, "its size is settled")
    assert size
    left, top = browser.run(
        """const box = document.querySelector("#screen canvas").getBoundingClientRect();
        return [box.x, box.y];"""
    )
    browser.click(left + 900, top + 500, button=2)
    wait_until(lambda: desktop.x.menus()[-1], 5, "the desktop's menu is open")
    browser.press("t")
    desktop.window("", "mate-terminal")
    wait_until(lambda: (w := desktop.x.active()) and w.kind == "mate-terminal", 5, "it has focus")


def canvas_size(browser: Firefox) -> tuple[int, int]:
    width, height = browser.read("const c = document.querySelector('#screen canvas'); return [c.width, c.height];")
    return width, height


FIELD = """
document.body.innerHTML = "<textarea id='field' rows='9' cols='80'></textarea>";
const field = document.getElementById("field");
field.value = arguments[0];
field.focus();
field.select();
"""


def copy_in_another_page(browser: Firefox, url: str, text: str) -> None:
    """Puts a text on the learner's clipboard as they do: selected in a page, Ctrl + C."""
    browser.open(f"{url}assets/0/none")
    browser.run(FIELD, text)
    browser.press(CONTROL, "c")


def paste_in_another_page(browser: Firefox, url: str) -> str:
    browser.open(f"{url}assets/0/none")
    browser.run(FIELD, "")
    browser.press(CONTROL, "v")
    field = "return document.getElementById('field').value"
    wait_until(lambda: browser.read(field), 5, "something was pasted")
    return str(browser.run(field))
