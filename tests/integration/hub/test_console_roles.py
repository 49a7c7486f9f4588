"""Who may do what at the class console: every route with every role, against a real hub."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from support.class_hub import ClassHub
from support.world import PATIENCE

ROUTES = [
    ("GET", ""),
    ("GET", "class/dask"),
    ("GET", "class/dask/watch/nobody"),
    ("GET", "api/classes"),
    ("GET", "api/class/dask/learners"),
    ("GET", "api/class/dask/stream"),
    ("POST", "api/class/dask/acts"),
    ("GET", "api/class/dask/acts/0123456789abcdef"),
    ("GET", "api/class/dask/audit"),
    ("GET", "api/class/dask/roster.csv"),
    ("POST", "api/class/dask/roster"),
    ("GET", "api/class/dask/link"),
    ("GET", "api/class/dask/thumbnail/nobody"),
    ("GET", "api/class/dask/picture/nobody"),
    ("GET", "api/class/dask/channel/nobody"),
    ("GET", "metrics"),
]
OF_NO_CLASS = {"", "api/classes"}


def _status(hub: ClassHub, method: str, path: str, token: str | None) -> int:
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}
    if path.endswith("stream"):
        headers = {"Authorization": f"token {token}"} if token else {}
        with httpx.stream("GET", f"{hub.console}{path}", headers=headers, timeout=30 * PATIENCE) as answer:
            return answer.status_code
    return hub.ask(method, path, token, **body).status_code


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[f"{m} /{p}" for m, p in ROUTES])
def test_every_route_is_closed_to_every_other_role(
    hub: ClassHub, tokens: dict[str, str], method: str, path: str
) -> None:
    assert _status(hub, method, path, tokens["learner"]) == 403
    assert _status(hub, method, path, "no-such-token-0123456789") in {302, 403}
    assert _status(hub, method, path, None) in {302, 403}
    foreign = _status(hub, method, path, tokens["foreign"])
    assert foreign == (403 if path not in OF_NO_CLASS else 302 if path == "" else 200)
    of_session = _session_token(hub)
    assert _status(hub, method, path, of_session) == 403
    if path != "metrics":
        assert _status(hub, method, path, tokens["instructor"]) != 403
    assert _status(hub, method, path, tokens["admin"]) != 403


def _session_token(hub: ClassHub) -> str:
    """Return a token like that of a session: it can report activity, and opens itself."""
    wish = {"note": "x", "scopes": ["users:activity!user", "access:servers!server=nobody/"]}
    return str(hub.hub("POST", "/users/nobody/tokens", json=wish).json()["token"])


def test_a_mistyped_address_is_told_on_a_page_and_to_a_program_as_json(hub: ClassHub, tokens: dict[str, str]) -> None:
    for path in ("nowhere", "class/Dask!", "class/dask/more"):
        assert _status(hub, "GET", path, tokens["learner"]) == 403
        page = hub.ask("GET", path, tokens["instructor"])
        assert (page.status_code, "<h1" in page.text) == (404, True), path
    answer = hub.ask("GET", "api/nowhere", tokens["instructor"])
    assert (answer.status_code, answer.json()) == (404, {"message": "There is nothing here."})
    assert hub.ask("GET", "class/dask/", tokens["instructor"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("/services/console/", "/services/console/"),
        ("/services/console/class/dask?x=1", "/services/console/class/dask"),
        ("/services/console/oauth_callback?code=1", "/services/console/"),
        ('/services/console/class/"><b>', "/services/console/"),
    ],
    ids=["home", "class", "log-in", "hostile"],
)
def test_a_console_that_the_proxy_does_not_know_yet_is_waited_for(hub: ClassHub, path: str, again: str) -> None:
    root = hub.api.removesuffix("/hub/api")  # where the proxy sends what it has no route for
    answer = httpx.get(f"{root}{path}", follow_redirects=True)
    assert answer.status_code == 503
    assert f'<meta http-equiv="refresh" content="5; url={again}">' in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["", "class/dask", "api/class/dask/acts", "metrics"])
def test_other_methods_do_nothing(hub: ClassHub, tokens: dict[str, str], path: str, method: str) -> None:
    assert _status(hub, method, path, tokens["learner"]) == 403
    assert _status(hub, method, path, tokens["admin"]) == 405


def test_the_walk_knows_every_route(hub: ClassHub) -> None:
    source = Path(__file__).parents[3] / "hub_config/classdesk_hub/console/app.py"
    lines = [line for line in source.read_text().splitlines() if ", ours)," in line]
    lines = [line for line in lines if "oauth_callback" not in line]  # it is how one gets a role
    # Two routes of one path differ by method; `acts` and `roster` are told apart by their names.
    assert len(lines) == len(ROUTES)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/nobody"),
        ("POST", "/users/nobody/server"),
        ("DELETE", "/users/nobody/server"),
        ("POST", "/classdesk/users/nobody/extend"),
        ("POST", "/classdesk/users/nobody/visit"),
        ("POST", "/groups/dask/users"),
        ("POST", "/groups/other/users"),
        ("POST", "/users/nobody/tokens"),
    ],
)
def test_the_hub_itself_refuses_a_foreign_instructor(
    hub: ClassHub, tokens: dict[str, str], method: str, path: str
) -> None:
    body = {"users": ["ines"], "minutes": 5} if method == "POST" else None
    answer = hub.hub(method, path, tokens["foreign"], json=body)
    assert answer.status_code in {403, 404}, answer.text


def test_sessions_and_classes_are_told_by_scope(hub: ClassHub, tokens: dict[str, str]) -> None:
    assert set(hub.hub("GET", "/classdesk/classes", tokens["foreign"]).json()["classes"]) == {"other"}
    assert set(hub.hub("GET", "/classdesk/classes", tokens["admin"]).json()["classes"]) == {
        "dask",
        "other",
    }
    assert hub.hub("GET", "/classdesk/classes", tokens["learner"]).status_code == 403


def test_orders_from_other_sites_are_refused(hub: ClassHub, tokens: dict[str, str]) -> None:
    body = {"act": "stop", "learners": ["nobody"]}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        answer = httpx.post(
            f"{hub.console}api/class/dask/acts",
            headers={"Authorization": f"token {tokens['instructor']}", **headers},
            json=body,
        )
        assert answer.status_code == 403
        assert "other sites" in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "sentence", "again"),
    [
        ("?code=0123&state=of-an-earlier-console", "did not come through", True),
        ("", "did not come through", True),
        ("?error=access_denied&error_description=<b>x", "does not let you in", False),
    ],
    ids=["console-restarted", "nothing", "refused"],
)
def test_a_log_in_that_does_not_come_through_begins_anew_by_itself(
    hub: ClassHub, query: str, sentence: str, again: bool
) -> None:
    answer = hub.ask("GET", f"oauth_callback{query}", None)
    assert answer.status_code in {400, 403}
    assert sentence in answer.text
    assert "<b>x" not in answer.text
    refresh = 'http-equiv="refresh" content="5; url=/services/console/"'
    assert (refresh in answer.text) is again
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
