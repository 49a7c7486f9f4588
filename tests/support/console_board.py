"""What tests of the console's page share: how to open it, and what of it they look at."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route

from support.console import Console

LIVE = "#live[data-kind=live]"

Open = Callable[..., Page]


def row(page: Page, name: str) -> Any:
    return page.locator(f"#rows [data-name={name}]")


def shown(page: Page) -> list[str]:
    """The account names of the list, from the top."""
    names: list[str] = page.eval_on_selector_all("#rows > tr", "rows => rows.map((row) => row.dataset.name)")
    return names


def in_state(console: Console, *states: str) -> list[str]:
    return [name for name, learner in console.group.learners.items() if learner.state in states]


def counter(page: Page, state: str) -> Any:
    return page.locator(f"#counters [data-state='{state}']")


def reach_by_name(page: Page) -> None:
    """Lets the console see the page's browser at another machine, which reaches it by a name: as most do."""

    def answer(route: Route) -> None:
        there = {"host": "hub.example.org", "x-forwarded-proto": "https"}
        route.fulfill(response=route.fetch(headers={**route.request.headers, **there}))

    page.route("**/api/class/*/link", answer)
