"""Messages, raised hands, and sites that only tell the learner who looks."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from support import faults
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.visitor import Visitor
from support.world import Hub, command, wait_until

NAME = "learner02"
SETTINGS = """[desktop]
observe = "notify"
thumbnails = true
"""


@pytest.fixture(scope="module")
def desktop(sit_down_for_long: SitDown, _product: Hub) -> Desktop:
    text = faults.SITE_FILE.read_text()
    assert text.count("[desktop]\n") == 1
    with faults.site("", _product, text=text.replace("[desktop]\n", SETTINGS)):
        return Desktop.start(sit_down_for_long(NAME))


@pytest.fixture(scope="module")
def visitor(desktop: Desktop, sit_down_for_long: SitDown) -> Visitor:
    return Visitor.open(sit_down_for_long("instructor"), NAME)


def below_the_panel(picture: Image.Image) -> Image.Image:
    """The desktop without its clock."""
    return picture.crop((0, 40, *picture.size))


def test_a_look_needs_no_answer_here_but_is_told(desktop: Desktop, visitor: Visitor) -> None:
    visitor.wait_for_picture()
    strip = desktop.page.locator("#watched")
    expect(strip).to_contain_text("instructor is looking at your desktop. View only.")
    expect(strip.get_by_role("button")).to_have_count(0)
    desktop.screenshot("notified-learner")


def test_a_message_is_on_the_page_once_as_plain_text(desktop: Desktop, visitor: Visitor) -> None:
    text = "Please look at <b>line 3</b> & save.\nhttps://docs.dask.org/?a=1&b=<i>, at 10:30."
    banners = desktop.page.locator("#banners")
    banners.evaluate("(place) => { place.style.visibility = 'hidden'; }")
    before = below_the_panel(desktop.still_picture())
    visitor.button("Message").click()
    visitor.page.locator("#text").fill(text)
    visitor.button(f"Send a message to {NAME}").click()
    expect(visitor.page.locator("#said")).to_have_text("Shown above the desktop.")
    assert below_the_panel(desktop.still_picture()) == before, "the desktop says it once more"
    banners.evaluate("(place) => { place.style.visibility = ''; }")
    banner = desktop.page.locator(".banner[data-name^='message-']")
    expect(banner).to_contain_text(re.compile(r"instructor, \d\d:\d\d:"))
    expect(banner.locator(".words")).to_have_text(text)
    # An address can be pressed; nothing else that somebody has written is more than text.
    expect(banner.locator(".words *")).to_have_count(1)
    link = banner.get_by_role("link")
    expect(link).to_have_attribute("href", "https://docs.dask.org/?a=1&b=")
    expect(link).to_have_attribute("target", "_blank")
    desktop.screenshot("message-learner")

    desktop.page.reload()
    desktop.wait_until_connected()
    expect(banner).to_have_count(1)
    banner.get_by_role("button", name="OK").click()
    expect(banner).to_have_count(0)
    desktop.page.reload()
    desktop.wait_until_connected()
    expect(desktop.page.locator("#hand-button")).to_be_visible()
    expect(banner).to_have_count(0)


def test_many_messages_leave_the_desktop_to_be_seen_and_can_be_answered(desktop: Desktop) -> None:
    page = desktop.page
    messages = page.locator(".banner[data-name^='message-']")
    texts = [f"{number}: please save loop.py and run it again. The output is on the board." for number in range(6)]
    for text in texts:
        command("/usr/local/bin/classdesk", "class", "message", "demo", text, NAME)
    expect(messages).to_have_count(len(texts))
    usual = page.viewport_size
    assert usual
    try:
        for name, (width, height) in {"phone": (390, 700), "laptop": (1280, 800)}.items():
            page.set_viewport_size({"width": width, "height": height})
            place, newest = page.locator("#banners").bounding_box(), messages.first.bounding_box()
            assert place
            assert newest
            assert place["height"] <= 0.4 * height
            assert newest["y"] == place["y"]
            expect(messages.first).to_contain_text(texts[-1])
            desktop.screenshot(f"messages-{name}")
        messages.last.get_by_role("button", name="OK").click()  # scrolls there
        expect(messages).to_have_count(len(texts) - 1)
    finally:
        page.set_viewport_size(usual)
    messages.first.get_by_role("button", name="Answer").click()
    expect(page.locator("#hand-text")).to_be_focused()
    desktop.screenshot("answer")
    page.locator("#hand-panel .close").click()
    for _ in texts[1:]:
        messages.first.get_by_role("button", name="OK").click()
    expect(messages).to_have_count(0)


def test_a_hand_is_raised_with_a_sentence_kept_over_a_reload_and_lowered_by_the_instructor(
    desktop: Desktop, visitor: Visitor
) -> None:
    page = desktop.page
    button = page.locator("#hand-button")
    button.click()
    page.get_by_label("What is it about?").fill("The plot stays empty <i>")
    desktop.screenshot("hand-panel")
    page.locator("#hand-form").get_by_role("button", name="Ask for help").click()
    expect(button).to_have_text("You asked for help just now")
    expect(visitor.page.locator("#hand-text")).to_have_text(
        re.compile(r"Asks for help \(just now\): “The plot stays empty <i>”")
    )
    page.reload()
    expect(button).to_have_text("You asked for help just now")
    desktop.screenshot("hand-up")
    visitor.person.screenshot("hand-visitor")
    visitor.button("Lower the hand").click()
    expect(button).to_have_text("Ask for help")


def test_learners_lower_their_hand_themselves(desktop: Desktop, visitor: Visitor) -> None:
    page = desktop.page
    page.locator("#hand-button").click()
    page.locator("#hand-form").get_by_role("button", name="Ask for help").click()
    page.locator("#hand-button").click()
    page.get_by_role("button", name="I no longer need help").click()
    expect(page.locator("#hand-button")).to_have_text("Ask for help")


def test_a_small_picture_shows_the_desktop_and_the_learner_is_told(desktop: Desktop, visitor: Visitor) -> None:
    request, hub = visitor.person.context.request, desktop.learner.hub.url
    # As the console gets one: with a token that opens this session.
    visit = f"{hub}/hub/api/classdesk/users/{NAME}/visit"
    token = request.post(visit, headers=visitor.person.api_headers()).json()["token"]

    def thumbnail() -> Image.Image:
        answer = request.get(f"{hub}/user/{NAME}/desktop/thumbnail", headers={"Authorization": f"token {token}"})
        assert answer.status == 200, answer.text()
        assert len(answer.body()) < 150_000
        (desktop.learner.pictures / "thumbnail.png").write_bytes(answer.body())
        return Image.open(io.BytesIO(answer.body())).convert("RGB")

    def most_colour(image: Image.Image) -> object:
        return max(image.getcolors(1 << 20) or [])[1]

    # The page has been loaded anew and another strip is above it: the file manager paints the ground in its new size.
    wait_until(lambda: most_colour(thumbnail()) != (0, 0, 0), 30, "it shows the ground", every=1)
    image = thumbnail()
    assert image.width <= 320
    width, height = desktop.room()
    assert abs(image.height / image.width - height / width) < 0.06, "up to the strip's height"
    colours = image.getcolors(1 << 20) or []
    assert len(colours) > 20
    expect(desktop.page.locator("#watched")).to_contain_text(
        "Your instructor's wall shows a small picture of your desktop."
    )
    desktop.screenshot("wall-learner")


def test_without_the_visitor_nobody_is_said_to_look(desktop: Desktop, visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.person.hub.url}/hub/home")
    strip = desktop.page.locator("#watched")
    expect(strip.get_by_text(re.compile("is looking"))).to_have_count(0)
    wait_until(lambda: not strip.is_visible(), 45, "the wall's picture is told of no longer")
