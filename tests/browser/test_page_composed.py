"""Keyboards whose letters are composed: dead keys, as a real X server and browser make them, and input methods."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.browser import CHROMIUM, FLAGS, Chromium, Learner, room
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.world import Hub, wait_until

DISPLAY = ":87"


@pytest.fixture(scope="module")
def laptop(chromium: Chromium) -> Iterator[Browser]:
    """A browser with a window on a Linux laptop: its keys go through the laptop's X server."""
    screen = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
    try:
        wait_until(lambda: _x("xdotool", "getmouselocation") == 0, 20, "the laptop's X server answers")
        seen = chromium.kind.launch(
            executable_path=CHROMIUM, args=list(FLAGS), headless=False, env={"DISPLAY": DISPLAY}
        )
        yield seen
        seen.close()
    finally:
        screen.kill()
        screen.wait()


def _x(*words: str) -> int:
    return subprocess.run(words, env={"DISPLAY": DISPLAY, "PATH": "/usr/bin:/bin"}, check=False).returncode


@pytest.fixture(scope="module")
def learner(laptop: Browser, _product: Hub, artifacts: Path) -> Iterator[Learner]:
    with room(laptop, _product, artifacts / "browser/composed") as sit_down:
        yield sit_down("learner03")


@pytest.fixture(scope="module")
def desktop(learner: Learner) -> Desktop:
    return Desktop.start(learner)


@pytest.mark.parametrize(
    ("layout", "keys", "text"),
    [
        pytest.param(
            ("us", "intl"),
            "dead_circumflex space dead_circumflex e dead_tilde space dead_grave space dead_acute e",
            "^ê~`é",
            id="us(intl)",
        ),
        pytest.param(("fr", ""), "dead_circumflex a dead_circumflex space", "â^", id="fr"),
        pytest.param(("es", ""), "dead_acute a dead_grave o dead_diaeresis u", "áòü", id="es"),
        pytest.param(("pt", ""), "dead_tilde a dead_tilde space dead_acute o", "ã~ó", id="pt"),
        pytest.param(("ca", ""), "dead_circumflex o dead_cedilla c", "ôç", id="ca"),
    ],
)
def test_dead_keys_reach_the_desktop(desktop: Desktop, layout: tuple[str, str], keys: str, text: str) -> None:
    name, variant = layout
    assert _x("setxkbmap", "-layout", name, "-variant", variant) == 0
    if "mate-terminal" not in {window.kind for window in desktop.x.windows()}:
        Terminal.open(desktop)
    desktop.activate("", "mate-terminal")
    desktop.page.bring_to_front()
    out = desktop.learner.hub.home(desktop.learner.name) / f"composed-{name}.txt"
    assert not out.exists()
    desktop.page.keyboard.type(f"cat >{out.name}\n", delay=10)
    for key in keys.split():
        assert _x("xdotool", "key", "--delay", "60", key) == 0
    desktop.press("Enter", "Control+d")
    wait_until(lambda: out.read_text() == text + "\n", 10, f"{layout} types {text}")
