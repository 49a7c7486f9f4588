"""Visitors of a session: what is open to them, and that all the rest of the server is not."""

from __future__ import annotations

import json
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from unittest import mock

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from jupyter_server.base.handlers import JupyterHandler
from tornado.routing import PathMatches, Router, Rule
from tornado.web import RequestHandler, create_signed_value

from classdesk_desktop.protocol import Policy
from classdesk_desktop.server.identity import (
    OPEN_TO_VISITORS,
    SessionIdentityProvider,
    is_open_to_visitors,
)

from .served import (
    AUTHORIZED,
    SERVICE_TOKEN,
    STRANGER_TOKEN,
    VISITING,
    VISITOR_TOKEN,
    Server,
    connect,
    get,
)

# Some of what JupyterLab loads uses what its own libraries call old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SENTENCE = b"can see a session's desktop in the class console, and nothing else of the session"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-Fetch-Mode": "websocket",
}

# Handlers that ask for no log-in at all, from nobody: files that are the same for everybody, redirects, the
# way back from the log-in.
PUBLIC = {
    "AssetHandler",
    "FileFindHandler",
    "JupyterHubOAuthCallbackHandler",
    "PublicStaticFileHandler",
    "RedirectWithParams",
    "TrailingSlashHandler",
}


@pytest.fixture(autouse=True)
def _no_new_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor that would get the signal is who runs the tests."""
    monkeypatch.setattr(os, "kill", lambda _pid, _number: None)


def rules(router: Router) -> Iterator[tuple[re.Pattern[str], type[RequestHandler]]]:
    """All routes of an application."""
    for rule in router.rules:  # type: ignore[attr-defined]
        assert isinstance(rule, Rule)
        if isinstance(rule.target, Router):
            yield from rules(rule.target)
        elif isinstance(rule.matcher, PathMatches):
            yield rule.matcher.regex, rule.target


@cache
def path_of(pattern: re.Pattern[str]) -> str:
    """A path that a route serves."""
    paths = st.from_regex(pattern, fullmatch=True, alphabet=string.ascii_letters + string.digits + "/_.-")
    quick = settings(max_examples=20, phases=[Phase.generate], derandomize=True)
    path = find(paths, lambda _: True, settings=quick)
    path = path if path.startswith("/") else f"/user/ada/{path}"
    assert pattern.fullmatch(path)
    return path


def closed_routes(server: Server) -> Iterator[tuple[str, str, type[RequestHandler]]]:
    """Paths, methods and handlers of all that is not listed, and asks for a log-in."""
    for pattern, handler in rules(server.app.web_app.default_router):
        path = path_of(pattern)
        if issubclass(handler, JupyterHandler):
            # Other methods are refused before the handler is asked for anything.
            for method in sorted(handler.SUPPORTED_METHODS):
                if not is_open_to_visitors("/user/ada/", path, method):
                    yield path, method, handler


async def visiting_cookies(server: Server, address: str) -> dict[str, str]:
    """What the browser of a logged-in visitor would send, if there were a page that is open to visitors."""
    secret = server.app.web_app.settings["cookie_secret"]
    name = "jupyterhub-user-ada"
    cookie = f"{name}={create_signed_value(secret, name, VISITOR_TOKEN).decode()}"
    with mock.patch("classdesk_desktop.server.identity.is_open_to_visitors", return_value=True):
        page = await get(f"http://{address}/desktop/", headers={"Cookie": cookie})
    xsrf = page.headers["Set-Cookie"].partition("_xsrf=")[2].partition(";")[0]
    return {"Cookie": f"{cookie}; _xsrf={xsrf}", "X-XSRFToken": xsrf}


@pytest.mark.parametrize("by", ["token", "cookie"])
def test_every_handler_refuses_a_visitor_what_is_not_listed(whole_server: Server, by: str) -> None:
    closed = list(closed_routes(whole_server))

    async def visit(address: str) -> None:
        host = address.partition("/")[0]
        cookies = await visiting_cookies(whole_server, address)
        headers = VISITING if by == "token" else cookies
        for path, method, handler in closed:
            answer = await get(
                f"http://{host}{path}",
                method=method,
                headers=headers,
                body="{}" if method in {"POST", "PUT", "PATCH"} else None,
            )
            assert answer.code == 403, (method, path, handler)
            assert SENTENCE in answer.body or method == "HEAD", (method, path, handler)

    whole_server.run(visit)


@pytest.mark.parametrize("by", ["token", "cookie", "token in the address"])
def test_no_handler_opens_a_websocket_for_a_visitor_but_those_listed(whole_server: Server, by: str) -> None:
    paths = [path for path, method, _ in closed_routes(whole_server) if method == "GET"]
    query = f"?token={VISITOR_TOKEN}" if "address" in by else ""

    async def visit(address: str) -> None:
        host = address.partition("/")[0]
        cookies = await visiting_cookies(whole_server, address)
        headers = {"token": VISITING, "cookie": cookies}.get(by, {})
        for path in paths:
            answer = await get(f"http://{host}{path}{query}", headers=headers | UPGRADE)
            assert answer.code == 403, path
            assert SENTENCE in answer.body, path

    whole_server.run(visit)


def test_without_a_log_in_only_files_and_redirects_are_served(whole_server: Server) -> None:
    handlers = {handler for _, handler in rules(whole_server.app.web_app.default_router)}
    asking = {handler for handler in handlers if issubclass(handler, JupyterHandler)}
    assert len(asking) > 40
    assert {handler.__name__ for handler in handlers - asking} <= PUBLIC


def test_the_walk_would_see_an_open_door(whole_server: Server) -> None:
    """The owner is refused nothing by the same means, so that a refusal is one of visitors."""

    async def visit(address: str) -> None:
        for path in ("api/contents", "api/terminals", "api/kernels", "terminal/", "api/status"):
            assert (await get(f"http://{address}/{path}", headers=AUTHORIZED)).code == 200, path
            assert (await get(f"http://{address}/{path}", headers=VISITING)).code == 403, path

    whole_server.run(visit)


def test_what_is_listed_exists_and_lets_a_visitor_in(session_server: Server) -> None:
    session_server.app.web_app.settings["classdesk_policy"] = Policy(thumbnails=True)

    async def visit(address: str) -> None:
        cookie = await visiting_cookies(session_server, address)
        for path, methods in OPEN_TO_VISITORS.items():
            for method in methods - {"POST", "DELETE"}:
                for headers in (VISITING, cookie):
                    answer = await get(f"http://{address}/{path}", method=method, headers=headers)
                    assert answer.code not in {401, 403, 404}, (method, path)
            for method in methods & {"POST", "DELETE"}:
                answer = await get(
                    f"http://{address}/{path}",
                    method=method,
                    headers=VISITING,
                    body="{}" if method == "POST" else None,
                )
                assert answer.code not in {401, 403, 404, 405}, (method, path)

    session_server.run(visit)


@pytest.mark.parametrize(
    "path",
    [
        "desktop/../api/contents",
        "desktop/state/../../terminal/",
        "desktop//",
        "desktop/%73tate",
        "DESKTOP/state",
        "desktop/state/",
        "desktop/state;x",
        "xdesktop/state",
        "desktop/upload",
        "desktop/files/",
    ],
)
def test_no_other_spelling_of_an_address_is_open(path: str) -> None:
    for method in METHODS:
        assert not is_open_to_visitors("/user/ada/", f"/user/ada/{path}", method)


def test_another_sessions_address_is_not_open() -> None:
    assert not is_open_to_visitors("/user/ada/", "/user/bert/desktop/", "GET")
    assert not is_open_to_visitors("/user/ada/", "/desktop/", "GET")


def test_a_service_with_the_learners_name_is_a_visitor(session_server: Server) -> None:
    headers = {"Authorization": f"token {SERVICE_TOKEN}"}

    async def visit(address: str) -> None:
        message = {"method": "POST", "headers": headers, "body": '{"text": "Hello"}'}
        assert (await get(f"http://{address}/desktop/message", **message)).code == 200
        assert (await get(f"http://{address}/api/contents", headers=headers)).code == 403

    session_server.run(visit)


def test_who_has_no_scope_on_this_session_is_let_in_nowhere(session_server: Server) -> None:
    headers = {"Authorization": f"token {STRANGER_TOKEN}"}

    async def visit(address: str) -> None:
        for path, methods in OPEN_TO_VISITORS.items():
            for method in methods:
                if path == "logout":
                    continue
                answer = await get(
                    f"http://{address}/{path}",
                    method=method,
                    headers=headers,
                    body="{}" if method == "POST" else None,
                )
                assert answer.code == 403, (method, path)

    session_server.run(visit)


def test_the_refusal_is_a_sentence(session_server: Server) -> None:
    async def visit(address: str) -> None:
        for path in ("api/contents", "terminal/"):
            answer = await get(f"http://{address}/{path}", headers=VISITING)
            assert SENTENCE in answer.body

    session_server.run(visit)


def test_sessions_are_started_with_this_rule() -> None:
    program = (
        "import os\n"
        "os.environ.update(JUPYTERHUB_SERVICE_URL='http://127.0.0.1:0/user/ada/', "
        "JUPYTERHUB_API_TOKEN='x', JUPYTERHUB_USER='ada', JUPYTERHUB_CLIENT_ID='c', HOME='/tmp', "
        "JUPYTERHUB_SERVICE_PREFIX='/user/ada/', JUPYTER_NO_CONFIG='1', "
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES='[\"access:servers!server=ada/\"]')\n"
        "import socket\n"
        "from classdesk_desktop.server.app import SessionServer, SocketServerApp\n"
        "SocketServerApp.listener = socket.create_server(('127.0.0.1', 0))\n"
        "app = SessionServer.initialize_server([], new_httpserver=False)\n"
        "print(type(app.identity_provider).__qualname__)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert SessionIdentityProvider.__qualname__ in said.stdout, said.stderr


def test_a_visitors_websocket_to_a_terminal_is_refused(whole_server: Server) -> None:
    async def visit(address: str) -> None:
        created = await get(f"http://{address}/api/terminals", method="POST", body="{}", headers=AUTHORIZED)
        name = json.loads(created.body)["name"]
        with pytest.raises(Exception, match="403"):
            await connect(address, VISITING, f"terminals/websocket/{name}")
        await whole_server.app.web_app.settings["terminal_manager"].terminate_all()

    whole_server.run(visit)
