"""A tablet: a screen with two pixels for each of the page's, and fingers."""

import pytest
from PIL import Image

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.world import wait_until

NAME = "learner02"


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    learner = sit_down_for_long(NAME, device_scale_factor=2, has_touch=True)
    learner.start("Desktop")
    desktop = Desktop(learner)
    wait_until(lambda: desktop.page.locator("#curtain").is_hidden(), 30, "the desktop is shown")
    return desktop


def panel_height(desktop: Desktop) -> int:
    return max((w.height for w in desktop.x.windows() if w.kind == "mate-panel"), default=0)


def test_the_desktop_has_every_pixel_of_a_dense_screen(desktop: Desktop) -> None:
    width, height = desktop.room()
    wait_until(lambda: desktop.x.size() == (2 * width, 2 * height), 15, "twice the page's size")
    wait_until(lambda: panel_height(desktop) > 50, 15, "the panel is drawn twice as high")
    box = desktop.canvas.bounding_box()
    assert box
    assert (round(box["width"]), round(box["height"])) == (width, height), "it fills the page"
    path = desktop.screenshot("two-pixels")
    with Image.open(path) as image:
        assert image.size == (2560, 1600)


def test_what_is_clicked_is_what_is_under_the_pointer(desktop: Desktop) -> None:
    desktop.still_picture()  # everything has found its new size
    desktop.click(60, 15)  # the panel's first menu, in the page's own pixels
    wait_until(
        lambda: [m for m in desktop.x.menus() if m.x < 120 and m.height > 200],
        5,
        "its menu is open",
    )
    desktop.screenshot("two-pixels-menu")
    desktop.press("Escape")
    wait_until(lambda: not [m for m in desktop.x.menus() if m.height > 200], 5, "the menu is closed")


def test_a_tap_is_a_click(desktop: Desktop) -> None:
    box = desktop.canvas.bounding_box()
    assert box
    desktop.page.touchscreen.tap(box["x"] + 60, box["y"] + 15)
    wait_until(lambda: [m for m in desktop.x.menus() if m.height > 200], 5, "the menu is open")
    desktop.press("Escape")
    wait_until(lambda: not [m for m in desktop.x.menus() if m.height > 200], 5, "the menu is closed")


def test_on_a_usual_screen_everything_is_as_usual_again(desktop: Desktop, sit_down: SitDown) -> None:
    state = desktop.learner.context.storage_state()
    address = desktop.page.url
    desktop.page.goto("about:blank")
    usual = sit_down(NAME, logged_in=False, storage_state=state)
    usual.page.goto(address)
    other = Desktop(usual)
    other.wait_until_connected()
    wait_until(lambda: 0 < panel_height(other) < 50, 15, "the panel is drawn as usual")
    other.screenshot("one-pixel")
