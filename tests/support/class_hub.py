"""A real hub with real class consoles: no proxy process, no Slurm, passwords that are all the same.

The hub runs in a process of its own, with its console as the service that it has started. What the proxy
would pass on is asked for at the console's own address.
"""

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.fake_sessions import FakeSessions
from support.fake_slurm import FakeSlurm
from support.world import PATIENCE

_CONFIG = """
from jupyterhub.auth import DummyAuthenticator

from classdesk_hub import configure
from classdesk_hub.in_hub.login import AccountAuthenticator
from classdesk_hub.in_hub.proxy import SteadyProxy

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


class AnyPassword(DummyAuthenticator):
    get_handlers = AccountAuthenticator.get_handlers


c.JupyterHub.authenticator_class = AnyPassword
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
    restart: Ends the hub and starts it again; sessions go on.
    """

    api: str
    console: str
    slurm: FakeSlurm
    state: Path
    log: Path
    sessions: FakeSessions
    restart: Callable[[], None]

    def hub(self, method: str, path: str, token: str = TEST_TOKEN, **options: Any) -> httpx.Response:
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

    def act(self, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do an act in the class `dask`, wait until it is over, and return its results by learner."""
        answer = self.ask("POST", "api/class/dask/acts", token, json=body)
        assert answer.status_code == 202, answer.text
        path = f"api/class/dask/acts/{answer.json()['id']}"
        found: dict[str, Any] = until(
            lambda: (act := self.ask("GET", path, token).json())["done"] and act,
            f"{body} is done",
            60,
        )
        return {one["learner"]: one for one in found["results"]}

    def learners(self, token: str) -> dict[str, Any]:
        """Return the learners of the class `dask` by name, as the console shows them."""
        answer = self.ask("GET", "api/class/dask/learners", token).json()
        return {one["name"]: one for one in answer["learners"]}

    def let_run(self, user: str) -> str:
        """Let Slurm start a user's waiting job and its session call home; return the session's token."""
        end = time.monotonic() + 20 * PATIENCE
        while True:
            for job_id, job in self.slurm.jobs().items():
                if job["variables"].get("JUPYTERHUB_USER") == user and job["state"] == "PENDING":
                    now = int(time.time())
                    times = {"start": str(now), "end": str(now + 3600)}
                    self.slurm.change(job_id, state="RUNNING", node="n1", **times)
                    token = str(job["variables"]["JUPYTERHUB_API_TOKEN"])
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
            timeout=60 * PATIENCE,
            check=False,
            env={**os.environ, "COLUMNS": "200"},
        )

    def _call(self, method: str, url: str, token: str | None, options: Mapping[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.request(method, url, headers=headers, timeout=30 * PATIENCE, **options)


def until(true: Callable[[], Any], what: str, timeout: float = 20) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + timeout * PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


@contextmanager
def class_hub(folder: Path, classes: str, hub_keys: str = "") -> Iterator[ClassHub]:
    """Run a hub with the classes of a site file's text, and further keys of its table `[hub]`."""
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
        """).replace("[hub]\n", f"[hub]\n{hub_keys}\n")
        + classes
    )
    config = folder / "jupyterhub_config.py"
    config.write_text(_CONFIG.replace("@SITE@", repr(str(site))).replace("@TOKEN@", repr(TEST_TOKEN)))
    log = folder / "hub.log"
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        with log.open("a") as out:
            command = [sys.executable, "-P", "-m", "jupyterhub", "--config", str(config)]
            running.append(subprocess.Popen(command, cwd=state, stdout=out, stderr=subprocess.STDOUT))
        _wait(hub, running[0])

    def restart() -> None:
        _end(running.pop())
        start()

    hub = ClassHub(
        f"http://127.0.0.1:{hub_port}/hub/api",
        f"http://127.0.0.1:{console_port}/services/console/",
        slurm,
        state,
        log,
        sessions,
        restart,
    )
    try:
        start()
        yield hub
    finally:
        sessions.close()
        for process in running:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(hub: ClassHub, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 150 * PATIENCE
    while True:
        try:
            if hub.hub("GET", "/").status_code == 200 and hub.ask("GET", "api/classes", None).status_code == 403:
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
