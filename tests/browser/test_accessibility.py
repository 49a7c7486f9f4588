"""All pages that people see, held against axe-core (WCAG 2.2 A and AA, and best practice), in light and dark.

JupyterLab is left out: its page is not ours.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support import faults
from support.browser import Learner, SitDown, broken_rules
from support.firefox import HOST_NAME, Firefox, firefox
from support.world import Hub, command, job_ids, wait_until

SCHEMES = ["light", "dark"]


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def learner(sit_down: SitDown, scheme: str) -> Learner:
    return sit_down("learner02", color_scheme=scheme)


def passes(learner: Learner, name: str) -> None:
    """Holds the learner's page against axe-core, and its title against the site's name."""
    learner.screenshot(name)
    assert broken_rules(learner.page) == [], f"{name} at {learner.page.url}"
    assert re.fullmatch(r".+ · classdesk", learner.page.title()), learner.page.title()


def test_axe_finds_what_is_broken(sit_down: SitDown) -> None:
    page = sit_down("learner02", logged_in=False).page
    page.set_content("<html><body><img src='x.png'><p style='color:#999'>pale</p></body></html>")
    rules = {one["rule"] for one in broken_rules(page)}
    assert {"image-alt", "color-contrast", "html-has-lang"} <= rules


def test_log_in_and_log_out(sit_down: SitDown, scheme: str) -> None:
    learner = sit_down("learner02", logged_in=False, color_scheme=scheme)
    learner.page.goto(f"{learner.hub.url}/hub/login")
    passes(learner, f"{scheme}-log-in")
    learner.try_to_log_in("not the password")
    alert = learner.page.get_by_role("alert")
    expect(alert).to_contain_text("Invalid username or password")
    expect(alert).to_be_focused()
    for field in ("Username", "Password"):
        expect(learner.page.get_by_label(field, exact=True)).to_have_attribute("aria-invalid", "true")
    passes(learner, f"{scheme}-log-in-error")
    learner.page.goto(f"{learner.hub.url}/hub/logout")
    passes(learner, f"{scheme}-logged-out")


def test_the_form_and_its_refusals(learner: Learner, scheme: str) -> None:
    page = learner.page
    for name, query in (
        ("form", ""),
        ("form-link", "?ui=foo&cores=50&hours=1,5"),
        ("form-class", "?class=nope"),
    ):
        learner.open_form(query)
        if query:
            expect(page.get_by_role("alert")).to_be_focused()
        passes(learner, f"{scheme}-{name}")
    page.evaluate("document.getElementById('spawn_form').noValidate = true")
    learner.choose("Desktop", cores="99")
    learner.press_start()
    expect(page.locator("#classdesk-refusal")).to_be_focused()
    expect(page.get_by_label("Number of cores")).to_have_attribute("aria-invalid", "true")
    passes(learner, f"{scheme}-refusal")


def test_pages_without_a_session(learner: Learner, scheme: str) -> None:
    for name, path in (
        ("home", "/hub/home"),
        ("token", "/hub/token"),
        ("404", "/hub/nothing"),
        ("403", "/hub/admin"),
        ("not-running", f"/hub/user/{learner.name}/"),
        ("no-class", "/c/nope"),
    ):
        learner.page.goto(f"{learner.hub.url}{path}")
        passes(learner, f"{scheme}-{name}")


def test_the_pages_of_a_session_from_start_to_end(learner: Learner, scheme: str) -> None:
    page = learner.page
    with faults.drained():
        learner.open_form()
        learner.choose("Terminal")
        learner.press_start()
        expect(page.locator("#classdesk-message")).to_contain_text("In the queue", timeout=60_000)
        passes(learner, f"{scheme}-waiting")
        expect(page).to_have_title(re.compile("Your session is in the queue"), timeout=60_000)
        page.goto(f"{learner.hub.url}/hub/home")
        expect(page.locator("#classdesk-state")).to_contain_text("Terminal is starting")
        passes(learner, f"{scheme}-home-waiting")
    expect(page.locator("#classdesk-left")).to_contain_text("left", timeout=90_000)
    passes(learner, f"{scheme}-home-running")
    page.goto(f"{learner.hub.url}/hub/spawn?ui=desktop")
    expect(page.locator("#classdesk-other")).to_contain_text("is for Desktop, but your Terminal")
    passes(learner, f"{scheme}-home-other")
    page.get_by_role("button", name="End session …").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    passes(learner, f"{scheme}-home-question")
    page.keyboard.press("Escape")
    page.goto(f"{learner.hub.url}/user/{learner.name}/terminal/")
    expect(page.locator(".xterm")).to_be_visible(timeout=60_000)
    learner.screenshot(f"{scheme}-terminal")
    assert broken_rules(page) == []
    page.goto(f"{learner.hub.url}/hub/home")
    page.get_by_role("button", name="End session …").click()
    page.get_by_role("button", name="End session", exact=True).click()
    expect(page.locator("#start")).to_have_text("Start a session", timeout=90_000)
    passes(learner, f"{scheme}-home-after")


def test_a_failed_start_and_a_stop(learner: Learner, scheme: str) -> None:
    page = learner.page
    with faults.drained():
        learner.open_form()
        learner.choose("Terminal")
        learner.press_start()
        expect(page.locator("#classdesk-message")).to_contain_text("In the queue", timeout=60_000)
        command("scancel", f"--user={learner.name}")
        expect(page.locator("h1")).to_have_text("Your session could not start", timeout=60_000)
    expect(page.locator("[data-focus]")).to_be_focused()
    passes(learner, f"{scheme}-failed")


def test_the_desktops_page(learner: Learner, scheme: str) -> None:
    learner.start("Desktop")
    expect(learner.page.locator("#screen canvas")).to_be_visible(timeout=90_000)
    learner.screenshot(f"{scheme}-desktop")
    assert broken_rules(learner.page) == []
    learner.page.get_by_role("button", name="Menu").click()
    expect(learner.page.get_by_role("menu")).to_be_visible()
    assert broken_rules(learner.page) == []


def test_the_class_console(sit_down: SitDown, scheme: str) -> None:
    instructor = sit_down("instructor", color_scheme=scheme)
    page = instructor.page
    page.goto(f"{instructor.hub.url}/hub/home")
    page.get_by_role("link", name="Demo class").click()
    expect(page.get_by_role("heading", name="Demo class")).to_be_visible(timeout=60_000)
    passes(instructor, f"{scheme}-console")


@pytest.mark.parametrize("width", [320, 390, 640], ids=["320", "390", "200-percent"])
def test_no_page_scrolls_sideways(sit_down: SitDown, width: int) -> None:
    learner = sit_down("learner02", viewport={"width": width, "height": 700}, has_touch=True)
    for path in (
        "home",
        "spawn?ui=foo&cores=50",
        "token",
        "nothing",
        "spawn?class=nope",
        "logout",
        "login",
    ):
        learner.page.goto(f"{learner.hub.url}/hub/{path}")
        learner.screenshot(f"{width}-{path.partition('?')[0]}")
        wide = learner.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"/hub/{path} is {wide} pixels wide"


@pytest.fixture
def firefox_of_the_learner(tmp_path: Path) -> Iterator[Firefox]:
    with firefox(tmp_path) as browser:
        yield browser


@pytest.mark.usefixtures("no_last_choice")
def test_firefox_says_errors_and_ends_a_session_after_a_question(
    firefox_of_the_learner: Firefox, hub: Hub, sit_down: SitDown, pictures: Path
) -> None:
    browser, name = firefox_of_the_learner, "learner04"
    learner = sit_down(name)  # who ends the session if this test does not
    site = hub.url.replace("127.0.0.1", HOST_NAME)

    def fill_in(**fields: str) -> None:
        browser.run(
            """for (const [name, value] of Object.entries(arguments[0])) {
                document.querySelector(`main [name=${name}]`).value = value;
            }
            const form = document.querySelector("main form");
            form.noValidate = true;
            form.requestSubmit();""",
            fields,
        )

    def until_shown(script: str, value: object, what: str) -> None:
        wait_until(lambda: browser.read(f"return {script}") == value, 60, what)

    browser.open(f"{site}/c/demo")
    browser.screenshot(pictures / "firefox-log-in.png")
    fill_in(username=name, password="wrong")
    until_shown("document.activeElement?.id", "login-error", "the error has the focus")
    fill_in(username=f" {name} ", password=hub.accounts[name])
    until_shown("location.pathname + location.search", "/hub/spawn?class=demo", "the form is there")
    until_shown("document.querySelector('[name=cores]')?.readOnly", True, "it is locked")
    browser.screenshot(pictures / "firefox-class.png")

    browser.open(f"{site}/hub/spawn?ui=foo")
    until_shown("document.activeElement?.id", "classdesk-link-trouble", "the trouble has the focus")
    fill_in(cores="99")
    until_shown("document.activeElement?.id", "classdesk-refusal", "the refusal has the focus")
    browser.screenshot(pictures / "firefox-refusal.png")
    assert "_xsrf" not in browser.read("return location.href")

    fill_in(ui="terminal", cores="1", hours="1")
    until_shown("location.pathname", f"/user/{name}/terminal/", "the session is open")
    browser.open(f"{site}/hub/home")
    until_shown("document.getElementById('classdesk-left') !== null", True, "the time is known")
    browser.screenshot(pictures / "firefox-home.png")
    browser.run("document.querySelector('[data-ask=end-session]').click()")
    assert job_ids(name), "it only asks"
    browser.run("document.querySelector('#end-session [data-end]').click()")
    until_shown("document.getElementById('start')?.textContent", "Start a session", "it is over")
    learner.wait_until_gone()
