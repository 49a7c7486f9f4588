"""A Mac's keyboard: Cmd in a terminal and elsewhere, and Option as Alt."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Editor, Terminal
from support.world import Hub, wait_until

NAME = "learner02"
A_MAC = "Object.defineProperty(Navigator.prototype, 'platform', { get: () => 'MacIntel' });"


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    learner = sit_down_for_long(NAME, permissions=["clipboard-read", "clipboard-write"])
    learner.page.add_init_script(A_MAC)
    return Desktop.start(learner)


@pytest.fixture(scope="module")
def terminal(desktop: Desktop) -> Terminal:
    return Terminal.open(desktop)


@pytest.fixture
def home(hub: Hub) -> Path:
    return hub.home(NAME)


def copied(desktop: Desktop) -> str:
    return str(desktop.page.evaluate("navigator.clipboard.readText()"))


def press_cmd_v(desktop: Desktop) -> None:
    """As on a Mac, where the browser pastes at this key."""
    page = desktop.page
    page.keyboard.down("Meta")
    key = {"key": "v", "code": "KeyV", "modifiers": 4, "commands": ["paste"]}
    page.context.new_cdp_session(page).send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    page.keyboard.up("Meta")


def test_cmd_copies_and_pastes_in_a_terminal_and_interrupts_nothing(
    desktop: Desktop, terminal: Terminal, home: Path
) -> None:
    terminal.begin("cat > pasted.txt")
    wait_until(lambda: not terminal.is_idle(), 10, "the command runs")
    desktop.press("Meta+a", "Meta+c")
    wait_until(lambda: "cat > pasted.txt" in copied(desktop), 10, "the terminal's text is copied")
    assert not terminal.is_idle(), "the command still runs"
    desktop.page.evaluate("navigator.clipboard.writeText('from the Mac')")
    press_cmd_v(desktop)
    # What is typed at once must not overtake it.
    desktop.press("Enter", "Control+d")
    wait_until(lambda: (home / "pasted.txt").read_text() == "from the Mac\n", 10, "it is pasted")
    wait_until(terminal.is_idle, 10, "the command has ended")


def test_cmd_copies_and_pastes_elsewhere(desktop: Desktop, terminal: Terminal, home: Path) -> None:
    terminal.begin("pluma mac.txt &")
    desktop.window("^mac.txt", "pluma")
    editor = Editor(desktop, home)
    editor.activate()
    desktop.type("twice")
    desktop.press("Meta+a", "Meta+c")
    wait_until(lambda: copied(desktop) == "twice", 10, "the editor's text is copied")
    desktop.press("End")
    press_cmd_v(desktop)
    assert editor.save("mac.txt") == "twicetwice\n"
    desktop.press("Meta+q")
    desktop.wait_until_closed("Pluma")


def test_option_is_alt_where_the_learner_wants_it(desktop: Desktop, terminal: Terminal, home: Path) -> None:
    terminal.begin("cat -v > option.txt")
    page = desktop.page
    keyboard = page.context.new_cdp_session(page)

    def press_option_b() -> None:
        page.keyboard.down("Alt")
        for kind in ("keyDown", "keyUp"):
            key = {"key": "∫", "code": "KeyB", "modifiers": 1}
            keyboard.send("Input.dispatchKeyEvent", {"type": kind, **key})
        page.keyboard.up("Alt")

    press_option_b()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Special keys").click()
    desktop.screenshot("special-keys")
    page.get_by_label("Option").check()
    expect(page.locator("#keyboard")).to_be_focused()
    press_option_b()
    # The panel's own Alt counts for the next key, on a Mac as everywhere.
    page.locator("#sticky-keys").get_by_role("button", name="Alt").click()
    desktop.press("x", "y", "Enter", "Control+d")
    wait_until(lambda: (home / "option.txt").read_text() == "M-bM-^HM-+^[b^[xy\n", 10, "all have arrived")
    page.reload()
    desktop.wait_until_connected()
    expect(page.locator("#option-is-alt")).to_be_checked()
