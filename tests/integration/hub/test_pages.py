"""The hub's own pages: titles, links, the class's address, and what does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.class_hub import ClassHub, class_hub, until
from support.hub_pages import PageVisitor, title, words

SITE = """
[classes.dask]
title = "Dask, Tuesday"
instructors = ["ines"]
learners = ["nobody"]
preset = { interface = "desktop", cores = 1, hours = 2.0 }
[classes.closed]
instructors = ["olaf"]
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassHub]:
    with class_hub(tmp_path_factory.mktemp("pages") / "hub", SITE, 'name = "Desktops & more"') as running:
        yield running


@pytest.fixture
def visitor(hub: ClassHub) -> Iterator[PageVisitor]:
    with PageVisitor(hub.api.removesuffix("/hub/api")) as somebody:
        yield somebody


@pytest.fixture
def learner(visitor: PageVisitor) -> Iterator[PageVisitor]:
    visitor.log_in("nobody")
    yield visitor
    visitor.log_in("nobody")
    visitor.stop()
    until(lambda: "Start a session" in words(visitor.get("/hub/home")), "the session is over", 60)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/hub/login", "Sign in"),
        ("/hub/logout", "Logged out"),
        ("/hub/home", "Home"),
        ("/hub/spawn", "Start a session"),
        ("/hub/token", "Tokens"),
        ("/hub/nothing", "This page does not exist"),
        ("/hub/admin", "You cannot open this page"),
        ("/hub/user/nobody/", "No session is running"),
    ],
)
def test_each_page_has_its_title_with_the_sites_name_and_logo(visitor: PageVisitor, path: str, what: str) -> None:
    if what not in {"Sign in", "Logged out"}:
        visitor.log_in("nobody")
    page = visitor.get(path)
    assert title(page) == f"{what} · Desktops &amp; more"
    assert words(page, "#jupyterhub-logo") == "Desktops & more"
    assert len(re.findall(r"<main\b", page.text)) == 1
    assert len(re.findall(r"<h1\b", page.text)) == 1
    logo = visitor.get("/hub/logo")
    assert (logo.status_code, logo.headers["Content-Type"]) == (200, "image/svg+xml")


def test_a_site_shows_its_own_logo(tmp_path: Path) -> None:
    picture = tmp_path / "our logo.svg"
    picture.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with (
        class_hub(tmp_path / "hub", SITE, f'logo = "{picture}"') as hub,
        PageVisitor(hub.api.removesuffix("/hub/api")) as visitor,
    ):
        assert visitor.get("/hub/logo").text == picture.read_text()
        assert title(visitor.get("/hub/login")) == "Sign in · classdesk"


def test_what_does_not_exist_is_said_without_jokes_and_with_the_name(learner: PageVisitor) -> None:
    page = learner.get("/hub/nothing")
    assert page.status_code == 404
    assert "moons" not in page.text
    assert "None" not in words(page)
    assert words(page, "#login_widget") == "nobody Log out"


def test_an_error_is_in_words_for_who_is_logged_out(visitor: PageVisitor) -> None:
    page = visitor.get("/hub/static/nothing.css")
    assert page.status_code == 404
    assert "moons" not in page.text


@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ("ui=foo", ["User interface: “foo” does not exist. Choose one of"]),
        ("ui=jupyterlab", ["“lab” (JupyterLab)"]),
        ("cores=50", ["Number of cores: you asked for 50; the most that"]),
        ("hours=1,5", ["Time (hours): “1,5” is not a number of hours"]),
        ("ui=foo&cores=50&hours=1,5", ["“foo”", "asked for 50", "“1,5”"]),
        ("class=nope", ["Class: “nope” does not exist."]),
        ("class=closed", ["Class: you are not in “closed”."]),
        ("class=dask&cores=3", ["Number of cores: the class “Dask, Tuesday” has set it to 1."]),
        ("class=dask&ui=lab", ["User interface: the class “Dask, Tuesday” has set it to Desktop."]),
        ("core=2", ["There is no option “core”. Did you mean “cores”?"]),
    ],
)
def test_a_link_says_what_it_could_not_take(
    learner: PageVisitor, hub: ClassHub, query: str, sentences: list[str]
) -> None:
    page = learner.get(f"/hub/spawn?{query}")
    said = words(page)
    for sentence in sentences:
        assert sentence in said
    assert 'role="alert"' in page.text
    assert hub.slurm.jobs() == {} or all(job["state"] != "PENDING" for job in hub.slurm.jobs().values())


def test_what_a_link_could_have_is_filled_in(learner: PageVisitor) -> None:
    page = learner.get("/hub/spawn?ui=lab&cores=3&hours=99")
    assert re.search(r'<option value="lab"[^>]* selected', page.text, re.DOTALL)
    assert re.search(r'name="cores"[^>]*value="3"', page.text, re.DOTALL)
    assert re.search(r'name="hours"[^>]*value="1"', page.text, re.DOTALL), "the preset"


@pytest.mark.parametrize("query", ["ui=desktop", "ui=lab&cores=2&hours=1.5", "class=dask", "", "cores="])
def test_a_right_link_says_nothing(learner: PageVisitor, query: str) -> None:
    assert 'role="alert"' not in words(learner.get(f"/hub/spawn?{query}"))
    assert "classdesk-link-trouble" not in learner.get(f"/hub/spawn?{query}").text


def test_a_refusal_marks_its_field_and_leaves_no_token_in_the_address(learner: PageVisitor) -> None:
    page = learner.post("/hub/spawn", {"ui": "lab", "cores": "99", "hours": "1"})
    assert page.status_code == 400
    assert re.search(r'id="classdesk-refusal"[^>]*>Number of cores:', page.text)
    marked = re.findall(r'<(?:input|select)[^>]*aria-invalid="true"[^>]*>', page.text, re.DOTALL)
    assert len(marked) == 1
    assert 'name="cores"' in marked[0]
    assert "classdesk-refusal" in marked[0]
    assert re.search(r'<form id="spawn_form" action="/hub/spawn"', page.text)


def test_an_address_with_an_old_token_starts_nothing(learner: PageVisitor) -> None:
    page = learner.get(f"/hub/spawn?_xsrf={learner.xsrf}")
    assert title(page).startswith("Start a session")


def test_the_form_is_not_kept_for_the_back_button(learner: PageVisitor) -> None:
    assert learner.get("/hub/spawn").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/c/dask", "/hub/c/dask", "/c/DASK", "/c/dask/"])
def test_the_class_has_a_short_address(visitor: PageVisitor, path: str) -> None:
    first = visitor.get(path)
    assert title(first).startswith("Sign in")
    form = visitor.http.post(first.url, data={"username": "nobody", "password": "x", "_xsrf": visitor.xsrf})
    assert form.url.path == "/hub/spawn"
    assert "This session is for Dask, Tuesday" in words(form)
    assert "This session is for Dask, Tuesday" in words(visitor.get(path))


def test_a_class_that_is_not_there_is_a_page_that_says_so(learner: PageVisitor) -> None:
    page = learner.get("/c/<b>nope")
    assert page.status_code == 404
    assert "There is no class “<b>nope”." in words(page)
    assert "<b>nope" not in page.text


def test_the_page_of_tokens_leaves_out_what_sessions_work_with(learner: PageVisitor, hub: ClassHub) -> None:
    learner.post("/hub/spawn", {"ui": "terminal"})
    hub.let_run("nobody")
    until(lambda: "Open my session" in words(learner.get("/hub/home")), "it runs", 60)
    hub.token("nobody")
    page = learner.get("/hub/token")
    assert "Server at" not in page.text
    assert page.text.count("token-row") == 1, "the one that somebody asked for"


def test_a_log_in_without_its_fields_is_refused_in_words(visitor: PageVisitor) -> None:
    visitor.get("/hub/login")
    page = visitor.http.post("/hub/login", data={"_xsrf": visitor.xsrf})
    assert page.status_code == 403
    assert "Invalid username or password" in words(page)
    assert 'role="alert"' in page.text
    assert page.text.count('aria-invalid="true"') == 2


def test_blanks_around_the_name_do_not_matter(visitor: PageVisitor) -> None:
    visitor.log_in(" \u00a0nobody\t ")
    assert words(visitor.get("/hub/home"), "#login_widget") == "nobody Log out"


def test_what_is_forbidden_is_said_without_the_words_of_programs(learner: PageVisitor) -> None:
    page = learner.get("/hub/admin")
    assert page.status_code == 403
    assert "If you should have access, ask your instructor." in words(page)
    assert "scopes" not in words(page)


def test_a_form_of_another_log_in_says_that_it_has_expired(learner: PageVisitor) -> None:
    page = learner.http.post("/hub/spawn", data={"ui": "lab", "_xsrf": "2|old"})
    assert page.status_code == 403
    assert title(page).startswith("This page has expired")
    assert "reload the page" in words(page)
