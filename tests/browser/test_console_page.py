"""The console's page with made-up learners: what 300 of them, a failing act and a service that goes away look like.

The same page with real sessions is in test_console.py.
"""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from support.fake_console import FakeClass, FakeConsole
from support.world import wait_until

LIVE = "#live[data-kind=live]"

# In the browser: notes when a learner's row first shows a text, and each task that held the page up.
WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    window.longTasks.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ type: "longtask" });
  window.whenShown = (name, text) => new Promise((resolve) => {
    const look = () => {
      const row = document.querySelector(`[data-name="${name}"]`);
      if (row?.textContent.includes(text)) {
        requestAnimationFrame(() => resolve(Date.now() / 1000));
        return true;
      }
      return false;
    };
    const observer = new MutationObserver(() => look() && observer.disconnect());
    observer.observe(document.getElementById("rows"), { childList: true, subtree: true, characterData: true });
    look();
  });
}"""


@pytest.fixture
def learners() -> int:
    return 24


@pytest.fixture
def churn() -> float:
    return 0.0


@pytest.fixture
def fake(learners: int, churn: float) -> Iterator[FakeConsole]:
    with FakeConsole(FakeClass(learners), churn=churn).running() as console:
        yield console


Open = Callable[..., Page]


@pytest.fixture
def open_board(browser: Browser, fake: FakeConsole, pictures: Path) -> Iterator[Open]:
    """Opens the board in a browser window; whatever the page complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # A connection that is lost on purpose is told by the browser itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_it(**options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(fake.url)
        page.wait_for_selector(LIVE)
        return page

    yield open_it
    pictures.mkdir(parents=True, exist_ok=True)
    for context in contexts:
        for number, page in enumerate(context.pages):
            page.screenshot(path=pictures / f"last-{number}.png")
        context.close()
    assert complaints == []


def row(page: Page, name: str) -> Any:
    return page.locator(f"#rows [data-name={name}]")


def shown(page: Page) -> list[str]:
    """The account names of the list, from the top."""
    names: list[str] = page.eval_on_selector_all(
        "#rows > tr", "rows => rows.map((row) => row.dataset.name)"
    )
    return names


def in_state(fake: FakeConsole, *states: str) -> list[str]:
    return [name for name, learner in fake.group.learners.items() if learner["state"] in states]


def counter(page: Page, state: str) -> Any:
    return page.locator(f"#counters [data-state='{state}']")


# 300 learners -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learners", "churn"), [pytest.param(300, 0.1, id="thirty change each second")]
)
def test_a_change_is_shown_within_two_seconds(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    page.evaluate(WATCH)
    name = in_state(fake, "running")[100]
    delays = []
    for number in range(8):
        text = f"question {number}"
        page.evaluate("([name, text]) => { window.shown = whenShown(name, text); }", [name, text])
        told = fake.do(raise_hand, fake.group, name, text)
        delays.append(page.evaluate("window.shown") - told)
        assert shown(page)[0] == name, "a raised hand is at the top"
    tasks = page.evaluate("window.longTasks")
    print(
        f"shown after {max(delays):.2f} s at most; longest task {max(tasks, default=0):.0f} ms of {len(tasks)}"
    )
    assert max(delays) < 2
    assert max(tasks, default=0) < 500


def raise_hand(group: FakeClass, name: str, text: str) -> float:
    now = group.now()
    group.change(name, hand={"since": now, "text": text})
    return now


@pytest.mark.parametrize("learners", [pytest.param(300, id="300 learners")])
def test_only_the_row_that_changes_is_touched(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    expect(page.locator("#rows > tr")).to_have_count(300)
    page.evaluate(
        """() => {
          window.touched = new Set();
          new MutationObserver((changes) => changes.forEach(({ target }) => {
            const row = (target.closest ? target : target.parentElement).closest("tr");
            window.touched.add(row ? row.dataset.name : "the list");
          })).observe(document.getElementById("rows"), { childList: true, subtree: true, characterData: true });
        }"""
    )
    one, *others = in_state(fake, "running")
    fake.do(fake.group.change, one, node="node99")
    expect(row(page, one)).to_contain_text("node99")
    touched = set(page.evaluate("[...window.touched]"))
    assert one in touched
    # The clock of others may have gone on to the next minute meanwhile; a class does not do so at once.
    assert len(touched & set(others)) < 30


# Looking ------------------------------------------------------------------------------------------------------------


def test_counters_filter_and_agree_with_the_list(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    fake.do(fake.group.put, "learner03", "failed")
    for state in ("running", "failed", "not started"):
        names = in_state(fake, state)
        expect(counter(page, state).locator("b")).to_have_text(str(len(names)))
        counter(page, state).click()
        assert sorted(shown(page)) == sorted(names)
    counter(page, "all").click()
    assert len(shown(page)) == 24
    fake.do(fake.group.leave, "learner03")
    expect(row(page, "learner03")).to_have_count(0)
    expect(counter(page, "all").locator("b")).to_have_text("23")


def test_each_state_says_what_an_instructor_needs(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    for number, (state, texts) in enumerate(
        {
            "not started": ["Not started"],
            "queued": ["Queued", "Waiting for free cores", "place", "expected at"],
            "starting": ["Starting", "The image is being opened"],
            "running": ["Running", "node", "of 2", "MB", "min"],
            "idle": ["Idle", "min"],
            "failed": ["Failed", "The session used more memory than it had."],
        }.items(),
        1,
    ):
        name = f"learner{number:02}"
        fake.do(fake.group.put, name, state)
        for text in texts:
            expect(row(page, name)).to_contain_text(text)
    hand = {"since": fake.group.now() - 130, "text": "I am lost"}
    fake.do(fake.group.change, "learner05", idle_s=1500, hand=hand)
    expect(row(page, "learner05")).to_contain_text("25 min")
    expect(row(page, "learner05")).to_contain_text("Asks for help, 2 min: “I am lost”")
    assert shown(page)[0] == "learner05"


def test_hands_are_at_the_top_the_oldest_first_in_every_order(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    now = fake.group.now()
    hands = in_state(fake, "running")[:3]
    for age, name in zip((10, 300, 100), hands, strict=True):
        fake.do(fake.group.change, name, hand={"since": now - age, "text": ""})
    expect(counter(page, "hand").locator("b")).to_have_text("3")
    for column in ("name", "memory", "state"):
        page.locator(f"[data-sort={column}] button").click()
        assert shown(page)[:3] == [hands[1], hands[2], hands[0]]
    assert page.title().startswith("(3) ")


def test_search_and_order(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    page.locator("[data-sort=memory] button").click()
    memory = {name: learner["memory_mib"] or 0 for name, learner in fake.group.learners.items()}
    seen = [memory[name] for name in shown(page)]
    assert seen == sorted(seen, reverse=True)
    page.locator("#search").fill("node3 running")
    wanted = [
        n
        for n, who in fake.group.learners.items()
        if who["node"] == "node3" and who["state"] == "running"
    ]
    expect(page.locator("#rows > tr")).to_have_count(len(wanted))
    page.locator("#search").fill("nobody has this name")
    expect(page.locator("#empty")).to_be_visible()


# Selection and acts -------------------------------------------------------------------------------------------------


def test_a_selection_survives_changes_and_filters(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    page.locator("#pick").select_option(label="Running")
    names = in_state(fake, "running")
    expect(page.locator("#target")).to_have_text(f"For {len(names)} selected learners")
    fake.do(fake.group.put, names[0], "idle")
    expect(row(page, names[0])).to_contain_text("Idle")
    counter(page, "idle").click()
    expect(row(page, names[0]).locator("input")).to_be_checked()
    expect(page.locator("#target")).to_contain_text(f"For {len(names)} selected learners")
    expect(page.locator("#target")).to_contain_text("not shown")
    fake.do(fake.group.leave, names[0])
    expect(page.locator("#target")).to_contain_text(f"For {len(names) - 1} selected learners")


def test_stop_asks_with_number_and_names_and_does_nothing_on_cancel(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    names = in_state(fake, "running")[:3]
    for name in names:
        row(page, name).locator(".c-pick").click()
    page.locator("[data-act=stop]").click()
    dialog = page.get_by_role("dialog", name="Stop 3 sessions?")
    for name in names:
        expect(dialog).to_contain_text(fake.group.learners[name]["full_name"])
    page.keyboard.press("Enter")  # Cancel has the keyboard
    expect(dialog).to_be_hidden()
    assert fake.group.asked == []
    page.locator("[data-act=stop]").click()
    page.get_by_role("button", name="Stop 3 sessions").click()
    wait_until(lambda: [act["act"] for act in fake.group.asked] == ["stop"], 5, "the act was sent")
    assert sorted(fake.group.asked[0]["learners"]) == sorted(names)
    for name in names:
        expect(row(page, name)).to_contain_text("Not started")


def test_partial_failures_are_listed_and_repeated_for_those_alone(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    first, second, third = in_state(fake, "running")[:3]
    fake.group.failing = {second: "The session does not answer."}
    for name in (first, second, third):
        row(page, name).locator(".c-pick").click()
    page.locator("[data-act=message]").click()
    page.locator("#text").fill("Save your work, please.")
    page.keyboard.press("Control+Enter")
    card = page.locator(".act")
    expect(card.locator(".sum")).to_have_text("2 of 3 done, 1 failed.")
    expect(card.locator("[data-status=failed]")).to_contain_text("The session does not answer.")
    expect(card.locator("[data-status=failed]")).to_contain_text(
        fake.group.learners[second]["full_name"]
    )
    fake.group.failing = {}
    card.get_by_role("button", name="Try the 1 that failed again").click()
    expect(card.locator(".sum")).to_have_text("done.")
    assert fake.group.asked[1] == {
        "act": "message",
        "learners": [second],
        "text": "Save your work, please.",
    }


@pytest.mark.parametrize(
    ("choice", "act"),
    [
        pytest.param("Restore the lesson's files", "reset-lesson", id="lesson"),
        pytest.param("Reset the desktop's settings", "reset-desktop", id="desktop"),
        pytest.param("Restart the session", "restart", id="restart"),
    ],
)
def test_each_reset_says_what_it_keeps(
    open_board: Open, fake: FakeConsole, choice: str, act: str
) -> None:
    page = open_board()
    name = in_state(fake, "running")[0]
    row(page, name).get_by_role("button", name="Reset").click()
    option = page.locator("#ask-reset .choice", has_text=choice)
    expect(option).to_contain_text("Keeps:")
    expect(option).to_contain_text("Loses:")
    option.click()
    page.locator("#ask-reset .go").click()
    wait_until(
        lambda: fake.group.asked == [{"act": act, "learners": [name]}], 5, "the act was sent"
    )


def test_acts_are_offered_for_those_alone_for_whom_they_make_sense(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    idle = in_state(fake, "not started", "failed")
    expect(page.locator("[data-act=start]")).to_have_attribute("data-count", str(len(idle)))
    page.locator("[data-act=start]").click()
    expect(page.locator("#ask-start")).to_contain_text("Desktop, 2 cores, 3 hours")
    page.locator("#ask-start .go").click()
    wait_until(lambda: len(fake.group.asked) == 1, 5, "the act was sent")
    assert sorted(fake.group.asked[0]["learners"]) == sorted(idle)
    expect(page.locator("[data-act=start]")).to_be_disabled(timeout=15_000)


def test_another_instructor_s_act_is_seen_too(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    name = in_state(fake, "running")[0]
    fake.do(fake.group.begin, {"act": "stop", "learners": [name]})
    expect(page.locator(".act h2")).to_have_text(f"Stop: {fake.group.learners[name]['full_name']}")


# Keyboard -----------------------------------------------------------------------------------------------------------


def test_all_of_it_goes_without_a_mouse(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    press = page.keyboard.press
    press("/")
    page.keyboard.type("running")
    wait_until(
        lambda: set(shown(page)) == set(in_state(fake, "running")), 5, "the search has filtered"
    )
    press("ArrowDown")
    order = shown(page)
    press("Space")
    press("Shift+ArrowDown")
    press("Shift+ArrowDown")
    expect(page.locator("#target")).to_have_text("For 3 selected learners")
    press("End")
    assert page.evaluate("document.activeElement.dataset.name") == order[-1]
    press("Home")
    press("Enter")
    expect(page.locator("#one")).to_be_visible()
    expect(page.locator("#one-name")).to_have_text(fake.group.learners[order[0]]["full_name"])
    press("Escape")
    expect(page.locator("#one")).to_be_hidden()
    press("Tab")  # the row's own buttons, and then out of the list: 300 rows are not 900 stops
    assert page.evaluate("document.activeElement.closest('tr').dataset.name") == order[0]
    for _ in range(5):
        press("Tab")
    assert page.evaluate("document.activeElement.closest('#rows')") is None
    press("Escape")
    expect(page.locator("#target")).to_contain_text("For the")
    press("Escape")
    assert len(shown(page)) == 24
    press("Control+a")
    expect(page.locator("#target")).to_have_text("For 24 selected learners")


def test_the_focus_stays_with_the_learner_when_the_order_changes(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    name = shown(page)[10]
    row(page, name).focus()
    fake.do(
        fake.group.change,
        in_state(fake, "running")[-1],
        hand={"since": fake.group.now(), "text": "help"},
    )
    expect(counter(page, "hand").locator("b")).to_have_text("1")
    assert page.evaluate("document.activeElement.dataset.name") == name


# Recovery -----------------------------------------------------------------------------------------------------------


def test_a_service_that_restarts_is_told_and_the_page_recovers(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    name = in_state(fake, "running")[0]
    fake.run(fake.vanish())
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("What you see is from")
    expect(page.locator("#live-text")).to_have_text(re.compile(r"As of \d\d:\d\d:\d\d"))
    expect(page.locator("body")).to_have_class(re.compile("old"))
    fake.do(fake.group.put, name, "failed")
    fake.do(fake.serve)
    page.wait_for_selector(LIVE, timeout=15_000)
    expect(page.locator("#notice")).to_be_hidden()
    expect(row(page, name)).to_contain_text("Failed")


def test_a_console_that_the_proxy_does_not_know_yet_is_waited_for(
    open_board: Open, fake: FakeConsole
) -> None:
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
    fake.run(fake.vanish())
    expect(page.locator("#notice")).to_contain_text("it may be restarting")
    tries = "/api/class/"
    wait_until(lambda: look(page) and sum(tries in url for url in asked) > 2, 20, "it tries again")
    page.unroute("**/*")
    fake.do(fake.serve)
    page.wait_for_selector(LIVE, timeout=20_000)
    assert page.evaluate("window.isSame") is True


def look(page: Page) -> bool:
    """Lets the browser speak to the test, whose answers it waits for."""
    return page.locator("body").is_visible()


def test_a_link_that_goes_dead_without_a_word_is_noticed(
    open_board: Open, fake: FakeConsole
) -> None:
    """As when a laptop leaves the Wi-Fi: no connection is closed, and nothing comes any more."""
    page = open_board()
    fake.loop.call_soon_threadsafe(time.sleep, 32)
    expect(page.locator("#notice")).to_contain_text("What you see is from", timeout=31_000)
    page.wait_for_selector(LIVE, timeout=25_000)
    expect(page.locator("#notice")).to_be_hidden()


def test_what_the_service_says_of_the_hub_is_shown(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    fake.group.notice = "The hub does not answer; what you see is the last that is known."
    fake.do(fake.group.tell_changed, [])
    expect(page.locator("#notice")).to_contain_text(fake.group.notice)
    expect(page.locator("body")).to_have_class(re.compile("old"))
    fake.group.notice = None
    fake.do(fake.group.tell_changed, [])
    page.wait_for_selector(LIVE)


def test_an_act_that_a_restart_cut_off_is_not_said_to_be_done(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    names = in_state(fake, "running")[:2]
    fake.group.act_pause_s = 60
    for name in names:
        row(page, name).locator(".c-pick").click()
    page.locator("[data-act=reset]").click()
    page.locator("#ask-reset .go").click()
    expect(page.locator(".act")).to_be_visible()
    fake.run(fake.vanish())
    fake.group.acts.clear()
    fake.do(fake.serve)
    page.wait_for_selector(LIVE, timeout=15_000)
    expect(page.locator(".act .results")).to_contain_text("whether this was done is not known")
    expect(page.locator(".act .sum")).to_have_text("0 of 2 done, 2 failed.")


def test_an_act_that_nobody_takes_is_not_lost(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    fake.run(fake.vanish())
    page.locator("[data-act=extend]").click()
    page.locator("#ask-extend .go").click()
    expect(page.locator(".act .results")).to_contain_text("The network does not reach the hub.")
    fake.do(fake.serve)
    page.wait_for_selector(LIVE, timeout=15_000)
    page.locator(".act .again:visible").click()
    wait_until(lambda: len(fake.group.asked) == 1, 5, "the act was sent again")
    assert fake.group.asked[0]["minutes"] == 30


# Other views --------------------------------------------------------------------------------------------------------


def test_pictures_are_asked_for_only_while_somebody_looks(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    assert fake.group.pictures == 0
    page.locator("#wall-toggle").click()
    in_sight = page.locator(".tile img:visible")
    wait_until(in_sight.count, 5, "there are pictures")
    wait_until(
        lambda: not page.evaluate("document.querySelectorAll('.tile img:not([src])').length > 23"),
        5,
        "pictures came",
    )
    page.wait_for_timeout(3000)
    asked = fake.group.pictures
    assert asked <= len(in_state(fake, "running", "idle")), (
        "each one once in ten seconds, and those in sight alone"
    )
    page.locator("#wall-toggle").click()
    page.wait_for_timeout(11_000)  # a picture would be due now
    assert fake.group.pictures == asked
    expect(page.locator("#learners")).to_be_visible()


def test_the_roster_shows_errors_by_line_and_what_would_change(
    open_board: Open, fake: FakeConsole
) -> None:
    page = open_board()
    page.locator("#open-roster").click()
    page.locator("#roster-text").fill("user,name,group\nlearner01,Ada,dask\nnew01,Zoe\n")
    page.locator("#roster-look").click()
    expect(page.locator("#roster-preview")).to_contain_text("Line 3: “new01” has 2 columns")
    expect(page.locator("#roster-import")).to_be_disabled()
    page.locator("#roster-text").fill("user,name,group\nlearner01,Ada,dask\nnew01,Zoe,dask\n")
    page.locator("#roster-look").click()
    expect(page.locator("#roster-preview")).to_contain_text("1 learner will join: new01.")
    expect(page.locator("#roster-preview")).to_contain_text("23 learners will leave")
    expect(page.locator("#roster-import")).to_be_enabled()


def test_the_class_link_is_shown_large_with_its_code(open_board: Open) -> None:
    page = open_board()
    page.locator("#open-link").click()
    expect(page.locator("#link-url")).to_have_text(re.compile("/hub/spawn"))
    wait_until(
        lambda: page.evaluate("document.getElementById('link-qr').naturalWidth"),
        5,
        "the code is drawn",
    )
    page.locator("#link-large").click()
    expect(page.locator("#link-large")).to_have_text("Small again")
    box = page.locator("#link-qr").bounding_box()
    assert box
    assert box["width"] > 500
    page.locator("#link-large").click()
    expect(page.locator("#link-large")).to_have_text("Full screen")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "size",
    [
        pytest.param((390, 844), id="phone"),
        pytest.param((820, 1180), id="tablet"),
        pytest.param((1920, 1080), id="projector"),
    ],
)
def test_nothing_sticks_out(
    open_board: Open, fake: FakeConsole, pictures: Path, size: tuple[int, int], theme: str
) -> None:
    fake.do(
        fake.group.change,
        in_state(fake, "running")[3],
        hand={"since": fake.group.now() - 200, "text": "where am I? " * 8},
    )
    page = open_board(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.screenshot(path=pictures / f"{size[0]}-{theme}.png")


def test_no_other_host_is_asked(open_board: Open, fake: FakeConsole) -> None:
    page = open_board()
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host)"
    )
    assert set(loaded) == {f"127.0.0.1:{fake.port}"}


# Pictures of docs/instructor -----------------------------------------------------------------------------------------

GUIDE = (
    "running running running queued running failed idle starting running not-started running idle"
)


@pytest.mark.parametrize("learners", [pytest.param(12, id="a class")])
def test_pictures_of_the_guide(open_board: Open, fake: FakeConsole, docs_pictures: Path) -> None:
    take_pictures(open_board, fake, docs_pictures)
    assert len(list(docs_pictures.glob("console*.png"))) == 4


def take_pictures(open_it: Open, fake: FakeConsole, folder: Path) -> None:
    """Draws what the guide shows: the board of a class, a reset, the class link, and the board on a phone."""
    for name, state in zip(sorted(fake.group.learners), GUIDE.split(), strict=True):
        fake.do(fake.group.put, name, state.replace("-", " "))
    now = fake.group.now()
    fake.do(
        fake.group.change, "learner05", hand={"since": now - 190, "text": "My plot stays empty"}
    )
    fake.do(fake.group.change, "learner09", hand={"since": now - 45, "text": ""})
    fake.do(fake.group.change, "learner02", watchers=["instructor"])
    page = open_it()
    expect(page.locator("#rows > tr")).to_have_count(12)
    expect(counter(page, "hand").locator("b")).to_have_text("2")
    page.screenshot(path=folder / "console.png")
    row(page, "learner01").get_by_role("button", name="Reset").click()
    page.locator("#ask-reset").screenshot(path=folder / "console-reset.png")
    page.keyboard.press("Escape")
    page.locator("#open-link").click()
    wait_until(
        lambda: page.evaluate("document.getElementById('link-qr').naturalWidth"),
        5,
        "the code is drawn",
    )
    page.locator("#link").screenshot(path=folder / "console-link.png")
    phone = open_it(viewport={"width": 390, "height": 844}, color_scheme="dark")
    expect(counter(phone, "hand").locator("b")).to_have_text("2")
    phone.screenshot(path=folder / "console-phone.png")
