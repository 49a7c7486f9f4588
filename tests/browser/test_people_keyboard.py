"""The keyboard of an instructor who has control: it composes, and is a Mac's, as on the learner's own page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.browser import Chromium, Learner, SitDown, room
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.laptop import DEAD_KEYS, Laptop, chromium_at
from support.laptop import laptop as switched_on
from support.visitor import Visitor
from support.world import Hub, wait_until

NAME = "learner01"
A_MAC = "Object.defineProperty(Navigator.prototype, 'platform', { get: () => 'MacIntel' });"


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long(NAME))


@pytest.fixture(scope="module")
def terminal(desktop: Desktop) -> Terminal:
    return Terminal.open(desktop)


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with switched_on() as laptop:
        yield laptop


@pytest.fixture(scope="module")
def instructor(laptop: Laptop, chromium: Chromium, _product: Hub, artifacts: Path) -> Iterator[Learner]:
    """At a laptop of their own."""
    with chromium_at(chromium) as browser, room(browser, _product, artifacts / "browser/people_keyboard") as sit_down:
        yield sit_down("instructor", viewport={"width": 1000, "height": 640})


@pytest.fixture
def in_control(desktop: Desktop, terminal: Terminal, instructor: Learner) -> Visitor:
    """The instructor has opened the page, and the learner has given them the keyboard."""
    visitor = Visitor.open(instructor, NAME)
    strip = desktop.page.locator("#watched")
    expect(strip).to_be_visible()
    if strip.get_by_role("button", name="Allow").is_visible():
        strip.get_by_role("button", name="Allow").click()
    visitor.wait_for_picture()
    if visitor.button("Ask for control").is_visible():
        visitor.button("Ask for control").click()
        strip.get_by_role("button", name="Allow").click()
    expect(visitor.button("Give control back")).to_be_visible()
    visitor.page.bring_to_front()
    return visitor


@pytest.mark.parametrize(("layout", "keys", "text"), DEAD_KEYS)
def test_dead_keys_reach_the_desktop(
    in_control: Visitor, laptop: Laptop, hub: Hub, *, layout: tuple[str, str], keys: str, text: str
) -> None:
    laptop.lay_out(*layout)
    out = hub.home(NAME) / f"composed-{layout[0]}.txt"
    in_control.type(f"cat >{out.name}\n")
    wait_until(out.exists, 10, "the command runs")
    laptop.press(keys)
    in_control.page.keyboard.press("Enter")
    in_control.page.keyboard.press("Control+d")
    assert wait_until(out.read_text, 10, "something has arrived") == f"{text}\n"


def test_an_input_method_reaches_the_desktop(in_control: Visitor, hub: Hub) -> None:
    method = in_control.page.context.new_cdp_session(in_control.page)
    out = hub.home(NAME) / "composed-by-method.txt"
    in_control.type(f"cat >{out.name}\n")
    wait_until(out.exists, 10, "the command runs")
    method.send("Input.imeSetComposition", {"text": "ni", "selectionStart": 2, "selectionEnd": 2})
    method.send("Input.insertText", {"text": "你好"})
    in_control.page.keyboard.press("Enter")
    in_control.page.keyboard.press("Control+d")
    assert wait_until(out.read_text, 10, "something has arrived") == "你好\n"


def test_a_mac_s_cmd_copies_in_a_terminal_and_interrupts_nothing(
    desktop: Desktop, terminal: Terminal, instructor: Learner, request: pytest.FixtureRequest
) -> None:
    instructor.page.add_init_script(A_MAC)
    visitor: Visitor = request.getfixturevalue("in_control")
    terminal.begin("cat")
    wait_until(lambda: not terminal.is_idle(), 10, "the command runs")
    visitor.page.locator("#keyboard").focus()
    visitor.page.keyboard.press("Meta+a")
    visitor.page.keyboard.press("Meta+c")
    text = desktop.page.locator("#clipboard-text")
    wait_until(lambda: "cat" in text.input_value(), 10, "the learner's terminal has copied its text")
    assert not terminal.is_idle(), "the command still runs"
    visitor.page.keyboard.press("Control+d")
    wait_until(terminal.is_idle, 10, "the command has ended")
