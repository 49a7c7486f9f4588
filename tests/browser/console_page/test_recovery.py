"""A service that restarts, a dead link, acts that were cut off: what the page says, and how it recovers."""

import re
import time

from playwright.sync_api import Page, Route, expect

from support.console import Console
from support.console_board import LIVE, Open, in_state, row
from support.world import wait_until


def test_a_service_that_restarts_is_told_and_the_page_recovers(open_board: Open, console: Console) -> None:
    page = open_board()
    name = in_state(console, "running")[0]
    console.run(console.vanish())
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("What you see is from")
    expect(page.locator("#live-text")).to_have_text(re.compile(r"As of \d\d:\d\d:\d\d"))
    expect(page.locator("body")).to_have_class(re.compile("old"))
    console.do(console.group.put, name, "failed")
    console.do(console.serve)
    page.wait_for_selector(LIVE, timeout=15_000)
    expect(page.locator("#notice")).to_be_hidden()
    expect(row(page, name)).to_contain_text("Failed")


def test_a_console_that_the_proxy_does_not_know_yet_is_waited_for(open_board: Open, console: Console) -> None:
    """While the hub starts, it answers in the console's place: a page that is loaded anew then is lost."""
    page = open_board()
    asked: list[str] = []

    def answer_as_the_hub(route: Route) -> None:
        asked.append(route.request.url)
        if "/hub/" in route.request.url:
            route.fulfill(status=200, json={"version": "6"})
        else:
            route.fulfill(status=302, headers={"Location": "/hub/services/console/"})

    page.evaluate("window.isSame = true")
    page.route("**/*", answer_as_the_hub)
    console.run(console.vanish())
    expect(page.locator("#notice")).to_contain_text("it may be restarting")
    tries = "/api/class/"
    wait_until(lambda: look(page) and sum(tries in url for url in asked) > 2, 20, "it tries again")
    page.unroute("**/*")
    console.do(console.serve)
    page.wait_for_selector(LIVE, timeout=20_000)
    assert page.evaluate("window.isSame") is True


def test_a_console_that_is_back_in_the_same_moment_is_not_loaded_anew(open_board: Open, console: Console) -> None:
    """The hub still answered the stream in the console's place; what is asked next, the console answers."""
    page = open_board()
    asked: list[str] = []

    def answer_once_as_the_hub(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            console.do(console.serve)
            route.fulfill(status=302, headers={"Location": "/hub/services/console/"})
        else:
            route.fallback()

    page.evaluate("window.isSame = true")
    page.route("**/api/class/*/stream", answer_once_as_the_hub)
    console.run(console.vanish())
    wait_until(lambda: look(page) and len(asked) > 1, 20, "it tries again")
    page.wait_for_selector(LIVE, timeout=20_000)
    assert page.evaluate("window.isSame") is True


def look(page: Page) -> bool:
    """Lets the browser speak to the test, whose answers it waits for."""
    return page.locator("body").is_visible()


def test_a_link_that_goes_dead_without_a_word_is_noticed(open_board: Open, console: Console) -> None:
    """As when a laptop leaves the Wi-Fi: no connection is closed, and nothing comes any more."""
    page = open_board()
    console.loop.call_soon_threadsafe(time.sleep, 32)
    expect(page.locator("#notice")).to_contain_text("What you see is from", timeout=31_000)
    page.wait_for_selector(LIVE, timeout=25_000)
    expect(page.locator("#notice")).to_be_hidden()


def test_what_the_service_says_of_the_hub_is_shown(open_board: Open, console: Console) -> None:
    page = open_board()
    console.group.scheduler_answers = False
    expect(page.locator("#notice")).to_contain_text("The cluster's scheduler does not answer at the moment.")
    expect(page.locator("body")).to_have_class(re.compile("old"))
    console.group.scheduler_answers = True
    page.wait_for_selector(LIVE)


def test_an_act_that_a_restart_cut_off_is_not_said_to_be_done(open_board: Open, console: Console) -> None:
    page = open_board()
    names = in_state(console, "running")[:2]
    console.group.pause_s = 60
    for name in names:
        row(page, name).locator(".c-pick").click()
    page.locator("[data-act=reset]").click()
    page.locator("#ask-reset .go").click()
    expect(page.locator(".act")).to_be_visible()
    console.run(console.vanish())
    console.do(console.serve)
    page.wait_for_selector(LIVE, timeout=15_000)
    expect(page.locator(".act .results")).to_contain_text("whether this was done is not known")
    expect(page.locator(".act .sum")).to_have_text("0 of 2 done, 2 failed.")


def test_an_act_that_nobody_takes_is_not_lost(open_board: Open, console: Console) -> None:
    page = open_board()
    console.run(console.vanish())
    page.locator("[data-act=extend]").click()
    page.locator("#ask-extend .go").click()
    expect(page.locator(".act .results")).to_contain_text("The network does not reach the hub.")
    console.do(console.serve)
    page.wait_for_selector(LIVE, timeout=15_000)
    page.locator(".act .again:visible").click()
    running = sorted(in_state(console, "running", "idle"))
    wait_until(lambda: len(console.group.asked) == len(running), 5, "the act was sent again")
    assert sorted(name for name, _, _ in console.group.asked) == running
    assert console.group.asked[0][1:] == ("POST extend", {"minutes": 30})
