"""The hub's home page, and the page after log-out: what runs, for whom, until when."""

import re
from collections.abc import Iterator

import pytest

from classdesk_hub.in_hub.own_session import span
from support.class_hub import ClassHub, until
from support.hub_pages import PageVisitor, title, words


@pytest.fixture
def learner(hub: ClassHub) -> Iterator[PageVisitor]:
    with PageVisitor(hub.api.removesuffix("/hub/api")) as visitor:
        visitor.log_in("nobody")
        yield visitor
        visitor.log_in("nobody")
        visitor.stop()
        until(lambda: "Start a session" in words(visitor.get("/hub/home")), "it is over", 60)


def _starts(learner: PageVisitor, **fields: str) -> None:
    page = learner.post("/hub/spawn", fields)
    assert "spawn-pending" in page.url.path, words(page)


def _runs(learner: PageVisitor, hub: ClassHub) -> str:
    hub.let_run("nobody")
    return str(until(lambda: _if("left (until", learner), "the session runs", 60))


def _if(sentence: str, learner: PageVisitor) -> str:
    page = learner.get("/hub/home")
    assert page.headers["Cache-Control"] == "no-store"
    found = words(page)
    return found if sentence in found else ""


def test_home_says_what_runs_and_until_when(learner: PageVisitor, hub: ClassHub) -> None:
    assert "No session is running." in words(learner.get("/hub/home"))
    _starts(learner, ui="lab", cores="1", hours="2")
    page = words(learner.get("/hub/home"))
    assert "JupyterLab is starting" in page
    assert "In the queue" in page
    assert "See how far it is" in page
    assert "Cancel the start …" in page
    page = _runs(learner, hub)
    assert re.search(r"JupyterLab, 1 core, on n1 5\d min left \(until \d\d:\d\d \S+( on \d\d \w+)?\)", page), page
    assert "End session …" in page
    assert "My Server" not in page


@pytest.mark.parametrize(("pages", "said"), [(2, "2 open pages"), (1, "1 open page"), (0, "no page open")])
def test_home_says_how_many_pages_are_open(learner: PageVisitor, hub: ClassHub, pages: int, said: str) -> None:
    _starts(learner, ui="terminal")
    session = hub.let_run("nobody")
    until(lambda: _if("left (until", learner), "the session runs", 60)
    assert hub.hub("POST", "/classdesk/report", session, json={"pages": pages}).status_code == 200
    assert f"on n1, {said} 5" in words(learner.get("/hub/home"))


def test_home_says_who_stopped_the_session(learner: PageVisitor, hub: ClassHub, tokens: dict[str, str]) -> None:
    _starts(learner, ui="terminal")
    _runs(learner, hub)
    hub.act(tokens["instructor"], {"act": "stop", "learners": ["nobody"]})
    assert "ines stopped your session." in words(learner.get("/hub/home"))
    assert hub.learners(tokens["instructor"])["nobody"]["state"] == "not started", "it did not fail"
    _starts(learner, ui="terminal")
    _runs(learner, hub)
    learner.stop()
    until(lambda: _if("Start a session", learner), "the session is over", 60)
    assert "stopped your session" not in words(learner.get("/hub/home"))


def test_home_offers_the_last_choice_again(learner: PageVisitor, hub: ClassHub) -> None:
    _starts(learner, ui="terminal", cores="3", hours="1.5")
    _runs(learner, hub)
    assert learner.stop().status_code in {202, 204}
    page = str(until(lambda: _if("Start a session", learner), "the session is over", 60))
    assert "your last choice: Terminal, 3 cores, 1.5 hours." in page
    link = re.search(r'id="start"[^>]*href="([^"]*)"', learner.get("/hub/home").text)
    assert link
    form = learner.get(link[1].replace("&amp;", "&")).text
    assert re.search(r'name="cores"[^>]*value="3"', form, re.DOTALL)


def test_after_cancel_home_says_so(learner: PageVisitor) -> None:
    _starts(learner, ui="terminal")
    assert learner.stop().status_code in {202, 204}
    page = until(lambda: _if_cancelled(learner), "the start is over", 60)
    assert "You cancelled the start." in page


def _if_cancelled(learner: PageVisitor) -> str:
    page = words(learner.get("/hub/home?cancelled=1"))
    assert "Open my session" not in page
    return page if "Start a session" in page else ""


def test_a_link_for_another_interface_says_what_runs(learner: PageVisitor, hub: ClassHub) -> None:
    _starts(learner, ui="terminal")
    _runs(learner, hub)
    page = learner.get("/c/dask")
    assert page.url.path == "/hub/home"
    assert "The link that you followed is for Dask, Tuesday (Desktop), but your Terminal session" in (words(page))
    page = learner.get("/hub/spawn?ui=lab")
    assert "The link that you followed is for JupyterLab, but your Terminal" in words(page)
    learner.stop()
    page = until(
        lambda: "Start it now" in words(found := learner.get(str(page.url))) and found,
        "it is over",
        60,
    )
    assert 'id="follow" href="/hub/spawn?ui=lab"' in page.text


def test_a_link_for_what_runs_leads_there(learner: PageVisitor, hub: ClassHub) -> None:
    _starts(learner, ui="terminal")
    _runs(learner, hub)
    for query in ("", "?ui=terminal", "?cores=2"):
        answer = learner.http.get(f"/hub/spawn{query}", follow_redirects=False)
        assert answer.headers["Location"].startswith("/user/nobody/")


def test_home_takes_nothing_of_a_link_but_the_forms_fields(learner: PageVisitor) -> None:
    link = "ui%3Dlab%26opt-ui%3Ddesktop%26next%3D//evil.example%26cores%3D%22%3E%3Cscript%3E"
    page = learner.get(f"/hub/home?link={link}").text
    assert 'href="/hub/spawn?ui=lab&amp;cores=%22%3E%3Cscript%3E"' in page
    assert "evil" not in page


def test_instructors_see_their_classes_and_learners_theirs(learner: PageVisitor, hub: ClassHub) -> None:
    _starts(learner, ui="terminal")
    _runs(learner, hub)
    page = learner.get("/hub/home")
    assert '<a href="/c/dask">Dask, Tuesday</a>' in page.text
    assert "Classes that you teach" not in words(page)
    with PageVisitor(hub.api.removesuffix("/hub/api")) as instructor:
        instructor.log_in("ines")
        page = instructor.get("/hub/home")
    assert '<a href="/services/console/class/dask">Dask, Tuesday</a>' in page.text
    assert "1 of 2 in a session" in words(page)
    assert "/class/other" not in page.text


def test_the_page_after_log_out_says_what_still_runs(learner: PageVisitor, hub: ClassHub) -> None:
    _starts(learner, ui="terminal")
    page = learner.get("/hub/logout")
    assert title(page).startswith("Logged out")
    assert "The start of your Terminal session continues." in words(page)
    learner.log_in("nobody")
    _runs(learner, hub)
    page = learner.get("/hub/logout")
    assert re.search(
        r"Your Terminal session is still running until \d\d:\d\d \S+( on \d\d \w+)? \(5\d min left\)\.", words(page)
    )
    assert "Terminal" not in words(learner.get("/hub/logout")), "nobody is told of anybody's"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (9660, "2 h 41 min"),
        (3600, "1 h 00 min"),
        (3599, "59 min"),
        (60, "1 min"),
        (59, "less than a minute"),
        (-5, "less than a minute"),
    ],
)
def test_what_is_left_is_said_in_words(seconds: float, said: str) -> None:
    assert span(seconds) == said
