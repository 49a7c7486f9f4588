"""A learner's visit in Chromium: log-in, Start, the desktop; watched by painted.js in the page itself."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error

from support.browser import Learner
from support.world import ARTIFACTS, Hub, wait_until

from .marks import Area, Picture, Places, phases, places_of
from .panels import panels_of

START_SECONDS = 90.0
_SETTLE_S = 3.0
_LOOK_S = 0.2
_SCRIPT = Path(__file__).with_name("painted.js")


@dataclass
class Visit:
    """One learner with a browser that has never been here: its cache is empty at first.

    Attributes:
        learner: Who, and their window.
    """

    learner: Learner

    @classmethod
    def of(cls, browser: Browser, hub: Hub, name: str, picture: Picture | None = None) -> "Visit":
        """Sit the learner down, and log in.

        Args:
            browser: Chromium.
            hub: Either stack's.
            name: Their account.
            picture: The painted desktop to wait for, where it is known.
        """
        learner = Learner.at(browser, hub, name, ARTIFACTS / "bench")
        learner.context.add_init_script(path=_SCRIPT)
        learner.log_in()
        learner.page.evaluate("(picture) => classdeskBench.keep(picture)", picture)
        return cls(learner)

    def start(self) -> Mapping[str, float]:
        """Press Start on the form, wait until the desktop is painted; return the seconds of each phase."""
        self.learner.open_form()
        self.learner.press_start()
        self._wait_for("classdeskBench.painted")
        return phases(self.learner.page.evaluate("classdeskBench.notes()"))

    def take_picture(self) -> Picture:
        """Start, take the colours of the desktop when it has settled, and wait for them from now on."""
        self.learner.open_form()
        self.learner.press_start()
        page = self.learner.page

        def panels() -> Sequence[Area]:
            return panels_of(self.learner.name)

        wait_until(panels, START_SECONDS, "MATE's panel is there")
        self._wait_for("classdeskBench.size().width > 300")
        picture: Picture | None = None
        end = time.monotonic() + START_SECONDS
        while True:
            page.wait_for_timeout(1000 * _SETTLE_S)
            before = picture
            with contextlib.suppress(ValueError):  # the panels still move
                picture = self._picture(panels)
            if picture is not None and before == picture:
                self.learner.screenshot(f"painted-{self.learner.hub.url.rpartition(':')[2]}")
                page.evaluate("(picture) => classdeskBench.keep(picture)", picture)
                return picture
            if time.monotonic() > end:
                raise RuntimeError("the desktop does not stand still")

    def _wait_for(self, expression: str) -> None:
        """Ask the page again and again; Playwright's own way of waiting is forbidden by the session page's policy."""
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(Error):  # the page is about to give way to the next one
                if self.learner.page.evaluate(expression):
                    return
            if time.monotonic() > end:
                self.learner.screenshot("never")
                raise RuntimeError(f"never: {expression}; the page is {self.learner.page.url}")
            self.learner.page.wait_for_timeout(1000 * _LOOK_S)

    def _picture(self, panels: Callable[[], Sequence[Area]]) -> Picture:
        page = self.learner.page
        size = page.evaluate("classdeskBench.size()")
        places = places_of(size["width"], size["height"], panels())

        def coloured(where: Sequence[tuple[int, int]]) -> Places:
            seen = page.evaluate("(places) => classdeskBench.colours(places)", where)
            return {"places": where, "colours": seen}

        return {
            "width": size["width"],
            "height": size["height"],
            "panel": coloured(places["panel"]),
            "ground": coloured(places["ground"]),
        }

    def end_session(self) -> None:
        """End the session as the hub's button does, and look at the hub; the window stays."""
        self.learner.page.goto(f"{self.learner.hub.url}/hub/home")
        self.learner.end_session()

    def leave(self) -> None:
        """End the session; wait until nothing of it is left, and close the window."""
        self.learner.leave()
