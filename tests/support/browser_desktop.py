"""The desktop in the browser tab, used as a learner does: by keyboard and mouse on noVNC's canvas."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from support.browser import Learner
from support.screen import Window, XServer
from support.world import PATIENCE, wait_until

WINDOW_SECONDS = 20.0
KEY_DELAY_MS = 6
"""Between two keys: a very fast typist, and no burst that only a program could send."""

LEAST_WIDTH = 640
"""Of a desktop, in the page's pixels."""

TITLE_BAR = 28
"""Height of a window's title bar, in pixels."""

# The keys of a US keyboard that write a sign with Shift.
SHIFTED = {sign: f"Digit{digit}" for sign, digit in zip("!@#$%^&*()", "1234567890", strict=True)} | {
    "~": "Backquote",
    "_": "Minus",
    "+": "Equal",
    "{": "BracketLeft",
    "}": "BracketRight",
    "|": "Backslash",
    ":": "Semicolon",
    '"': "Quote",
    "<": "Comma",
    ">": "Period",
    "?": "Slash",
}

Colour = tuple[int, int, int]


@dataclass
class Desktop:
    """A learner's desktop in the browser tab. Positions are the desktop's own pixels."""

    learner: Learner

    @classmethod
    def start(cls, learner: Learner, cores: str | None = None, hours: str | None = None) -> "Desktop":
        """Starts a desktop from the form and waits until it is painted."""
        learner.start("Desktop", cores, hours)
        return cls(learner).wait_until_painted()

    @property
    def page(self) -> Page:
        return self.learner.page

    @property
    def x(self) -> XServer:
        return XServer.of(self.learner.name)

    @property
    def canvas(self) -> Locator:
        return self.page.locator("#screen canvas")

    def wait_until_connected(self) -> None:
        """Waits until the page shows the desktop, at the size of the browser's window."""
        expect(self.canvas).to_be_visible(timeout=30_000 * PATIENCE)
        expect(self.page.locator("#curtain")).to_be_hidden(timeout=30_000 * PATIENCE)
        wait_until(lambda: self.x.size() == self.room(), 10, "the desktop has the page's size")

    def wait_until_painted(self) -> "Desktop":
        """Waits until the page shows a fresh desktop, with its panel and its ground."""
        self.wait_until_connected()
        wait_until(
            lambda: {"mate-panel", "caja"} <= {window.kind for window in self.x.windows()},
            20,
            "panel and file manager are there",
        )
        wait_until(self._is_coloured, 10, "the page shows the desktop's colours")
        return self

    def room(self) -> tuple[int, int]:
        """The size that the page has for the desktop; where it is narrow, the desktop is shown smaller."""
        box = self.page.locator("#screen").bounding_box()
        assert box
        scale = max(1, LEAST_WIDTH / box["width"])
        return int(box["width"] * scale), int(box["height"] * scale)

    def _is_coloured(self) -> bool:
        width, height = self.room()
        ground, panel = self.colour(width - 60, height - 60), self.colour(width // 2, 15)
        return ground == (0x3F, 0x71, 0x87) and max(panel) < 80  # the picture's lowest wave; a dark panel

    # Pictures ---------------------------------------------------------------------------------------------------

    def screenshot(self, name: str) -> Path:
        return self.learner.screenshot(name)

    def picture(self) -> Image.Image:
        """What the canvas shows, in the browser."""
        path = self.learner.pictures / ".canvas.png"
        self.canvas.screenshot(path=path)
        with Image.open(path) as image:
            return image.convert("RGB")

    def still_picture(self) -> Image.Image:
        """The same, when nothing moves any more: for longer than the desktop takes to follow a new size of the page."""
        seen: list[Image.Image] = []

        def is_still() -> bool:
            seen.append(self.picture())
            return len(seen) > 3 and seen[-4:-1] == seen[-3:]

        wait_until(is_still, 10, "the picture stands still", every=0.25)
        return seen[-1]

    def picture_of(self, window: Window) -> Image.Image:
        """What the canvas shows of a window, without its frame."""
        box = (window.x, window.y, window.x + window.width, window.y + window.height)
        return self.picture().crop(box)

    def colour(self, x: int, y: int) -> Colour:
        """The colour of a pixel of the canvas."""
        red, green, blue = _triple(self.picture().getpixel((x, y)))
        return red, green, blue

    # Mouse ------------------------------------------------------------------------------------------------------

    def click(self, x: float, y: float, **how: Any) -> None:
        """Clicks; `button`, `click_count` as in Playwright."""
        left, top = self._origin()
        self.page.mouse.move(left + x, top + y, steps=3)
        self.page.mouse.click(left + x, top + y, delay=30, **how)

    def double_click(self, x: float, y: float) -> None:
        left, top = self._origin()
        self.page.mouse.move(left + x, top + y, steps=3)
        self.page.mouse.dblclick(left + x, top + y, delay=30)

    def _origin(self) -> tuple[float, float]:
        box = self.canvas.bounding_box()
        assert box
        return box["x"], box["y"]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        left, top = self._origin()
        self.page.mouse.move(left + start[0], top + start[1], steps=3)
        self.page.mouse.down()
        self.page.mouse.move(left + end[0], top + end[1], steps=12)
        self.page.mouse.up()

    # Keyboard ---------------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Presses keys one after the other; a chord is written as in `Control+s`."""
        for key in keys:
            self.page.keyboard.press(key, delay=KEY_DELAY_MS)

    def type(self, text: str) -> None:
        """Types a text on a US keyboard, with Shift where it takes one; a line's end is Enter."""
        keyboard = self.page.keyboard
        for character in text:
            if character == "\n":
                keyboard.press("Enter", delay=KEY_DELAY_MS)
            elif character in SHIFTED or character.isupper():
                keyboard.down("Shift")
                keyboard.press(SHIFTED.get(character) or f"Key{character}", delay=KEY_DELAY_MS)
                keyboard.up("Shift")
            else:
                keyboard.press(character, delay=KEY_DELAY_MS)

    # Windows ----------------------------------------------------------------------------------------------------

    def window(self, title: str, kind: str = "", *, timeout: float = WINDOW_SECONDS) -> Window:
        """Waits for a window whose title matches the pattern, and that it stands still."""

        def look() -> Window | None:
            found = [window for window in self.x.windows() if re.search(title, window.title) and kind in window.kind]
            return found[-1] if found else None

        wait_until(look, timeout, f"a window “{title}” of {kind or 'any program'} on the desktop")
        seen: list[Window | None] = [None]

        def stands_still() -> Window | None:
            before, seen[0] = seen[0], look()
            return seen[0] if seen[0] == before else None

        window = wait_until(stands_still, 10, f"the window “{title}” stands still", every=0.15)
        assert window
        return window

    def wait_until_closed(self, title: str) -> None:
        wait_until(
            lambda: not [w for w in self.x.windows() if re.search(title, w.title)],
            WINDOW_SECONDS,
            f"the window “{title}” has gone",
        )

    def activate(self, title: str, kind: str = "") -> Window:
        """Brings a window to the front by a click on its title bar, where it has not the keyboard already."""
        window = self.window(title, kind)

        def is_active() -> bool:
            active = self.x.active()
            return bool(active and re.search(title, active.title) and kind in active.kind)

        if not is_active():
            place = self._visible_title(window)
            ways = [lambda: self.click(*place)] if place else []

            def bring_forward() -> bool:
                if not is_active():
                    (ways.pop() if ways else self._switch_to_oldest)()
                return is_active()

            wait_until(bring_forward, 8, f"the window “{title}” has the keyboard", every=0.5)
        return window

    def _visible_title(self, window: Window) -> tuple[int, int] | None:
        """A place in a window's title bar that no other window covers."""
        stack = self.x.windows(stacked=True)
        above = stack[stack.index(window) + 1 :]
        for y in range(window.y - TITLE_BAR + 4, window.y - 2, 4):
            for x in range(window.x + 40, window.x + window.width - 100, 10):
                if not any(_covers(other, x, y) for other in above):
                    return x, y
        return None

    def _switch_to_oldest(self) -> None:
        """Alt + Tab to the window that was used longest ago: again and again it reaches each of them."""
        others = {"mate-panel", "caja"}
        count = len([w for w in self.x.windows() if w.kind not in others])
        self.page.keyboard.down("Alt")
        self.press(*["Tab"] * max(1, count - 1))
        self.page.keyboard.up("Alt")

    def move(self, title: str, kind: str, x: int, y: int) -> Window:
        """Drags a window by its title bar until its contents begin at a place."""
        window = self.activate(title, kind)
        grip = (window.x + 60, window.y - TITLE_BAR // 2)
        self.drag(grip, (grip[0] + x - window.x, grip[1] + y - window.y))
        return self.window(title, kind)

    def open_desktop_menu(self) -> Window:
        """Right click on the empty desktop."""
        self.click(*self._empty_place(), button="right")
        return wait_until(lambda: self.x.menus()[-1], 5, "the desktop's menu is open")

    def _empty_place(self) -> tuple[int, int]:
        """A place without windows, away from the icons at the left and the panel."""
        width, height = self.x.size()
        windows = [w for w in self.x.windows() if w.kind != "mate-panel" and w.title != "Desktop"]
        for y in range(height - 60, 100, -20):
            for x in range(width // 2, width - 20, 20):
                if not any(_covers(window, x, y) for window in windows):
                    return x, y
        raise LookupError(f"windows cover the whole desktop: {windows}")


def _covers(window: Window, x: int, y: int) -> bool:
    """Whether a window with its frame, and the edges by which it is resized, is at a place."""
    edge = 10
    return (
        window.x - edge <= x <= window.x + window.width + edge
        and window.y - TITLE_BAR - edge <= y <= window.y + window.height + edge
    )


def _triple(pixel: object) -> Colour:
    assert isinstance(pixel, tuple)
    assert len(pixel) == 3
    return pixel
