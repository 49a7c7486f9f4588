"""What is seen of the desktop from the first moment on, at each change of the window's size, and on a phone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from support import panel
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.world import wait_until

NAME = "learner01"

WATCH = """
    // The colours of the desktop's middle, its lower right corner and its panel, whenever they change.
    window.seen = [];
    window.watch = () => {
        const canvas = document.querySelector("#screen canvas");
        const context = canvas.getContext("2d");
        const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].join(" ");
        const { width, height } = canvas;
        const colours = [at(width / 2, height / 2), at(width - 60, height - 60), at(width / 2, 2)];
        const now = JSON.stringify({ width, height, colours });
        if (window.seen.at(-1) !== now) window.seen.push(now);
        requestAnimationFrame(window.watch);
    };
    new MutationObserver((_, observer) => {
        if (!document.getElementById("curtain")?.hidden) return;
        observer.disconnect();
        window.watch();
    }).observe(document, { subtree: true, attributeFilter: ["hidden"] });
"""
PANEL, BLACK, NOTHING = "43 46 55 255", "0 0 0 255", "0 0 0 0"


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    learner = sit_down_for_long(NAME)
    learner.page.add_init_script(WATCH)
    return Desktop.start(learner)


def seen(desktop: Desktop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desktop.page.evaluate("window.seen.map(JSON.parse)")
    return found


def test_the_first_that_is_seen_is_the_desktop_with_its_wallpaper(desktop: Desktop) -> None:
    for _ in ("new", "reloaded"):
        first = seen(desktop)[0]
        assert (first["width"], first["height"]) == desktop.room()
        assert not {BLACK, NOTHING} & {*first["colours"]}
        assert first["colours"][2] == PANEL
        desktop.page.reload()
        desktop.wait_until_connected()


@pytest.mark.parametrize(("width", "height"), [(1500, 900), (900, 600), (1280, 800)], ids=["larger", "smaller", "back"])
def test_nothing_is_black_while_the_desktop_takes_another_size(desktop: Desktop, width: int, height: int) -> None:
    desktop.page.evaluate("window.seen = []")
    desktop.page.set_viewport_size({"width": width, "height": height})
    desktop.wait_until_painted()
    desktop.still_picture()
    moments = seen(desktop)
    assert not [moment for moment in moments if BLACK in moment["colours"]]
    # Where nothing has come yet, the page shows the wallpaper's colour.
    assert (
        desktop.page.locator(".stage").evaluate("(stage) => getComputedStyle(stage).backgroundColor")
        == "rgb(45, 74, 92)"
    )


def test_on_a_phone_the_panel_has_room_for_all_its_parts(sit_down: SitDown) -> None:
    phone = {"viewport": {"width": 390, "height": 740}, "device_scale_factor": 3}
    learner = sit_down("learner02", has_touch=True, is_mobile=True, **phone)
    learner.start("Desktop")
    desktop = Desktop(learner)
    expect(desktop.canvas).to_be_visible(timeout=30_000)
    expect(learner.page.locator("#curtain")).to_be_hidden(timeout=30_000)
    width, height = desktop.room()
    wait_until(lambda: desktop.x.size() == (2 * width, 2 * height), 20, "twice as sharp")
    desktop.still_picture()
    desktop.screenshot("phone")
    box = desktop.canvas.bounding_box()
    assert box
    assert (box["width"], round(box["height"])) == (390, round(height * 390 / width))
    # A finger on the terminal's launcher, right of the menu, opens the terminal.
    x, y = panel.launcher(desktop, "terminal")
    place = box["x"] + x * 390 / width, box["y"] + y * 390 / width

    def tapped() -> bool:
        # The panel may still be laid out for the new size: whoever taps too early taps again.
        learner.page.touchscreen.tap(*place)
        learner.page.wait_for_timeout(3000)
        return any("mate-terminal" in window.kind for window in desktop.x.windows())

    wait_until(tapped, 20, "a terminal")
    desktop.window("", "mate-terminal")
    pointer = learner.page.locator("body > canvas").bounding_box()
    assert pointer
    assert max(pointer["width"], pointer["height"]) <= 24, "no larger than the desktop's pointer"
    desktop.still_picture()
    desktop.screenshot("phone-terminal")
