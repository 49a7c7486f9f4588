"""Dead keys in Firefox, as a real X server and browser make them."""

from collections.abc import Iterator

import pytest

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.firefox import ENTER, Firefox, firefox, log_in
from support.laptop import DEAD_KEYS, DISPLAY, Laptop
from support.laptop import laptop as switched_on
from support.world import Hub, wait_until

NAME = "learner04"


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with switched_on() as laptop:
        yield laptop


@pytest.fixture(scope="module")
def browser(
    laptop: Laptop, sit_down_for_long: SitDown, _product: Hub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Firefox]:
    """A Firefox on the laptop that shows the desktop of a learner, whose terminal has the keyboard."""
    desktop = Desktop.start(sit_down_for_long(NAME))
    Terminal.open(desktop)
    with firefox(tmp_path_factory.mktemp("firefox"), DISPLAY) as browser:
        log_in(browser, desktop.page.url, NAME, _product.accounts[NAME])
        desktop.page.goto("about:blank")
        wait_until(lambda: browser.read("return document.getElementById('curtain').hidden"), 30, "a desktop is shown")
        left, top = browser.read("return [mozInnerScreenX, mozInnerScreenY]")
        laptop.click(left + 5, top + 5)  # beside the bar's buttons: the desktop keeps the keyboard
        wait_until(lambda: browser.read("return document.hasFocus()"), 10, "the window has the laptop's keyboard")
        yield browser


@pytest.mark.parametrize(("layout", "keys", "text"), DEAD_KEYS)
def test_dead_keys_reach_the_desktop(
    browser: Firefox, laptop: Laptop, hub: Hub, *, layout: tuple[str, str], keys: str, text: str
) -> None:
    laptop.lay_out(*layout)
    out = hub.home(NAME) / f"firefox-{layout[0]}.txt"
    browser.type(f"cat >{out.name}")
    browser.press(ENTER)
    wait_until(out.exists, 10, "the command runs")
    laptop.press(keys)
    laptop.press("Return ctrl+d")
    assert wait_until(out.read_text, 10, "something has arrived") == f"{text}\n"
