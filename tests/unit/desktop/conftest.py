"""A hub that says what a test tells it to, and a session's files."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from classdesk_desktop.server.identity import SessionIdentityProvider
from classdesk_desktop.session.runtime import RuntimeDirectory
from support.fake_hub import FakeHub, fake_hub

from .served import SERVICE_TOKEN, STRANGER_TOKEN, TOKEN, VISITOR_TOKEN, Server

WEB = Path(__file__).parents[3] / "desktop_image" / "web"

# What our pages and modules take from the npm packages.
PACKAGE_FILES = (
    "@novnc/novnc/core/input/util.js",
    "@novnc/novnc/core/rfb.js",
    "@novnc/novnc/package.json",
    "@xterm/addon-fit/lib/addon-fit.mjs",
    "@xterm/xterm/css/xterm.css",
    "@xterm/xterm/lib/xterm.mjs",
)


# What sessions load besides, by their interfaces.
EXTENSIONS = ("jupyter_server_terminals", "jupyter_lsp", "jupyter_server_proxy", "jupyterlab")

_ACCESS = ["access:servers!server=ada/"]
PEOPLE: dict[str, dict[str, object]] = {
    TOKEN: {"name": "ada", "kind": "user", "scopes": _ACCESS},
    VISITOR_TOKEN: {"name": "grace", "kind": "user", "scopes": _ACCESS},
    SERVICE_TOKEN: {"name": "ada", "kind": "service", "scopes": _ACCESS},
    STRANGER_TOKEN: {
        "name": "mallory",
        "kind": "user",
        "scopes": ["access:servers!server=mallory/"],
    },
}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub on a real port."""
    with fake_hub(people=PEOPLE) as running:
        yield running


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
def server(runtime: RuntimeDirectory, web: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A server without a hub: who has its token is its owner."""
    monkeypatch.setenv("JUPYTERHUB_USER", "ada <b>")
    config = Config()
    config.IdentityProvider.token = TOKEN
    with _running(config, runtime, web, monkeypatch, tmp_path) as server:
        yield server


@pytest.fixture
def session_server(
    _session: Config,
    runtime: RuntimeDirectory,
    web: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Server]:
    """Ada's server, which asks the hub who somebody is."""
    with _running(_session, runtime, web, monkeypatch, tmp_path) as server:
        yield server


@pytest.fixture
def whole_server(
    _session: Config,
    runtime: RuntimeDirectory,
    web: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Server]:
    """The same, with all that any interface loads."""
    with _running(_session, runtime, web, monkeypatch, tmp_path, *EXTENSIONS) as server:
        yield server


@pytest.fixture
def _session(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name, value in {
        "JUPYTERHUB_USER": "ada",
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_API_URL": hub.url,
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:servers!server=ada/"]),
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
    }.items():
        monkeypatch.setenv(name, value)
    config = Config()
    config.ServerApp.identity_provider_class = SessionIdentityProvider
    config.ServerApp.allow_remote_access = True
    return config


@contextmanager
def _running(
    config: Config,
    runtime: RuntimeDirectory,
    web: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *extensions: str,
) -> Iterator[Server]:
    for name, value in {
        "CLASSDESK_RUNTIME": str(runtime.path),
        "CLASSDESK_WEB": str(web),
        "CLASSDESK_SUPERVISOR": str(os.getppid()),
        "CLASSDESK_END": "1900000000",
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
        config=config,
        jpserver_extensions=dict.fromkeys(("classdesk_desktop", *extensions), True),
        base_url="/user/ada/",
        root_dir=str(tmp_path),
        allow_root=True,
        log_level="ERROR",
    )
    app.initialize(argv=[], find_extensions=False, new_httpserver=False)
    # As jupyterhub does in its own servers, where jupyter_server checks it, after the log-in.
    app.web_app.settings["xsrf_cookies"] = False
    try:
        yield Server(app)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        loop.close()
        asyncio.set_event_loop(None)
