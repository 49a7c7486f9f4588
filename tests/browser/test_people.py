"""An instructor looks at a learner's desktop: by consent, view-only on the server, with control after a yes alone."""

import struct
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.screen import XServer
from support.visitor import CLASS, Visitor, watching_page
from support.world import Hub, command, wait_until

NAME = "learner01"


def key(sign: str, down: bool) -> bytes:
    code = 0xFF0D if sign == "\n" else ord(sign)
    return struct.pack(">BBxxI", 4, down, code)


def typed(text: str) -> list[bytes]:
    return [key(sign, down) for sign in text for down in (True, False)]


def clicked(x: int, y: int, button: int = 1) -> list[bytes]:
    return [struct.pack(">BBHH", 5, mask, x, y) for mask in (0, button, 0)]


def cut_text(text: bytes) -> bytes:
    return struct.pack(">B3xI", 6, len(text)) + text


def qemu_key(down: bool) -> bytes:
    return struct.pack(">BBHII", 255, 0, down, ord("q"), 0x10)


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long(NAME))


@pytest.fixture(scope="module")
def terminal(desktop: Desktop) -> Terminal:
    return Terminal.open(desktop)


@pytest.fixture(scope="module")
def visitor(desktop: Desktop, terminal: Terminal, sit_down_for_long: SitDown) -> Visitor:
    return Visitor.open(sit_down_for_long("instructor", viewport={"width": 1000, "height": 640}), NAME)


@pytest.fixture(scope="module")
def shown(desktop: Desktop, visitor: Visitor) -> Visitor:
    """The visitor, when the learner has allowed the look."""
    strip = desktop.page.locator("#watched")
    expect(strip).to_be_visible()  # it asks, or it says that somebody looks
    if strip.get_by_role("button", name="Allow").is_visible():
        strip.get_by_role("button", name="Allow").click()
    visitor.wait_for_picture()
    return visitor


@pytest.fixture
def catching(desktop: Desktop, terminal: Terminal, hub: Hub) -> Iterator[str]:
    """A program in the learner's terminal that has the keyboard and writes down what comes; the name of its file."""
    path = hub.home(NAME) / "caught"
    terminal.begin("cat > ~/caught")
    wait_until(path.exists, 10, "the program runs")
    yield str(path)
    terminal.activate()
    desktop.press("Control+c")
    path.unlink()


def caught(path: str) -> str:
    with open(path) as file:  # noqa: PTH123 - a path as the fixture gives it
        return file.read()


def test_until_the_learner_has_answered_there_is_no_picture(desktop: Desktop, visitor: Visitor) -> None:
    strip = desktop.page.locator("#watched")
    expect(strip).to_contain_text("instructor asks to look at your desktop.")
    expect(visitor.title).to_have_text(f"Asking {NAME}")
    desktop.screenshot("asked-learner")
    visitor.person.screenshot("asked-visitor")
    strip.get_by_role("button", name="Not now").click()
    expect(visitor.text).to_have_text(f"{NAME} answered: not now.")
    expect(strip).to_be_hidden()
    visitor.person.screenshot("refused-visitor")
    visitor.button("Ask again").click()
    strip.get_by_role("button", name="Allow").click()
    visitor.wait_for_picture()


def test_the_learner_sees_who_is_watching_also_without_the_bar(desktop: Desktop, shown: Visitor) -> None:
    page, strip = desktop.page, desktop.page.locator("#watched")
    expect(strip).to_contain_text("instructor is looking at your desktop. View only.")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Hide bar").click()
    expect(page.locator("#bar")).to_be_hidden()
    expect(strip).to_be_visible()
    box = strip.bounding_box()
    assert box
    there = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('#watched') !== null",
        [box["width"] / 2, box["height"] / 2],
    )
    assert there, "nothing lies above it"
    desktop.screenshot("watched-without-bar")
    page.locator("#show-bar-button").click()
    expect(page.locator("#bar")).to_be_visible()
    desktop.screenshot("watched-learner")
    expect(shown.mode).to_have_text("View only")
    assert shown.page.title() == f"Desktop of {NAME} · Demo class · classdesk"
    shown.person.screenshot("watched-visitor")


def test_the_visitor_s_window_does_not_change_the_learner_s_desktop(desktop: Desktop, shown: Visitor) -> None:
    wait_until(lambda: desktop.x.size() == desktop.room(), 10, "the desktop fits the learner's page")
    before = desktop.x.size()
    shown.page.set_viewport_size({"width": 700, "height": 500})
    # Not Playwright's own wait, which is an `eval` in the page: its policy forbids that.
    width = "document.querySelector('#screen canvas').getBoundingClientRect().width"
    wait_until(lambda: shown.page.evaluate(width) <= 700, 10, "the visitor's picture has shrunk")
    assert desktop.x.size() == before
    shown.page.set_viewport_size({"width": 1000, "height": 640})


def test_nothing_that_a_visitor_sends_arrives(desktop: Desktop, shown: Visitor, catching: str) -> None:
    window = desktop.window("", "mate-terminal")
    x, y = window.centre
    before = XServer.of(NAME).windows()
    said = shown.speak_rfb(
        *typed("rm -rf x\n"),
        qemu_key(True),
        qemu_key(False),
        cut_text(b"from the visitor"),
        *clicked(x, y, 4),
        *clicked(20, 12),
        struct.pack(">BxHHBx", 251, 640, 480, 1) + struct.pack(">IHHHHI", 0, 0, 0, 640, 480, 0),
        *typed("\n"),
    )
    assert said == "message 0", "the desktop has read all of it, and answered with a picture"
    # By the page's own means, too.
    canvas = shown.page.locator("#screen canvas")
    canvas.click(position={"x": 200, "y": 200})
    shown.type("hello")
    terminal_text = "typed by the learner"
    desktop.activate("", "mate-terminal")
    desktop.type(f"{terminal_text}\n")
    wait_until(lambda: caught(catching) == f"{terminal_text}\n", 10, "nothing but the learner's words")
    assert XServer.of(NAME).windows() == before, "no menu has opened"
    assert desktop.x.size() == desktop.room()


def test_the_clipboard_stays_the_learner_s(desktop: Desktop, shown: Visitor, terminal: Terminal) -> None:
    terminal.begin("echo 'a secret of the learner'")
    assert "a secret of the learner" in terminal.text()
    assert shown.speak_rfb(cut_text(b"planted")) == "message 0"
    assert "planted" not in desktop.page.locator("#clipboard-text").input_value()


@pytest.mark.parametrize("path", ["desktop/", "lab", "terminal/", "files/.bashrc", "api/contents"])
def test_a_browser_of_an_instructor_is_led_from_the_session_to_the_console(shown: Visitor, path: str) -> None:
    page = shown.person.context.new_page()
    page.goto(f"{shown.person.hub.url}/user/{NAME}/{path}")
    if path.startswith("api/"):  # no page: the session says that it knows nobody
        expect(page.locator("body")).to_contain_text("Forbidden")
    else:
        assert page.url == watching_page(shown.person, NAME)
    page.close()
    names = {cookie["name"] for cookie in shown.person.context.cookies()}
    assert f"jupyterhub-user-{NAME}" not in names, "it was given no log-in to the session"


def test_a_page_of_the_same_address_opens_no_socket_by_the_cookie_alone(shown: Visitor) -> None:
    url = f"{shown.person.hub.url.replace('http', 'ws', 1)}/services/console/api/class/{CLASS}"
    for path in (f"picture/{NAME}", f"channel/{NAME}", f"channel/{NAME}?_xsrf=x"):
        said = shown.page.evaluate(
            """(address) => new Promise((resolve) => {
                const socket = new WebSocket(address);
                socket.onopen = () => resolve("open");
                socket.onclose = () => resolve("refused");
            })""",
            f"{url}/{path}",
        )
        assert said == "refused"


def test_control_comes_after_a_yes_and_the_learner_takes_it_back(
    desktop: Desktop, shown: Visitor, catching: str
) -> None:
    strip = desktop.page.locator("#watched")
    shown.button("Ask for control").click()
    expect(strip).to_contain_text("instructor asks to use your keyboard and mouse.")
    assert shown.speak_rfb(*typed("x")) == "message 0"
    desktop.screenshot("control-asked-learner")
    strip.get_by_role("button", name="Allow").click()
    expect(shown.mode).to_have_text("Shared control")
    expect(strip).to_contain_text("can use keyboard and mouse.")
    shown.person.screenshot("control-visitor")
    shown.type("help\n")
    wait_until(lambda: caught(catching) == "help\n", 10, "the visitor's keys, and none of before")
    desktop.screenshot("control-learner")
    strip.get_by_role("button", name="Take control back").click()
    expect(shown.mode).to_have_text("View only")
    expect(shown.page.locator("#said")).to_have_text(f"{NAME} took keyboard and mouse back.")
    shown.person.screenshot("control-taken-back-visitor")
    shown.type("more\n")
    assert shown.speak_rfb(*typed("more\n")) == "message 0"
    desktop.type("mine\n")
    wait_until(lambda: "mine" in caught(catching), 10, "the learner types on")
    assert caught(catching) == "help\nmine\n"


def test_pasted_text_is_typed_and_the_learner_s_clipboard_stays(
    desktop: Desktop, shown: Visitor, catching: str
) -> None:
    expect(shown.button("Paste text")).to_be_disabled()
    shown.button("Ask for control").click()
    desktop.page.locator("#watched").get_by_role("button", name="Allow").click()
    shown.button("Paste text").click()
    shown.page.get_by_role("dialog").locator("textarea").fill("print('é €')\n")
    shown.person.screenshot("paste-visitor")
    shown.button("Type it").click()
    wait_until(lambda: caught(catching) == "print('é €')\n", 10, "the text of the box")
    shown.page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "x = 1\\r\\ny = 2\\n");
            const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.getElementById("keyboard").dispatchEvent(paste);
        }"""
    )
    wait_until(lambda: caught(catching).endswith("\nx = 1\ny = 2\n"), 10, "what Ctrl+V brings")
    assert "print" not in desktop.page.locator("#clipboard-text").input_value()
    shown.button("Give control back").click()
    expect(shown.mode).to_have_text("View only")


def test_the_visitor_gives_control_back(desktop: Desktop, shown: Visitor) -> None:
    shown.button("Ask for control").click()
    desktop.page.locator("#watched").get_by_role("button", name="Allow").click()
    shown.button("Give control back").click()
    expect(desktop.page.locator("#watched")).to_contain_text("View only")


def test_a_new_desktop_comes_into_view_without_another_question(desktop: Desktop, shown: Visitor) -> None:
    command("pkill", "-KILL", "-u", NAME, "Xtigervnc")
    expect(shown.title).to_have_text(f"A new desktop of {NAME} is starting")
    desktop.wait_until_painted()
    shown.wait_for_picture()
    expect(shown.mode).to_have_text("View only")


def test_the_learner_ends_the_look(desktop: Desktop, shown: Visitor) -> None:
    desktop.page.locator("#watched").get_by_role("button", name="Stop showing").click()
    expect(shown.text).to_have_text(f"{NAME} stopped showing the desktop.")
    expect(desktop.page.locator("#watched")).to_be_hidden()
    expect(shown.page.locator("#screen canvas")).to_have_count(0)
