"""Where those who teach a learner get to by the learner's address, by a real hub: never to the session itself."""

from collections.abc import Iterator

import httpx
import pytest

from support.class_hub import ClassHub
from support.hub_pages import PageVisitor, words

LOG_IN = "/hub/api/oauth2/authorize"
WISH = {
    "client_id": "jupyterhub-user-nobody",
    "redirect_uri": "/user/nobody/oauth_callback",
    "response_type": "code",
    "state": "x",
}
WATCHING = "/services/console/class/dask/watch/nobody"


@pytest.fixture(scope="module", autouse=True)
def _session(hub: ClassHub, tokens: dict[str, str]) -> Iterator[None]:
    wish = {"act": "start", "learners": ["nobody"]}
    assert hub.ask("POST", "api/class/dask/acts", tokens["instructor"], json=wish).is_success
    hub.let_run("nobody")
    yield
    hub.act(tokens["instructor"], {"act": "stop", "learners": ["nobody"]})


def log_in(hub: ClassHub, name: str, method: str) -> httpx.Response:
    with PageVisitor(hub.api.removesuffix("/hub/api")) as visitor:
        visitor.log_in(name)
        return visitor.http.request(
            method,
            LOG_IN,
            params={**WISH, "_xsrf": visitor.xsrf},
            data={"scopes": "access:servers!server=nobody/"} if method == "POST" else None,
            follow_redirects=False,
        )


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["ines", "root2"], ids=["instructor", "administrator"])
def test_who_teaches_the_learner_is_led_to_the_console(hub: ClassHub, name: str, method: str) -> None:
    answer = log_in(hub, name, method)
    assert (answer.status_code, answer.headers["Location"]) == (302, WATCHING)


def test_the_learner_is_logged_in(hub: ClassHub) -> None:
    answer = log_in(hub, "nobody", "GET")
    assert answer.headers["Location"].startswith("/user/nobody/oauth_callback?code=")


@pytest.mark.parametrize("name", ["olaf", "games"], ids=["another-instructor", "another-learner"])
def test_somebody_else_is_refused(hub: ClassHub, name: str) -> None:
    assert log_in(hub, name, "GET").status_code == 403


def open_address(hub: ClassHub, name: str, learner: str) -> httpx.Response:
    with PageVisitor(hub.api.removesuffix("/hub/api")) as visitor:
        visitor.log_in(name)
        return visitor.get(f"/hub/user/{learner}/desktop/", follow_redirects=False)


@pytest.mark.parametrize("name", ["ines", "root2"], ids=["instructor", "administrator"])
def test_where_no_session_runs_who_teaches_the_learner_is_led_to_the_console(hub: ClassHub, name: str) -> None:
    answer = open_address(hub, name, "games")
    assert (answer.status_code, answer.headers["Location"]) == (302, WATCHING.replace("nobody", "games"))


def test_where_no_session_runs_the_learner_can_start_one(hub: ClassHub) -> None:
    answer = open_address(hub, "games", "games")
    assert answer.status_code == 424
    assert "Start a session" in words(answer)


def test_where_no_session_runs_a_stranger_is_told_nothing(hub: ClassHub) -> None:
    assert open_address(hub, "olaf", "games").status_code == 404
