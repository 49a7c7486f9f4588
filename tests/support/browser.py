"""A learner at a browser: log-in, form, start, stop. Chromium is real; it reaches the product by its pages alone."""

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as Timeout

from support.world import PATIENCE, REPOSITORY, Hub, job_ids, log_tails, processes, slurm, wait_until

_AXE = REPOSITORY / "build/axe/node_modules/axe-core/axe.min.js"

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
VIEWPORT = {"width": 1280, "height": 800}

START_SECONDS = 60.0
STOP_SECONDS = 30.0
CLOSE_SECONDS = 30.0


class Chromium:
    """Debian's Chromium, without a window; it is started anew when it has gone."""

    def __init__(self, playwright: Playwright) -> None:
        self.kind = playwright.chromium
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        """The running browser."""
        if self._browser is None or not self._browser.is_connected():
            self._browser = self.kind.launch(executable_path=CHROMIUM, args=list(FLAGS))
        return self._browser

    def close(self) -> None:
        """Ends the browser."""
        if self._browser is not None:
            self._browser.close()


@contextmanager
def started_chromium() -> Iterator[Chromium]:
    """Chromium for many tests, one after the other."""
    with sync_playwright() as playwright:
        chromium = Chromium(playwright)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with started_chromium() as started:
        yield started.browser()


def close_window(context: BrowserContext) -> None:
    """Closes a browser window. In rare cases Chromium never says that it has done so: then it is ended itself."""
    # Only the browser's first process is called with a pipe; those of pages end with it.
    end_chromium = ("pkill", "--signal", "KILL", "--full", "--", "--remote-debugging-pipe")
    out_of_patience = Timer(PATIENCE * CLOSE_SECONDS, subprocess.run, [end_chromium], {"check": False})
    out_of_patience.start()
    try:
        context.close()
    except PlaywrightError:
        if context.browser is not None and context.browser.is_connected():
            raise
    finally:
        out_of_patience.cancel()


@dataclass
class Learner:
    """One person with one browser window."""

    name: str
    hub: Hub
    context: BrowserContext
    page: Page
    pictures: Path

    @classmethod
    def at(cls, browser: Browser, hub: Hub, name: str, pictures: Path, **options: Any) -> "Learner":
        """Sits a learner down at a new browser window; the options are those of a Playwright context."""
        context = browser.new_context(**{"viewport": VIEWPORT, "locale": "en-GB", **options})
        context.set_default_timeout(15_000 * PATIENCE)
        pictures.mkdir(parents=True, exist_ok=True)
        return cls(name, hub, context, context.new_page(), pictures)

    def screenshot(self, name: str) -> Path:
        """Keeps a picture of the page."""
        path = self.pictures / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def try_to_log_in(self, password: str) -> None:
        """Fills in the log-in page and sends it, whatever the answer is."""
        self.page.goto(f"{self.hub.url}/")
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()

    def log_in(self) -> None:
        """Logs in; what comes is the start form, or the running session."""
        self.try_to_log_in(self.hub.accounts[self.name])
        self.page.wait_for_url(lambda url: "/login" not in url)

    def open_form(self, query: str = "") -> None:
        """Opens the start form, as a link does."""
        self.page.goto(f"{self.hub.url}/hub/spawn{query}")
        expect(self.page.locator("#spawn_form")).to_be_visible()

    def form(self) -> dict[str, str]:
        """What the form shows, by label."""
        chosen = self.page.get_by_label("User interface").locator("option:checked")
        return {
            "User interface": chosen.inner_text(),
            "Number of cores": self.page.get_by_label("Number of cores").input_value(),
            "Time (hours)": self.page.get_by_label("Time (hours)").input_value(),
        }

    def choose(self, ui: str | None = None, cores: str | None = None, hours: str | None = None) -> None:
        """Fills in the form; None leaves a field as it is."""
        if ui is not None:
            self.page.get_by_label("User interface").select_option(label=ui)
        if cores is not None:
            self.page.get_by_label("Number of cores").fill(cores)
        if hours is not None:
            self.page.get_by_label("Time (hours)").fill(hours)

    def press_start(self) -> None:
        """Presses the button."""
        self.page.get_by_role("button", name="Start", exact=True).click()

    def wait_for_session(self, path: str) -> None:
        """Waits until the browser has come to the session's page, by itself."""
        try:
            self.page.wait_for_function(
                """(path) => location.pathname.startsWith(path)
                    || document.body?.innerText.includes("could not start")""",
                arg=f"/user/{self.name}/{path}",
                timeout=1000 * START_SECONDS * PATIENCE,
            )
        except Timeout as error:
            self._tell_no_session(error.message)
        if f"/user/{self.name}/{path}" not in self.page.url:
            self._tell_no_session(self.page.inner_text("main"))

    def _tell_no_session(self, why: str) -> None:
        self.screenshot("no-session")
        pytest.fail(f"no session at {self.page.url}: {why}\n{log_tails()}")

    def start(self, ui: str | None = None, cores: str | None = None, hours: str | None = None) -> None:
        """From the form to the session's page."""
        paths = {"Desktop": "desktop/", "JupyterLab": "desktop/lab/", "Terminal": "terminal/"}
        self.open_form()
        self.choose(ui, cores, hours)
        path = paths[self.form()["User interface"]]
        self.press_start()
        self.wait_for_session(path)

    def stop(self) -> None:
        """*End session* on the hub's home page; waits until nothing is left."""
        self.page.goto(f"{self.hub.url}/hub/home")
        self.page.get_by_role("button", name="End session …").click()
        self.page.get_by_role("dialog").get_by_role("button", name="End session", exact=True).click()
        self.wait_until_gone()
        expect(self.page.locator("#start")).to_have_text("Start a session", timeout=30_000)

    def wait_until_gone(self) -> None:
        """Waits until neither Slurm nor the node knows anything of a session."""
        wait_until(lambda: not job_ids(self.name), STOP_SECONDS, f"the job of {self.name} has gone")
        wait_until(lambda: not processes(self.name), STOP_SECONDS, f"no process of {self.name} is left")

    def leave(self) -> None:
        """After a test, whatever its state: ends the session as the page's button does, and closes the window."""
        if self.context.browser is None or not self.context.browser.is_connected():
            # It has gone in another test of the module.
            slurm("scancel", f"--user={self.name}")
            self.wait_until_gone()
            return
        with contextlib.suppress(PlaywrightError):  # a tab behind another one may have no picture
            self.screenshot("last")
        self.end_session()
        close_window(self.context)

    def end_session(self) -> None:
        """Ends the session, if there is one, as the page's button does."""
        server = f"{self.hub.url}/hub/api/users/{self.name}/server"
        if job_ids(self.name) and self.is_logged_in():
            self.context.request.delete(server, headers=self.api_headers())
            wait_until(lambda: self.servers() == {}, STOP_SECONDS, "the hub knows of the end")
        self.wait_until_gone()

    def is_logged_in(self) -> bool:
        return any(c["name"] == "jupyterhub-session-id" for c in self.context.cookies())

    def servers(self) -> object:
        """What the hub says of the learner's servers; empty when there is none."""
        answer = self.context.request.get(f"{self.hub.url}/hub/api/user", headers=self.api_headers())
        assert answer.ok, answer.text()
        return answer.json()["servers"]

    def api_headers(self) -> dict[str, str]:
        """What the hub's own pages send with their calls."""
        return {"X-XSRFToken": self.xsrf(), "Referer": f"{self.hub.url}/hub/home"}

    def xsrf(self) -> str:
        """The token that the hub's forms carry."""
        return next(
            cookie["value"] for cookie in self.context.cookies(f"{self.hub.url}/hub/spawn") if cookie["name"] == "_xsrf"
        )


SitDown = Callable[..., Learner]
"""Sits a learner down: a name, `logged_in`, and the options of a Playwright context."""


@contextmanager
def room(browser: Browser, hub: Hub, pictures: Path) -> Iterator[SitDown]:
    """Where learners sit. When it closes, their sessions end."""
    learners: list[Learner] = []

    def sit_down(name: str, *, logged_in: bool = True, **options: Any) -> Learner:
        learner = Learner.at(browser, hub, name, pictures, **options)
        learners.append(learner)
        if logged_in:
            learner.log_in()
        return learner

    try:
        yield sit_down
    finally:
        for learner in learners:
            learner.leave()


def broken_rules(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong with a page: the rule, and the elements that break it."""
    # Through the debugger's door: the pages' content policy lets no other script in.
    page.evaluate(_AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [{"rule": one["id"], "at": [node["html"][:200] for node in one["nodes"]]} for one in found["violations"]]
