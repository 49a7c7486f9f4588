"""The session's memory: how much is in use stands in the bar, and page and desktop warn when it is nearly full."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.world import PATIENCE, wait_until

# Takes most of what the session has left, and keeps it until Enter is pressed.
TAKE = """python3 -c "x = b'1' * ({mib} << 20); input()" """


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long("learner03"))


def in_use(desktop: Desktop) -> tuple[float, float]:
    """What the bar says is in use, and how much there is, in GiB."""
    place = desktop.page.locator("#memory")
    expect(place).to_have_text(re.compile(r"^Memory [\d.]+ of [\d.]+ GiB$"))
    used, limit = re.findall(r"[\d.]+", place.inner_text())
    return float(used), float(limit)


def test_the_memory_stands_in_the_bar_and_page_and_desktop_warn_when_it_is_nearly_full(desktop: Desktop) -> None:
    page = desktop.page
    used, limit = in_use(desktop)
    assert 0 < used < limit / 2
    banner = page.locator(".banner[data-name='memory']")
    expect(banner).to_have_count(0)
    desktop.screenshot("room")
    terminal = Terminal.open(desktop)
    terminal.begin(TAKE.format(mib=round(1024 * (0.91 * limit - in_use(desktop)[0]))))
    expect(banner).to_contain_text(f"of its {limit:g} GiB of memory. Close programs", timeout=30_000 * PATIENCE)
    expect(page.locator("#memory")).to_have_class(re.compile("near"))
    assert page.evaluate("document.activeElement.id") == "keyboard"
    wait_until(desktop.x.menus, 10, "the desktop warns, too")
    desktop.screenshot("near")
    with phone(desktop):
        expect(page.locator("#memory")).to_be_visible()
        expect(page.locator("#until")).to_be_hidden()
        assert lines(desktop) == 1
        desktop.screenshot("near-phone")
    desktop.press("Enter")
    expect(banner).to_have_count(0, timeout=30_000 * PATIENCE)
    expect(page.locator("#memory")).not_to_have_class(re.compile("near"))
    wait_until(lambda: not desktop.x.menus(), 10, "the desktop's warning has gone")


@contextmanager
def phone(desktop: Desktop) -> Iterator[None]:
    """Makes the window as narrow as a phone."""
    before = desktop.page.viewport_size
    assert before
    desktop.page.set_viewport_size({"width": 390, "height": 740})
    yield
    desktop.page.set_viewport_size(before)


def lines(desktop: Desktop) -> int:
    """How many lines the bar has."""
    rows = "[...document.querySelectorAll('#bar > *')].filter((part) => part.checkVisibility() && part.offsetHeight)"
    middles = desktop.page.evaluate(f"{rows}.map((part) => Math.round((part.offsetTop + part.offsetHeight / 2) / 20))")
    return len(set(middles))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_it_takes_no_room_before_it_matters(desktop: Desktop, scheme: str) -> None:
    page = desktop.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    expect(page.locator("#memory")).to_be_visible()
    desktop.screenshot(scheme)
    with phone(desktop):
        expect(page.locator("#memory")).to_be_hidden()
        expect(page.locator("#until")).to_be_visible()
        assert lines(desktop) == 1
        desktop.screenshot(f"{scheme}-phone")
