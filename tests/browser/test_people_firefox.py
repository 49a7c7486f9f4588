"""An instructor who looks at a learner's desktop in Firefox."""

from pathlib import Path

from playwright.sync_api import expect

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.firefox import firefox, log_in
from support.visitor import CLASS
from support.world import Hub, wait_until

NAME = "learner01"
# How many colours the picture has.
COLOURS = """
const canvas = document.querySelector("#screen canvas");
if (!canvas || !document.getElementById("curtain").hidden) return 0;
const picture = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
return new Set(new Uint32Array(picture.buffer)).size;
"""


def test_an_instructor_sees_the_desktop_that_the_learner_shows(
    sit_down: SitDown, hub: Hub, tmp_path: Path, pictures: Path, docs_pictures: Path
) -> None:
    desktop = Desktop.start(sit_down(NAME))
    url = f"{hub.url}/services/console/class/{CLASS}/watch/{NAME}"
    with firefox(tmp_path) as browser:
        log_in(browser, url, "instructor", hub.accounts["instructor"])
        strip = desktop.page.locator("#watched")
        expect(strip).to_contain_text("instructor asks to look at your desktop.")
        assert browser.run(COLOURS) == 0, "there is no picture before the learner's yes"
        strip.get_by_role("button", name="Allow").click()
        wait_until(lambda: browser.run("return document.getElementById('curtain').hidden"), 30, "a picture is there")
        wait_until(lambda: browser.run(COLOURS) > 10, 10, "the instructor sees the desktop")
        browser.screenshot(docs_pictures / "watching.png")
        desktop.page.get_by_role("button", name="Stop showing").click()
        wait_until(lambda: browser.run(COLOURS) == 0, 15, "the learner has ended the look")
        browser.screenshot(pictures / "ended.png")
