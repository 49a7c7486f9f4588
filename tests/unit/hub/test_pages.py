"""The hub's own pages: home in each state, titles, errors, the class's short address, links that ask for too much."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from support.class_hub import ClassHub, until


@pytest.fixture(scope="module")
def learner(hub: ClassHub, tokens: dict[str, str]) -> Iterator[httpx.Client]:
    """A browser in which the learner `nobody` is logged in."""
    del tokens  # who is in which class is settled
    root = hub.api.removesuffix("/api")
    with httpx.Client(base_url=root, follow_redirects=True, timeout=30) as client:
        client.get("/login")
        (xsrf,) = {c.value for c in client.cookies.jar if c.name == "_xsrf"}
        answer = client.post("/login", data={"username": "nobody", "password": "x", "_xsrf": xsrf})
        assert answer.status_code == 200, answer.text
        yield client


def _title(answer: httpx.Response) -> str:
    found = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    assert found
    return " ".join(html.unescape(found[1]).split())


def _text(answer: httpx.Response, name: str) -> str:
    found = re.search(rf'id="{name}"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    assert found, answer.text
    return " ".join(html.unescape(re.sub("<[^>]*>", "", found[1])).split())


@pytest.mark.parametrize(
    ("path", "title"),
    [
        pytest.param("/home", "Home · classdesk", id="home"),
        pytest.param("/spawn", "Start a session · classdesk", id="form"),
        pytest.param("/token", "Tokens · classdesk", id="tokens"),
        pytest.param("/nothere", "There is no such page · classdesk", id="a wrong address"),
    ],
)
def test_each_page_says_where_one_is(learner: httpx.Client, path: str, title: str) -> None:
    assert _title(learner.get(path)) == title


def test_a_wrong_address_is_told_in_words(learner: httpx.Client) -> None:
    answer = learner.get("/nothere")
    assert answer.status_code == 404
    assert "The address may be mistyped" in answer.text
    assert "moons" not in answer.text
    assert "None" not in re.sub("<script.*?</script>", "", answer.text, flags=re.DOTALL)


def test_the_short_address_of_a_class_leads_to_its_form(learner: httpx.Client) -> None:
    answer = learner.get("/c/dask")
    assert "Dask, Tuesday" in answer.text
    assert "Class: there is no “nope”." in learner.get("/c/nope").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("ui=foo", "there is no “foo”", id="an interface that is not there"),
        pytest.param("cores=50", "Number of cores", id="too many cores"),
        pytest.param("hours=1,5", "Time (hours)", id="a decimal comma"),
    ],
)
def test_a_link_says_what_it_cannot_have(learner: httpx.Client, query: str, words: str) -> None:
    said = _text(learner.get(f"/spawn?{query}"), "classdesk-class-trouble")
    assert said.startswith("The link that you opened asks for what is not there.")
    assert words in said


def test_home_says_what_runs_and_until_when(hub: ClassHub, learner: httpx.Client) -> None:
    assert "No session is running" in _text(learner.get("/home"), "classdesk-session")
    xsrf = next(c.value or "" for c in learner.cookies.jar if c.name == "_xsrf")
    learner.post(
        f"/spawn?_xsrf={xsrf}",
        data={"ui": "desktop", "cores": "2", "hours": "2"},
        follow_redirects=False,
    )
    starting = _text(learner.get("/home"), "classdesk-session")
    assert starting.startswith("Desktop, 2 cores is starting:"), starting
    hub.let_run("nobody")

    def running() -> str:
        said = _text(learner.get("/home"), "classdesk-session")
        return said if "left (until" in said else ""

    said = until(running, "the session runs", 30)
    assert said.startswith("Desktop, 2 cores, on n1."), said
    page = learner.get("/home").text
    assert "Open my session" in page
    assert "what you have not saved is lost" in page
    learner.delete("/api/users/nobody/server", headers={"X-XSRFToken": xsrf})

    def over() -> bool:
        return "No session is running" in _text(learner.get("/home"), "classdesk-session")

    until(over, "it has ended", 60)
    assert "what you chose last time: Desktop, 2 cores" in learner.get("/home").text
