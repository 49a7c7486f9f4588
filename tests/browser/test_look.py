"""The desktop as a learner likes it: programs in the panel, files by a double click, a look for every screen."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from support import panel
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.screen import session_processes
from support.world import Hub, stays, wait_until

NAME = "learner04"
BROWSER_SECONDS = 40.0
BRIGHT = 120
"""What the wallpaper is darker than, of 255."""


@pytest.fixture(scope="module")
def _desktop(sit_down_for_long: SitDown, _product: Hub) -> Desktop:
    for name, data in files().items():
        panel.write_for(NAME, _product.home(NAME) / "Kinds" / name, data)
    learner = sit_down_for_long(NAME, permissions=["clipboard-read", "clipboard-write"])
    return Desktop.start(learner)


@pytest.fixture
def desktop(_desktop: Desktop) -> Iterator[Desktop]:
    """The desktop that these tests share, without a window of the test before."""
    _desktop.wait_until_connected()
    yield _desktop
    close_all(_desktop)


def files() -> dict[str, bytes]:
    """A file of each kind that a course has; each begins with a letter of its own, by which it is found."""
    picture = Path(__file__).parents[2] / "docs/pictures/form.png"
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><circle r="40"/></svg>',
        "notes.txt": b"remember\n",
        "page.pdf": a_page(),
        "image.png": picture.read_bytes(),
        "hello.py": b"print('hello')\n",
        "sheet.ipynb": json.dumps(notebook).encode(),
        "table.csv": b"a,b\n1,2\n",
        "README.md": b"# What to do\n\nOpen `hello.py`.\n",
    }


def a_page() -> bytes:
    """An empty page of a PDF file."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n0 4\n0000000000 65535 f \n" + table + trailer


def close_all(desktop: Desktop) -> None:
    """Closes every window, the front one first."""

    def is_empty() -> bool:
        window = desktop.x.active()
        if not others(desktop):
            return True
        if (window and window.kind not in {"mate-panel", "caja"}) or window in others(desktop):
            desktop.press("Alt+F4")
        else:
            desktop.press("Alt+Tab")
        return False

    wait_until(is_empty, 30, "every window is closed", every=0.7)


def others(desktop: Desktop) -> list[object]:
    """The windows beside panel and desktop."""
    return [w for w in desktop.x.windows() if w.kind != "mate-panel" and w.title != "Desktop"]


def test_a_fresh_desktop_has_no_window_and_no_message(desktop: Desktop) -> None:
    assert others(desktop) == []
    assert desktop.x.menus() == []
    desktop.screenshot("desktop-1280x800")


@pytest.mark.parametrize(
    ("name", "title", "kind"),
    [
        ("terminal", "", "mate-terminal"),
        ("editor", "Pluma", "pluma"),
        ("files", f"^{NAME}", "caja"),
        ("browser", "Firefox", "firefox"),
        ("lesson", "^Dask Delay", "firefox"),
        ("help", "^Help with this desktop", "firefox"),
    ],
)
def test_a_launcher_opens_its_window(desktop: Desktop, name: str, title: str, kind: str) -> None:
    panel.press(desktop, name)
    window = desktop.window(title, kind, timeout=BROWSER_SECONDS)
    assert window.width < desktop.room()[0] or kind == "firefox"
    desktop.screenshot(f"launcher-{name}")


def test_the_files_of_the_lesson_come_with_its_text(desktop: Desktop) -> None:
    panel.press(desktop, "lesson")
    desktop.window("^Dask Delay", "firefox", timeout=BROWSER_SECONDS)
    desktop.still_picture()
    desktop.screenshot("lesson-text")
    desktop.activate("^dask-delay$", "caja")
    desktop.double_click(*panel.place_of(desktop, "^dask-delay$", "loop.py"))
    desktop.window("^loop.py", "pluma")
    desktop.screenshot("lesson-file")


def file_manager() -> int:
    """The process that draws the desktop's icons."""
    found = [pid for pid, words in session_processes(NAME).items() if re.match(r"(/usr/bin/)?caja\b", words)]
    return found[0]


def test_icons_keep_their_place_when_the_file_manager_ends(desktop: Desktop) -> None:
    """Not beneath the panel, whose height a new file manager has to learn first."""

    def place() -> tuple[int, int, int, int] | None:
        """Of all that is brighter than the ground, in the part with the icons."""
        part = desktop.still_picture().crop((0, panel.HEIGHT, 140, 400)).convert("L")
        return part.point([255 * (light > BRIGHT) for light in range(256)]).getbbox()

    before, ended = place(), file_manager()
    assert before
    os.kill(ended, signal.SIGKILL)
    wait_until(lambda: file_manager() != ended, 20, "there is another file manager")
    desktop.wait_until_painted()
    wait_until(lambda: place() == before, 20, "the icons are where they were")


@pytest.mark.parametrize("key", ["Escape", "Enter"])
def test_the_end_of_the_session_asks_first(desktop: Desktop, key: str) -> None:
    """Neither key ends it: the keyboard is with *Cancel*."""
    panel.press(desktop, "end")
    desktop.window("^End session$", "yad")
    desktop.still_picture()
    desktop.screenshot("end-session")
    desktop.press(key)
    desktop.wait_until_closed("^End session$")
    stays(desktop.x.windows, 2, "the desktop is there")


def test_the_end_of_the_session_is_one(sit_down: SitDown) -> None:
    desktop = Desktop.start(sit_down("learner02"))
    panel.press(desktop, "end")
    window = desktop.window("^End session$", "yad")
    desktop.click(window.x + window.width - 60, window.y + window.height - 32)
    desktop.learner.wait_until_gone()
    desktop.screenshot("ended")


@pytest.mark.parametrize(
    ("name", "title", "kind"),
    [
        ("drawing.svg", "drawing.svg", "eom"),
        ("notes.txt", "^notes.txt", "pluma"),
        ("page.pdf", "page.pdf", "firefox"),
        ("image.png", "image.png", "feh"),
        ("hello.py", "^hello.py", "pluma"),
        ("sheet.ipynb", "^sheet.ipynb", "pluma"),
        ("table.csv", "^table.csv", "pluma"),
        ("README.md", "^What to do", "firefox"),
    ],
    ids=["svg", "text", "pdf", "png", "python", "notebook", "csv", "markdown"],
)
def test_a_double_click_opens_the_fitting_program(desktop: Desktop, name: str, title: str, kind: str) -> None:
    panel.press(desktop, "files")
    desktop.window(f"^{NAME}", "caja")
    desktop.press("Control+l")
    desktop.type(f"/home/{NAME}/Kinds\n")
    desktop.double_click(*panel.place_of(desktop, "^Kinds$", name))
    desktop.window(title, kind, timeout=BROWSER_SECONDS)
    desktop.screenshot(f"double-click-{name}")


def test_save_as_leaves_the_desktop_in_sight(desktop: Desktop) -> None:
    panel.press(desktop, "editor")
    desktop.window("Pluma", "pluma")
    desktop.activate("Pluma", "pluma")
    desktop.press("Control+Shift+S")
    window = desktop.window("Save As", "pluma")
    width, height = desktop.room()
    desktop.screenshot("save-as")
    desktop.press("Escape")
    desktop.wait_until_closed("Save As")
    assert window.width * window.height < 0.6 * width * height
    assert window.y + window.height < height


def test_the_menus_are_in_order(desktop: Desktop) -> None:
    for name, place in {"applications": 70, "system": 155}.items():
        desktop.click(place, panel.HEIGHT // 2)
        menu = wait_until(lambda: desktop.x.menus()[-1], 5, f"the menu {name}")
        assert menu.height < 260, "a short menu"
        desktop.still_picture()
        desktop.screenshot(f"menu-{name}")
        desktop.press("Escape", "Escape")
        wait_until(lambda: not desktop.x.menus(), 5, "the menu is closed")


def test_the_panel_follows_the_width_of_the_screen(desktop: Desktop) -> None:
    """The clock, grey letters on the dark panel, stands beside *End session* at the right."""
    for width, height in ((1920, 1080), (1024, 700), (1280, 800)):
        desktop.page.set_viewport_size({"width": width, "height": height})
        desktop.wait_until_connected()
        box = (width - 190, 2, width - 44, panel.HEIGHT - 2)

        def clock_is_there(box: tuple[int, int, int, int] = box) -> bool:
            return letters(desktop.picture().crop(box)) > 150

        wait_until(clock_is_there, 10, f"the clock is at the right, {width} pixels wide")
        desktop.still_picture()
        desktop.screenshot(f"desktop-{width}x{height}")


def letters(picture: Image.Image) -> int:
    """The number of light pixels."""
    return sum(picture.convert("L").histogram()[140:])


def test_a_screen_with_many_pixels_shows_everything_sharp_and_as_large(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner03", device_scale_factor=2)
    learner.start("Desktop")
    desktop = Desktop(learner)
    wait_until(lambda: desktop.page.locator("#curtain").is_hidden(), 30, "the desktop is shown")
    width, height = desktop.room()
    wait_until(lambda: desktop.x.size() == (2 * width, 2 * height), 40, "twice as many pixels")

    def panel_heights() -> list[int]:
        return [w.height for w in desktop.x.windows() if w.kind == "mate-panel"]

    wait_until(lambda: panel_heights() == [2 * panel.HEIGHT], 20, "a panel of twice the pixels")
    desktop.still_picture()  # everything has found its new size
    panel.press(desktop, "terminal")
    desktop.window("", "mate-terminal")
    panel.press(desktop, "editor")
    desktop.window("Pluma", "pluma")
    desktop.still_picture()
    desktop.screenshot("desktop-2x")
    assert "window-scaling-factor" not in stored_settings(hub, "learner03")


def stored_settings(hub: Hub, name: str) -> str:
    """The names of the settings in a learner's home."""
    database = hub.home(name) / ".config/dconf/user"
    return database.read_bytes().decode(errors="replace") if database.exists() else ""


def test_terminal_letters_are_large_and_have_contrast(desktop: Desktop) -> None:
    terminal = Terminal.open(desktop)
    terminal.run(r"printf 'caf\u00e9 \u0395\u03bb\u03bb\u03ac\u03b4\u03b1 \u65e5\u672c \U0001f600\n'; ls -la /")
    terminal.deselect()
    window = desktop.window("", "mate-terminal")
    picture = desktop.picture_of(window).crop((4, 40, window.width - 20, window.height - 10))
    greys = picture.convert("L").histogram()
    assert sum(greys[:60]) > 0.7 * picture.width * picture.height, "a dark ground"
    assert sum(greys[220:]) > 1000, "light letters"
    desktop.screenshot("terminal")
