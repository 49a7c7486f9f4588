"""Calls to the hub and to learners' sessions."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from classdesk_desktop.messages import read
from classdesk_desktop.protocol import Refusal, SessionPath
from classdesk_hub.site.file import Site

_TIMEOUT_S = 30.0
_SOCKET_TIMEOUT_S = 10.0
_PING_S = 20.0
"""A node that is gone without a word is noticed after at most two of them."""
_MOST_AT_ONCE = 400
"""The starts of a whole class wait in the hub for some seconds each."""

_PICTURES = {"image/jpeg", "image/png"}
_LARGEST_PICTURE = 300_000
_LARGEST_ANSWER = 20_000_000
_LONGEST_SENTENCE = 500

_HUB = "The hub"
_SESSION = "The session"
_SENTENCES = {
    (_HUB, 403): "The hub does not allow you to do this.",
    (_HUB, 404): "The hub does not allow you to do this, or the learner is not there.",
    (_SESSION, 403): "The session does not let you in.",
    (
        _SESSION,
        404,
    ): "The session does not know how to do this; it is older than the hub. Restart it.",
    (_SESSION, 503): "The session does not answer.",
}


_FINAL = frozenset({400, 403, 404, 409})


class CallError(Exception):
    """A call that did not work, with a sentence for the instructor.

    Args:
        sentence: What happened.
        status: The HTTP status; 0 where nobody answered.
    """

    @property
    def is_final(self) -> bool:
        """Whether the same call would be refused again."""
        return self.status in _FINAL

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


@dataclass(frozen=True)
class Picture:
    """A small picture of a desktop.

    Attributes:
        kind: Its media type.
        data: Its bytes.
    """

    kind: str
    data: bytes


@dataclass(frozen=True)
class HubClient:
    """Calls the hub with a token, and sessions with tokens that open one session only.

    Args:
        hub_api: Address of the hub's API.
        public: Address of the proxy, under which sessions are reached.
    """

    hub_api: str
    public: str
    _visits: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, site: Site) -> "HubClient":
        """Return a client for the hub of a site."""
        # A session is a learner's: what it answers with is not to fill this process's memory.
        AsyncHTTPClient.configure(None, max_clients=_MOST_AT_ONCE, max_body_size=_LARGEST_ANSWER)
        return cls(f"{_reachable(site.hub.api_url)}/hub/api", _reachable(site.hub.bind_url))

    async def hub(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the hub's API and return its answer's JSON.

        Raises:
            CallError: It refused, or did not answer.
        """
        return _json(await _fetch(method, f"{self.hub_api}{path}", token, body, _HUB))

    async def session(
        self,
        method: str,
        learner: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a learner's session, with a token that is good for this session and a minute.

        Args:
            method: HTTP method.
            learner: Whose session.
            path: Path in it; see `SessionPath`.
            token: The instructor's token; it goes to the hub only, which gives out the other.
            body: JSON to send.

        Raises:
            CallError: The hub or the session refused, or did not answer.
        """
        return _json(await self._visit(method, learner, path, token, body))

    async def picture(self, learner: str, token: str) -> Picture | None:
        """Return a small picture of a learner's desktop; None where there is none.

        Raises:
            CallError: As in `session`.
        """
        answer = await self._visit("GET", learner, SessionPath.THUMBNAIL, token, None)
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if kind not in _PICTURES or not 0 < len(answer.body) <= _LARGEST_PICTURE:
            return None
        return Picture(kind, answer.body)

    async def socket(self, learner: str, path: str, token: str, longest: int) -> WebSocketClientConnection:
        """Open a websocket of a learner's session.

        Args:
            learner: Whose session.
            path: Path in it.
            token: As in `session`.
            longest: The longest message that is taken, in bytes; a longer one ends the connection.

        Raises:
            CallError: As in `session`.
        """
        name = quote(learner, safe="")
        request = HTTPRequest(
            f"{self.public.replace('http', 'ws', 1)}/user/{name}/{path}",
            headers={"Authorization": f"token {await self._visit_token(learner, token)}"},
            follow_redirects=False,
            connect_timeout=_SOCKET_TIMEOUT_S,
            request_timeout=_SOCKET_TIMEOUT_S,
        )
        try:
            return await websocket_connect(
                request, ping_interval=_PING_S, ping_timeout=_PING_S, max_message_size=longest
            )
        except (OSError, HTTPError, WebSocketError) as error:
            status = error.code if isinstance(error, HTTPError) else 0
            raise CallError("The session does not answer.", status) from error

    async def _visit(
        self, method: str, learner: str, path: str, token: str, body: Mapping[str, Any] | None
    ) -> HTTPResponse:
        url = f"{self.public}/user/{quote(learner, safe='')}/{path}"
        return await _fetch(method, url, await self._visit_token(learner, token), body, _SESSION)

    async def _visit_token(self, learner: str, token: str) -> str:
        """Return a token that opens one learner's session for a short while, and nothing else."""
        now = time.monotonic()
        until, visit = self._visits.get((token, learner), (0.0, ""))
        if until < now:
            for key in [key for key, (end, _) in self._visits.items() if end < now]:
                del self._visits[key]
            path = f"/classdesk/users/{quote(learner, safe='')}/visit"
            answer = await self.hub("POST", path, token, {})
            visit = answer["token"]
            self._visits[token, learner] = now + answer["seconds"] / 2, visit
        return visit


async def _fetch(method: str, url: str, token: str, body: Mapping[str, Any] | None, who: str) -> HTTPResponse:
    request = HTTPRequest(
        url,
        method=method,
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        body=None if body is None else json.dumps(body),
        allow_nonstandard_methods=True,
        follow_redirects=False,
        connect_timeout=_TIMEOUT_S,
        request_timeout=_TIMEOUT_S,
    )
    try:
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    except (OSError, HTTPError) as error:
        raise CallError(f"{who} does not answer.", 0) from error
    if answer.code == 599:
        raise CallError(f"{who} does not answer.", 0)
    if answer.code >= 300:
        raise CallError(_sentence(answer, who), answer.code)
    return answer


def _sentence(answer: HTTPResponse, who: str) -> str:
    if shown := one_line(read(Refusal, _json(answer)).message):
        return shown
    return _SENTENCES.get((who, answer.code), f"{who} answered with the status {answer.code}.")


def one_line(text: str) -> str:
    """Return what a session has said as something to show: its learner may have written it, and for a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_SENTENCE]


def _json(answer: HTTPResponse) -> Any:
    try:
        return json.loads(answer.body) if answer.body else {}
    except ValueError:
        return {}


def _reachable(url: str) -> str:
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
