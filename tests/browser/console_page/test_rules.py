"""The console's dialogs and its other pages, held against axe-core in light and dark."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from classdesk_hub.console.context import Context
from classdesk_hub.site.file import Site
from classdesk_hub.site.reconnecting import reconnecting_page
from support.browser import broken_rules
from support.console import PREFIX, Console
from support.console_board import Open, in_state, row

SCHEMES = ["light", "dark"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_dialog_keeps_the_rules(open_board: Open, console: Console, scheme: str) -> None:
    page = open_board(color_scheme=scheme, bypass_csp=True)  # axe-core sets styles
    assert page.locator("html").get_attribute("data-bs-theme") == scheme
    running, *others = in_state(console, "running")[:3]
    for name in others:
        console.do(console.group.put, name, "not started")
    console.do(console.group.raise_hand, running, 10, "My plot stays empty")
    expect(row(page, running).locator(".c-hand")).to_be_visible()
    opened = set()
    for act in ("message", "extend", "reset", "stop", "start"):
        names = others if act == "start" else [running]
        for name in names:
            row(page, name).locator(".c-pick").click()
        page.locator(f"#toolbar [data-act={act}]").click()
        opened.add(_keeps_the_rules(page, f"ask-{act}"))
        for name in names:
            row(page, name).locator(".c-pick").click()
    row(page, running).locator(".more").click()
    opened.add(_keeps_the_rules(page, "one"))
    for button in ("link", "record", "keys"):
        page.locator(f"#open-{button}").click()
        opened.add(_keeps_the_rules(page, button))
    page.locator("#open-roster").click()
    page.locator("#roster-text").fill("user,name,group\nx y,Zoe,dask\n")
    page.locator("#roster-look").click()
    expect(page.locator("#roster-preview")).to_contain_text("Line 2")
    opened.add(_keeps_the_rules(page, "roster"))
    assert opened == {*page.eval_on_selector_all("dialog", "dialogs => dialogs.map((dialog) => dialog.id)")}


def _keeps_the_rules(page: Page, dialog: str) -> str:
    """Hold an open dialog against the rules, and close it."""
    expect(page.locator(f"#{dialog}")).to_be_visible()
    assert broken_rules(page) == [], dialog
    page.keyboard.press("Escape")
    expect(page.locator(f"#{dialog}")).to_be_hidden()
    return dialog


def _with(text: str) -> Callable[[Route], None]:
    """Answer with a page."""
    return lambda route: route.fulfill(body=text, content_type="text/html")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_beside_the_board_keep_the_rules(open_board: Open, console: Console, scheme: str) -> None:
    page = open_board(color_scheme=scheme, bypass_csp=True)
    site = Site.model_validate({})
    unused: Any = None
    classes = [{"name": "dask", "title": "Dask", "learners": 1}, {"name": "numpy", "title": "NumPy", "learners": 12}]
    texts = {
        "list": Context(site, unused, unused, PREFIX).page("classes.html", classes=classes, user="ines"),
        "no-class": Context(site, unused, unused, PREFIX).page("classes.html", classes=[], user="ines"),
        "away": reconnecting_page(site),
    }
    for name, text in texts.items():
        page.route(f"**/{name}", _with(text))
        page.goto(console.url.replace("/class/dask", f"/{name}"))
        expect(page.locator("h1")).to_be_visible()
        # The one page that is there to try again: nothing on it is lost, and nobody reads it for long.
        broken = [rule for rule in broken_rules(page) if (name, rule["rule"]) != ("away", "meta-refresh")]
        assert broken == [], name
    page.goto(console.url.replace("/class/dask", "/class/nope"))
    expect(page.get_by_role("alert")).to_contain_text("There is no class “nope” for you.")
    assert broken_rules(page) == []
