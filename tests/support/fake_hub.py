"""The part of a hub's API that a session asks, for tests that need no hub."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "a-token-of-the-test"


@dataclass
class FakeHub:
    """What a session told it, and what it answers."""

    owner: str = "ada"
    statuses: list[int] = field(default_factory=list)  # for the next posts of a port; then 201
    posts: list[tuple[str, object]] = field(default_factory=list)  # (Authorization, body)
    reports: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"end": None})  # to a report
    activities: list[dict[str, Any]] = field(default_factory=list)
    extensions: list[tuple[int, object]] = field(default_factory=list)  # answers to wishes for time
    url: str = ""

    @property
    def ports(self) -> list[object]:
        return [body["port"] for _, body in self.posts if isinstance(body, dict)]


@contextmanager
def fake_hub(owner: str = "ada", people: Mapping[str, Mapping[str, object]] | None = None) -> Iterator[FakeHub]:
    """A hub on a real port; whoever has TOKEN is the owner of the session, unless `people` says who has which."""
    state = FakeHub(owner)
    access = [f"access:servers!server={owner}/"]
    users = people or {TOKEN: {"name": owner, "kind": "user", "scopes": access}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = (self.headers.get("Authorization") or "").partition(" ")[2]
            if self.path.endswith("/user") and token in users:
                self._answer(200, {"groups": [], **users[token]})
            else:
                self._answer(403, {"message": "who is this?"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/batchspawner"):
                state.posts.append((self.headers["Authorization"], body))
                self._answer(state.statuses.pop(0) if state.statuses else 201, {})
            elif self.path.endswith("/classdesk/report"):
                state.reports.append(body)
                self._answer(200, state.answer)
            elif self.path.endswith("/classdesk/extend"):
                state.posts.append((self.headers["Authorization"], body))
                self._answer(*state.extensions.pop(0))
            else:
                if self.path.endswith("/activity"):
                    state.activities.append(body)
                self._answer(200, {})

        def _answer(self, status: int, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/hub/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
