"""A hub that says what a test tells it to, and a session's files."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

from classdesk_desktop.runtime import RuntimeDirectory

from .served import TOKEN, Server

WEB = Path(__file__).parents[3] / "desktop_image" / "web"

# What our pages and modules take from the npm packages.
PACKAGE_FILES = (
    "@novnc/novnc/core/rfb.js",
    "@novnc/novnc/package.json",
    "@xterm/addon-fit/lib/addon-fit.mjs",
    "@xterm/xterm/css/xterm.css",
    "@xterm/xterm/lib/xterm.mjs",
)


@dataclass
class Hub:
    """The part of a hub's API that a session asks."""

    statuses: list[int] = field(default_factory=list)  # for the next posts of a port; then 201
    posts: list[tuple[str, object]] = field(default_factory=list)  # (Authorization, body)
    url: str = ""

    @property
    def ports(self) -> list[object]:
        return [body["port"] for _, body in self.posts if isinstance(body, dict)]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub on a real port."""
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") in {f"token {TOKEN}", f"Bearer {TOKEN}"}
            if self.path.endswith("/user") and known:
                scopes = ["access:servers!server=ada/"]
                self._answer(200, {"name": "ada", "kind": "user", "groups": [], "scopes": scopes})
            else:
                self._answer(403, {"message": "who is this?"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/batchspawner"):
                state.posts.append((self.headers["Authorization"], body))
                self._answer(state.statuses.pop(0) if state.statuses else 201, {})
            else:
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
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """Our own pages, with stand-ins for the npm packages, which the image installs."""
    folder = tmp_path / "web"
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("node_modules"))
    for name in PACKAGE_FILES:
        path = folder / "node_modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("// a stand-in\n")
    return folder


@pytest.fixture
def runtime() -> Iterator[RuntimeDirectory]:
    """A private directory; not pytest's, whose path is too long for sockets."""
    directory = RuntimeDirectory.create({}, 0)
    yield directory
    directory.remove()


@pytest.fixture
def server(
    runtime: RuntimeDirectory, web: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Server]:
    for name, value in {
        "CLASSDESK_RUNTIME": str(runtime.path),
        "CLASSDESK_WEB": str(web),
        "CLASSDESK_SUPERVISOR": str(os.getppid()),
        "CLASSDESK_END": "1900000000",
        "JUPYTERHUB_USER": "ada <b>",
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_RUNTIME_DIR": str(tmp_path),
        "JUPYTER_PLATFORM_DIRS": "1",
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    handlers = {number: signal.getsignal(number) for number in (2, 10, 15)}
    app = ServerApp(
        jpserver_extensions={"classdesk_desktop": True},
        base_url="/user/ada/",
        root_dir=str(tmp_path),
        allow_root=True,
        log_level="ERROR",
    )
    app.config.IdentityProvider.token = TOKEN
    app.initialize(argv=[], find_extensions=False, new_httpserver=False)
    yield Server(app)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    loop.close()
    asyncio.set_event_loop(None)
