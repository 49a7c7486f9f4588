"""Keyboards whose letters are composed: dead keys, as a real X server and browser make them, and input methods."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.browser import Chromium, Learner, room
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.laptop import DEAD_KEYS, Laptop, chromium_at
from support.laptop import laptop as switched_on
from support.world import Hub, command, wait_until


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with switched_on() as laptop:
        yield laptop


@pytest.fixture(scope="module")
def learner(laptop: Laptop, chromium: Chromium, _product: Hub, artifacts: Path) -> Iterator[Learner]:
    with chromium_at(chromium) as browser, room(browser, _product, artifacts / "browser/composed") as sit_down:
        yield sit_down("learner03")


AUTOSTART = """\
[Desktop Entry]
Type=Application
Name=First
Exec=sh -c 'yad --entry --title="The first key" >~/first-key.txt'
"""


@pytest.fixture(scope="module")
def asking(learner: Learner) -> Iterator[Path]:
    """A program that the desktop starts with, and that asks for a text; what it writes down."""
    home = learner.hub.home(learner.name)
    entry = home / ".config/autostart/first-key.desktop"
    command("runuser", "-u", learner.name, "--", "mkdir", "-p", entry.parent)
    entry.write_text(AUTOSTART)
    yield home / "first-key.txt"
    entry.unlink()


@pytest.fixture(scope="module")
def desktop(learner: Learner, asking: Path) -> Desktop:
    return Desktop.start(learner)


def test_the_first_key_of_all_may_be_a_letter_that_no_layout_has(desktop: Desktop, asking: Path) -> None:
    desktop.activate("The first key")
    method = desktop.page.context.new_cdp_session(desktop.page)
    method.send("Input.insertText", {"text": "你好"})
    desktop.press("Enter")
    assert wait_until(asking.read_text, 10, "the program has its text") == "你好\n"


@pytest.mark.parametrize(
    ("layout", "keys", "text"),
    [
        *DEAD_KEYS,
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
def test_dead_keys_reach_the_desktop(
    desktop: Desktop, laptop: Laptop, layout: tuple[str, str], keys: str, text: str
) -> None:
    laptop.lay_out(*layout)
    with _typed_into(desktop, f"composed-{layout[0]}.txt") as typed:
        laptop.press(keys)
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
