"""Keyboards whose letters are composed: dead keys, as a real X server and browser make them, and input methods."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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
        pytest.param(
            ("es", ""),
            "dead_acute a dead_grave o dead_diaeresis u"
            " dead_acute space dead_diaeresis space dead_acute dead_acute dead_diaeresis dead_diaeresis",
            "áòü'\"´¨",  # noqa: RUF001 - these two signs are what is typed
            id="es",
        ),
        pytest.param(("pt", ""), "dead_tilde a dead_tilde space dead_acute o", "ã~ó", id="pt"),
        pytest.param(("ca", ""), "dead_circumflex o dead_cedilla c", "ôç", id="ca"),
    ],
)
def test_dead_keys_reach_the_desktop(desktop: Desktop, layout: tuple[str, str], keys: str, text: str) -> None:
    name, variant = layout
    assert _x("setxkbmap", "-layout", name, "-variant", variant) == 0
    with _typed_into(desktop, f"composed-{name}.txt") as typed:
        for key in keys.split():
            assert _x("xdotool", "key", "--delay", "60", key) == 0
    assert typed == [text]


@contextmanager
def _typed_into(desktop: Desktop, name: str) -> Iterator[list[str]]:
    """What is typed in the block goes into a file of the learner's; afterwards the list has its text."""
    if "mate-terminal" not in {window.kind for window in desktop.x.windows()}:
        Terminal.open(desktop)
    desktop.activate("", "mate-terminal")
    desktop.page.bring_to_front()
    out = desktop.learner.hub.home(desktop.learner.name) / name
    assert not out.exists()
    desktop.page.keyboard.type(f"cat >{name}\n", delay=10)
    typed: list[str] = []
    yield typed
    desktop.press("Enter", "Control+d")
    typed.append(str(wait_until(out.read_text, 10, f"{name} is written")).removesuffix("\n"))


def test_what_an_input_method_composes_reaches_the_desktop(desktop: Desktop) -> None:
    """As the browser tells of it, whatever the input method: first what is being composed, then what became of it."""
    method = desktop.page.context.new_cdp_session(desktop.page)

    def compose(text: str) -> None:
        method.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})

    with _typed_into(desktop, "composed-by-method.txt") as typed:
        for text in ("n", "ni", "nih"):
            compose(text)
        method.send("Input.insertText", {"text": "你好"})
        # One that is cancelled leaves nothing.
        compose("xie")
        compose("")
        desktop.type("a")
        method.send("Input.insertText", {"text": "é"})
    assert typed == ["你好aé"]
