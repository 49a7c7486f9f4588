"""What plays the sessions of all learners, and the proxy before them."""

import http.server
import json
import threading
from typing import Any


class FakeSessions:
    """Answers in the place of all sessions, and notes who asked what with which token."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.refusals: dict[str, str] = {}
        noted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                user, _, path = self.path.removeprefix("/user/").partition("/")
                noted.calls.append(
                    {
                        "user": user,
                        "call": f"{self.command} {path}",
                        "token": self.headers.get("Authorization", "").removeprefix("token "),
                        "body": json.loads(body) if body else None,
                    }
                )
                sentence = noted.refusals.get(user)
                told = {"message": sentence} if sentence else {"shown": 1, "kept": "~/x"}
                text = json.dumps(told).encode()
                self.send_response(409 if sentence and path != "api" else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  # named by http.server

            def log_message(self, *_args: object) -> None:
                """Say nothing: what was asked is in `calls`."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of(self, user: str) -> list[dict[str, Any]]:
        """Return what was asked of a user's session by others than the hub."""
        return [c for c in self.calls if c["user"] == user and not c["call"].startswith("GET api")]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
