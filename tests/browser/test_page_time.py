"""The end of a session: warnings, more time, what cannot be copied; with the settings of a site."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from support import faults
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.world import Hub, wait_until

NAME = "learner04"
# rootfs/etc/dconf/db/classdesk.d/10-panel
PANEL_PIXELS = 34

# The site of the tests lets learners extend by half an hour already.
SETTINGS = """[desktop]
clipboard_out = false
upload = false
"""


# Remembers the page's channel, so that a test can say what the session says hours later.
REMEMBER_CHANNEL = """
    window.WebSocket = new Proxy(WebSocket, {
        construct(Socket, given) {
            const socket = new Socket(...given);
            if (socket.url.endsWith("/desktop/channel")) window.channel = socket;
            return socket;
        },
    });
"""


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown, _product: Hub) -> Iterator[Desktop]:
    text = faults.SITE_FILE.read_text()
    assert text.count("[desktop]\n") == 1
    with faults.site("", _product, text=text.replace("[desktop]\n", SETTINGS)):
        learner = sit_down_for_long(NAME)
        learner.page.add_init_script(REMEMBER_CHANNEL)
        yield Desktop.start(learner, hours="2")


def hear(desktop: Desktop, message: dict[str, object]) -> None:
    """Lets the page hear a message of the session."""
    desktop.page.evaluate(
        "data => window.channel.dispatchEvent(new MessageEvent('message', { data }))",
        json.dumps(message),
    )


def test_a_warning_is_seen_and_does_not_stop_the_work(desktop: Desktop) -> None:
    end = hear_of_the_end(desktop, 9.9)
    hear(desktop, {"type": "warning", "minutes": 10})
    banner = desktop.page.locator(".banner[data-name='time']")
    expect(banner).to_contain_text(f"ends at {clock(end)}")
    desktop.screenshot("warning")
    below = desktop.page.locator("main.stage").bounding_box()
    box = banner.bounding_box()
    assert box
    assert below
    assert box["y"] >= below["y"] + PANEL_PIXELS, "the desktop's panel can be pressed"
    assert desktop.page.evaluate("document.activeElement.id") == "keyboard"
    end = hear_of_the_end(desktop, 4.9)
    hear(desktop, {"type": "warning", "minutes": 5})
    expect(banner).to_have_count(1)
    expect(banner).to_contain_text(f"ends at {clock(end)}. Save your work now")


def test_a_warning_follows_the_end_and_goes_when_it_is_no_longer_true(desktop: Desktop) -> None:
    hear_of_the_end(desktop, 4.9)
    hear(desktop, {"type": "warning", "minutes": 5})
    banner = desktop.page.locator(".banner[data-name='time']")
    expect(banner).to_be_visible()
    end = hear_of_the_end(desktop, 3.2)
    expect(banner).to_contain_text(f"ends at {clock(end)}")
    expect(desktop.page.locator("#extend-button")).to_be_visible()
    hear_of_the_end(desktop, 34)
    expect(banner).to_have_count(0)
    expect(desktop.page.locator("#extend-button")).to_be_hidden()


def hear_of_the_end(desktop: Desktop, minutes: float) -> float:
    """Lets the page hear that the session ends in so many minutes; returns when."""
    now = time.time()
    end = now + 60 * minutes
    hear(desktop, {"type": "state", "state": "painted", "starts": 1, "now": now, "end": end})
    return end


def clock(moment: float) -> str:
    """What the page calls a moment; the browser is in the session's time zone."""
    return time.strftime("%H:%M", time.localtime(moment))


def has_keyboard(desktop: Desktop) -> None:
    focused = "document.activeElement.id"
    wait_until(lambda: desktop.page.evaluate(focused) == "keyboard", 5, "the desktop has the keys")


def test_a_closed_warning_gives_the_keyboard_back(desktop: Desktop) -> None:
    hear_of_the_end(desktop, 9.9)
    hear(desktop, {"type": "warning", "minutes": 10})
    banner = desktop.page.locator(".banner[data-name='time']")
    banner.get_by_role("button", name="OK").click()
    expect(banner).to_have_count(0)
    has_keyboard(desktop)


def test_one_press_gives_more_time(desktop: Desktop) -> None:
    page = desktop.page
    hear_of_the_end(desktop, 4.9)
    hear(desktop, {"type": "warning", "minutes": 5})
    page.locator(".banner").get_by_role("button", name="Extend by 30 min").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile("^2 h 2\\d min left$"))
    expect(page.locator(".banner[data-name='extended']")).to_contain_text(re.compile(r"\d+ more minutes"))
    expect(page.locator(".banner[data-name='time']")).to_have_count(0)
    has_keyboard(desktop)


def test_the_last_minutes_are_counted_in_the_bar(desktop: Desktop) -> None:
    now = time.time()
    hear(
        desktop,
        {"type": "state", "state": "painted", "starts": 1, "now": now, "end": now + 272},
    )
    timer = desktop.page.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^4 min [23]\d s left$"))
    expect(timer).to_have_class(re.compile("soon"))
    expect(desktop.page.locator("#extend-button")).to_be_visible()
    desktop.screenshot("last-minutes")


def test_the_page_says_what_the_site_does_not_allow(desktop: Desktop) -> None:
    page = desktop.page
    page.get_by_role("button", name="Clipboard").click()
    expect(page.locator("#clipboard-rule")).to_contain_text("but not out of it")
    desktop.screenshot("clipboard-rule")
    page.get_by_role("button", name="Files").click()
    expect(page.locator("#upload-rule")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_hidden()
    desktop.screenshot("upload-rule")
    page.locator("#files-panel .close").click()
