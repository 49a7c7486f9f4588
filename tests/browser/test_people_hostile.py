"""A learner's session that is none: nothing of what it sends runs or shows in the page of an instructor."""

from playwright.sync_api import Request, WebSocket, expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.hostile_session import EVIL, hostile_session
from support.visitor import Visitor
from support.world import Hub

NAME = "learner03"
PROXY = "http://127.0.0.1:8001"


def test_an_instructor_meets_nothing_of_a_hostile_session_but_a_picture(sit_down: SitDown, hub: Hub) -> None:
    Desktop.start(sit_down(NAME)).page.goto("about:blank")
    instructor = sit_down("instructor")
    asked: list[str] = []
    page = instructor.page

    def note(request: Request | WebSocket) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("websocket", note)
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    token = (hub.state / "hub/proxy_token").read_text().strip()
    with hostile_session(PROXY, token, NAME) as heard:
        visitor = Visitor.open(instructor, NAME)
        visitor.wait_for_picture()
        assert page.title() == f"Desktop of {NAME} · Demo class · classdesk"
        expect(visitor.mode).to_have_text("View only")
        canvas = page.locator("#screen canvas")
        assert canvas.evaluate("(canvas) => getComputedStyle(canvas).cursor") == "default"
        instructor.screenshot("hostile-picture")
        expect(visitor.text).to_have_text("The session did not show it.", timeout=20_000)
        instructor.screenshot("hostile-refused")
        # Its longest message ends the connection, and the page comes again.
        page.wait_for_event("websocket", timeout=20_000)
        assert "evil" not in page.content()
        assert page.evaluate("window.stolen") is None
        assert not [cookie for cookie in instructor.context.cookies() if cookie["name"] == "stolen"]
        assert not [what for what in asked if "/user/" in what or EVIL in what], asked
        assert [call["path"] for call in heard], "the console has been there"
        for call in heard:
            assert "Cookie" not in call
    page.get_by_role("link", name="Back to the class").click()
    page.wait_for_selector("#live[data-kind=live]")
