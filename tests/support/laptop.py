"""A Linux laptop: a browser with a window, whose keys go through the laptop's own X server and its layouts."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from support.browser import CHROMIUM, FLAGS, Chromium
from support.world import wait_until

DISPLAY = ":87"
_KEY_MS = 60

DEAD_KEYS = [
    pytest.param(
        ("us", "intl"),
        "dead_circumflex space dead_circumflex e dead_tilde space dead_grave space dead_acute e",
        "^ê~`é",
        id="us(intl)",
    ),
    pytest.param(("fr", ""), "dead_circumflex a dead_circumflex space", "â^", id="fr"),
]
"""Layouts, keys on them, and the text that they make: as parameters of a test."""


@dataclass(frozen=True)
class Laptop:
    """The laptop's keyboard."""

    def lay_out(self, name: str, variant: str = "") -> None:
        """Gives the keyboard a layout."""
        assert _x("setxkbmap", "-layout", name, "-variant", variant) == 0

    def click(self, x: int, y: int) -> None:
        """Clicks at a place of the screen; the window there gets the keyboard."""
        assert _x("xdotool", "mousemove", str(x), str(y), "click", "1") == 0

    def press(self, keys: str) -> None:
        """Presses keys one after the other, as X names them."""
        for key in keys.split():
            assert _x("xdotool", "key", "--delay", str(_KEY_MS), key) == 0


@contextmanager
def laptop() -> Iterator[Laptop]:
    """Switches the laptop on."""
    screen = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
    try:
        wait_until(lambda: _x("xdotool", "getmouselocation") == 0, 20, "the laptop's X server answers")
        yield Laptop()
    finally:
        screen.kill()
        screen.wait()


@contextmanager
def chromium_at(chromium: Chromium) -> Iterator[Browser]:
    """Chromium, with a window on the laptop."""
    seen = chromium.kind.launch(executable_path=CHROMIUM, args=list(FLAGS), headless=False, env={"DISPLAY": DISPLAY})
    try:
        yield seen
    finally:
        seen.close()


def _x(*words: str) -> int:
    return subprocess.run(words, env={"DISPLAY": DISPLAY, "PATH": "/usr/bin:/bin"}, check=False).returncode
