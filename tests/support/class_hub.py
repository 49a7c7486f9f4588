"""A real hub with real class consoles for unit tests: no proxy process, no Slurm, passwords that are all the same.

The hub runs in a process of its own, with its console as the service that it has started. What the proxy
would pass on is asked for at the console's own address.
"""

import http.server
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.fake_slurm import FakeSlurm

_CONFIG = """
from jupyterhub.auth import DummyAuthenticator

from classdesk_hub import configure
from classdesk_hub.proxy import SteadyProxy

c = get_config()
configure(c, @SITE@)


class NoProxy(SteadyProxy):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.known = {}

    async def get_all_routes(self):
        return dict(self.known)

    async def add_route(self, routespec, target, data):
        self.known[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.known.pop(routespec, None)

    async def _keep_routes(self, user_dict, service_dict):
        pass


c.JupyterHub.proxy_class = NoProxy
c.NoProxy.classes = c.SteadyProxy.classes
c.JupyterHub.authenticator_class = DummyAuthenticator
c.DummyAuthenticator.allow_all = True
c.JupyterHub.services = [*c.JupyterHub.services, {"name": "test", "api_token": @TOKEN@}]
c.JupyterHub.load_roles = [
    *c.JupyterHub.load_roles,
    {"name": "test", "scopes": ["admin:users", "tokens", "admin:groups"], "services": ["test"]},
]
"""

TEST_TOKEN = "test-token-of-the-class-hub-0123456789"


@dataclass(frozen=True)
class ClassHub:
    """The running hub.

    Attributes:
        api: Address of the hub's API.
        console: Address of the console.
        slurm: What plays Slurm.
        state: The hub's state directory.
        log: What hub and console have logged.
        sessions: What plays the learners' sessions, and the proxy before them.
    """

    api: str
    console: str
    slurm: FakeSlurm
    state: Path
    log: Path
    sessions: "FakeSessions"

    def hub(
        self, method: str, path: str, token: str = TEST_TOKEN, **options: Any
    ) -> httpx.Response:
        """Call the hub's API."""
        return self._call(method, f"{self.api}{path}", token, options)

    def ask(self, method: str, path: str, token: str | None, **options: Any) -> httpx.Response:
        """Call the console."""
        return self._call(method, f"{self.console}{path}", token, options)

    def token(self, user: str) -> str:
        """Return a token that can do all that a user can."""
        answer = self.hub("POST", f"/users/{user}/tokens", json={"note": "test"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def let_run(self, user: str) -> str:
        """Let Slurm start a user's waiting job and its session call home; return the session's token."""
        end = time.monotonic() + 20
        while True:
            for job_id, job in self.slurm.jobs().items():
                if job["environment"].get("JUPYTERHUB_USER") == user and job["state"] == "PENDING":
                    now = int(time.time())
                    times = {"start": str(now), "end": str(now + 3600)}
                    self.slurm.change(job_id, state="RUNNING", node="n1", **times)
                    token = str(job["environment"]["JUPYTERHUB_API_TOKEN"])
                    port = {"port": self.sessions.port}
                    assert self.hub("POST", "/batchspawner", token, json=port).status_code == 201
                    return token
            assert time.monotonic() < end, f"{user} has no job"
            time.sleep(0.05)

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `classdesk class …` as the administrator of this hub."""
        program = Path(sys.executable).with_name("classdesk")
        return subprocess.run(
            [str(program), "class", *words, "--site", str(self.state.parent / "site.toml")],
            input="n\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "COLUMNS": "200"},
        )

    def _call(
        self, method: str, url: str, token: str | None, options: Mapping[str, Any]
    ) -> httpx.Response:
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.request(method, url, headers=headers, timeout=30, **options)


@contextmanager
def class_hub(folder: Path, classes: str) -> Iterator[ClassHub]:
    """Run a hub with the classes of a site file's text."""
    folder.mkdir(parents=True, exist_ok=True)
    slurm = FakeSlurm.install(folder / "slurm")
    (folder / "slurm" / "address").write_text("127.0.0.1")
    sessions = FakeSessions()
    state = folder / "state"
    state.mkdir(mode=0o700)
    hub_port, console_port = _free_ports(2)
    site = folder / "site.toml"
    site.write_text(
        textwrap.dedent(f"""
            [hub]
            bind_url = "http://127.0.0.1:{sessions.port}"
            api_url = "http://127.0.0.1:{hub_port}"
            console_url = "http://127.0.0.1:{console_port}"
            state_directory = "{state}"
            [slurm]
            bin_directory = "{slurm.directory}"
            use_sudo = false
            fast_tick_s = 0.2
            slow_tick_s = 1.0
            [login]
            allowed_groups = []
        """)
        + classes
    )
    config = folder / "jupyterhub_config.py"
    config.write_text(
        _CONFIG.replace("@SITE@", repr(str(site))).replace("@TOKEN@", repr(TEST_TOKEN))
    )
    log = folder / "hub.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyterhub", "--config", str(config)],
            cwd=state,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        hub = ClassHub(
            f"http://127.0.0.1:{hub_port}/hub/api",
            f"http://127.0.0.1:{console_port}/services/console/",
            slurm,
            state,
            log,
            sessions,
        )
        try:
            _wait(hub, process)
            yield hub
        finally:
            sessions.close()
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


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
                told = (
                    {"message": sentence} if sentence else {"shown": 1, "sentence": "Kept in ~/x."}
                )
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


def _wait(hub: ClassHub, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while True:
        try:
            if (
                hub.hub("GET", "/").status_code == 200
                and hub.ask("GET", "api/classes", None).status_code == 403
            ):
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > end or process.poll() is not None:
            raise AssertionError(f"The hub did not come up:\n{hub.log.read_text()[-6000:]}")
        time.sleep(0.1)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
