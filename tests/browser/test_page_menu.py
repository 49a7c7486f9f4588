"""The bar's menu: by keyboard, on a narrow screen, special keys, a tablet's keyboard, picture quality, reset."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.world import Hub, wait_until

NAME = "learner04"


@pytest.fixture(scope="module")
def _desktop(sit_down_for_long: SitDown) -> Desktop:
    permissions = ["clipboard-read", "clipboard-write"]
    return Desktop.start(sit_down_for_long(NAME, permissions=permissions))


@pytest.fixture(scope="module")
def _terminal(_desktop: Desktop) -> Terminal:
    return Terminal.open(_desktop)


@pytest.fixture
def desktop(_desktop: Desktop) -> Iterator[Desktop]:
    yield _desktop
    for panel in _desktop.page.locator(".panel:visible .close").all():
        panel.click()


@pytest.fixture
def terminal(_terminal: Terminal, desktop: Desktop) -> Terminal:
    return _terminal


def open_menu(page: Page, item: str) -> None:
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name=item).click()


def test_the_menu_works_by_the_keyboard_and_gives_it_back(desktop: Desktop) -> None:
    page = desktop.page
    desktop.press("Control+Alt+Shift+KeyB")
    page.get_by_role("button", name="Menu").focus()
    desktop.press("Enter", "ArrowDown", "ArrowUp", "End")
    expect(page.get_by_role("menuitem", name="Hide bar")).to_be_focused()
    desktop.press("Escape")
    expect(page.get_by_role("menu")).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    desktop.press("Enter", "Enter")
    expect(page.locator("#keys-panel")).to_be_visible()
    desktop.press("Escape")
    expect(page.locator("#keys-panel")).to_be_hidden()
    expect(page.locator("#keyboard")).to_be_focused()


@pytest.mark.parametrize(
    ("name", "opened"),
    [("Menu", "#menu"), ("Ask for help", "#hand-panel"), ("Clipboard", "#clipboard-panel"), ("Files", "#files-panel")],
)
def test_escape_closes_what_the_mouse_has_opened(desktop: Desktop, name: str, opened: str) -> None:
    page = desktop.page
    page.locator("#bar").get_by_role("button", name=name).click()
    expect(page.locator(opened)).to_be_visible()
    desktop.press("Escape")
    expect(page.locator(opened)).to_be_hidden()


def test_escape_closes_a_menu_of_the_desktop(desktop: Desktop) -> None:
    desktop.open_desktop_menu()
    desktop.press("Escape")
    wait_until(lambda: not desktop.x.menus(), 5, "the menu is closed")


def test_a_press_that_opens_nothing_leaves_the_keyboard_with_the_desktop(desktop: Desktop) -> None:
    page = desktop.page
    menu = page.get_by_role("button", name="Menu")
    presses: dict[str, list[Locator]] = {
        "time left": [page.get_by_role("timer")],
        "menu, and again": [menu, menu],
        "menu, and beside": [menu, page.get_by_role("timer")],
    }
    for what, buttons in presses.items():
        for button in buttons:
            button.click()
        expect(page.locator("#menu")).to_be_hidden()
        assert page.evaluate("document.activeElement.id") == "keyboard", what


def test_special_keys_reach_the_desktop(desktop: Desktop, terminal: Terminal) -> None:
    terminal.activate()
    page = desktop.page
    open_menu(page, "Special keys")
    desktop.screenshot("special-keys")
    desktop.type("cat -v\n")
    keys = page.locator("#keys-panel")
    for name in ("F5", "Up"):
        keys.get_by_role("button", name=name, exact=True).click()
    # A sticky key counts for one key of the real keyboard, and no longer.
    keys.get_by_role("button", name="Ctrl", exact=True).click()
    pressed = keys.locator("[aria-pressed='true']")
    expect(pressed).to_have_text("Ctrl")
    desktop.press("KeyA")
    expect(pressed).to_have_count(0)
    desktop.type("b\n")
    desktop.press("Control+d")
    wait_until(lambda: "^[[15~^[[A^Ab\n" in terminal.text(), 10, "the terminal has got the keys")
    keys.get_by_role("button", name="Alt + F4").click()
    desktop.wait_until_closed(r"@.*:")


def test_what_was_allowed_with_one_raised_hand_is_not_with_the_next(desktop: Desktop) -> None:
    page = desktop.page
    may_look = page.get_by_label("may look at my desktop without asking again")
    page.get_by_role("button", name="Ask for help").click()
    may_look.check()
    page.locator("#hand-text").press("Control+Enter")
    page.get_by_role("button", name="You asked for help").click()
    page.get_by_role("button", name="I no longer need help").click()
    page.get_by_role("button", name="Ask for help").click()
    expect(may_look).not_to_be_checked()


def test_a_tablet_s_keyboard_types_into_the_desktop(desktop: Desktop, hub: Hub) -> None:
    terminal = Terminal.open(desktop)
    terminal.begin("cat > typed.txt")
    page = desktop.page
    open_menu(page, "On-screen keyboard")
    expect(page.locator("#touch-text")).to_be_focused()
    # This is how tablets type: the text of a field changes, and no key is heard of.
    page.keyboard.insert_text("größx")
    page.keyboard.press("Backspace")
    page.keyboard.insert_text("e ≤ 2 €")
    page.keyboard.press("Enter")
    open_menu(page, "On-screen keyboard")
    desktop.press("Control+d")
    typed = hub.home(NAME) / "typed.txt"
    wait_until(lambda: typed.read_text() == "größe ≤ 2 €\n", 10, "all of it was typed")


def test_a_narrow_screen_has_everything_in_the_menu(desktop: Desktop) -> None:
    page = desktop.page
    usual = page.viewport_size
    assert usual
    page.set_viewport_size({"width": 390, "height": 740})
    try:
        bar = page.locator("#bar").bounding_box()
        assert bar
        assert bar["height"] < 40, "the bar is one line"
        assert page.evaluate("document.body.scrollWidth") <= 390
        expect(page.get_by_role("timer")).to_be_visible()
        page.get_by_role("button", name="Menu").click()
        for item in ("Clipboard", "Files", "Special keys", "End session"):
            expect(page.get_by_role("menuitem", name=item)).to_be_visible()
        desktop.screenshot("narrow")
        page.get_by_role("menuitem", name="Files").click()
        panel = page.locator("#files-panel").bounding_box()
        assert panel
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= 390
        desktop.screenshot("narrow-files")
    finally:
        page.set_viewport_size(usual)


def test_full_screen_shows_only_the_desktop_and_the_handle(desktop: Desktop) -> None:
    page = desktop.page
    page.get_by_role("button", name="Full screen").click()
    expect(page.locator("#bar")).to_be_hidden()
    wait_until(lambda: desktop.x.size() == desktop.room(), 10, "the desktop has the whole page")
    page.get_by_role("button", name="Show the bar").click()
    page.get_by_role("button", name="Leave full screen").click()
    expect(page.get_by_role("button", name="Full screen", exact=True)).to_be_visible()
    expect(page.locator("#bar")).to_be_visible()


def quality(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=re.compile(f"^{name}"))


@pytest.mark.parametrize("width", [360, 720, 1280, 1920])
def test_a_panel_opens_below_the_bar_at_its_button(desktop: Desktop, width: int) -> None:
    page = desktop.page
    usual = page.viewport_size
    assert usual
    page.set_viewport_size({"width": width, "height": 800})
    try:
        for name in ("hand", "clipboard", "files") if width > 700 else ("hand",):
            button, panel = page.locator(f".bar [data-panel={name}-panel]"), f"#{name}-panel"
            button.click()
            above, below = button.bounding_box(), page.locator(panel).bounding_box()
            assert above
            assert below
            assert below["x"] <= above["x"]
            assert above["x"] + above["width"] <= below["x"] + below["width"]
            assert below["x"] + below["width"] <= width
            # On a narrow page the bar has two lines, and the panel covers neither.
            bar = page.locator("#bar").bounding_box()
            assert bar
            assert bar["y"] + bar["height"] <= below["y"] < bar["y"] + bar["height"] + 20
            desktop.screenshot(f"{name}-{width}")
            page.locator(f"{panel} .close").click()
    finally:
        page.set_viewport_size(usual)


def test_the_chosen_quality_is_remembered_and_taken(desktop: Desktop) -> None:
    page = desktop.page
    open_menu(page, "Picture quality")
    now = page.locator("#quality-now")
    expect(now).to_contain_text("ms to the session and back", timeout=10_000)
    quality(page, "Low").check()
    expect(now).to_contain_text("Now: Low")
    desktop.screenshot("quality")
    page.reload()
    desktop.wait_until_connected()
    open_menu(page, "Picture quality")
    expect(quality(page, "Low")).to_be_checked()
    expect(now).to_contain_text("Now: Low")
    quality(page, "Automatic").check()
    expect(now).to_contain_text("Now: Good")


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        pytest.param((2, 500, 0.2, 60), 2, id="nothing comes, so nothing is known"),
        pytest.param((2, 300, 30, 1), 1, id="late by what comes"),
        pytest.param((2, 300, 3, 1), 0, id="very late: down at once"),
        pytest.param((3, 300, 400, 1), 2, id="late on a fast link: one down"),
        pytest.param((0, 300, 3, 60), 0, id="nothing below the lowest"),
        pytest.param((1, 10, 20, 9), 2, id="prompt and busy: one up"),
        pytest.param((1, 10, 20, 2), 1, id="not so soon"),
        pytest.param((1, 80, 20, 60), 1, id="in between: stay"),
        pytest.param((3, 10, 200, 60), 3, id="nothing above the best"),
    ],
)
def test_the_quality_follows_the_link(desktop: Desktop, measured: tuple[float, ...], expected: int) -> None:
    module = desktop.page.locator("link[rel=modulepreload][href$='/quality.js']")
    names = ("level", "extraDelay", "megabits", "seconds")
    chosen = desktop.page.evaluate(
        "async ([module, now]) => (await import(module)).nextLevel(now)",
        [module.get_attribute("href"), dict(zip(names, measured, strict=True))],
    )
    assert chosen == expected


def test_a_reset_keeps_the_old_settings_and_starts_a_fresh_desktop(desktop: Desktop, hub: Hub) -> None:
    settings = hub.home(NAME) / ".config" / "caja"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "mine").write_text("x")
    lesson = hub.home(NAME) / "Desktop/Lesson/dask-delay/hello.py"
    lesson.write_text("broken")
    before = desktop.x
    page = desktop.page
    fresh_copies = page.get_by_label("Also give me fresh copies")
    open_menu(page, "Reset my desktop")
    fresh_copies.check()
    desktop.screenshot("reset-dialog")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    open_menu(page, "Reset my desktop")
    expect(fresh_copies).not_to_be_checked()  # what was cancelled is not done by the next press of Enter
    fresh_copies.check()
    page.get_by_role("dialog").get_by_role("button", name="Reset my desktop").click()
    expect(page.locator(".banner[data-name='reset']")).to_contain_text("are kept in ~/")
    expect(page.locator(".banner[data-name='reset-lesson']")).to_contain_text("hello.py")
    wait_until(lambda: started_anew(desktop, before), 15, "a fresh desktop")
    desktop.screenshot("reset-done")
    for _ in range(page.locator(".banner").count()):
        page.locator(".banner").first.get_by_role("button", name="OK").click()
    desktop.wait_until_painted()
    assert not (settings / "mine").exists()
    assert "broken" not in lesson.read_text()
    assert [path for path in Path(lesson.parent).glob("hello.py.*") if path.read_text() == "broken"]


def started_anew(desktop: Desktop, before: object) -> bool:
    try:
        return desktop.x != before
    except LookupError:
        return False
