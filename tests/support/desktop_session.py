"""A session in the image, as the batch script starts it, without Slurm and with a hub that only listens.

It starts in two seconds, so that each way of breaking a desktop can be tried on a real one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from classdesk_spawner import RuntimeSettings, SessionOptions
from classdesk_spawner.session.runtimes import runtime_command
from classdesk_spawner.session.script import render_batch_script
from support.fake_hub import TOKEN, FakeHub
from support.image import IMAGE
from support.screen import XServer
from support.world import PATIENCE, wait_until

# The working tree's code instead of the image's, for those who write it: no image to build after each change.
_SOURCE: Final = os.environ.get("CLASSDESK_SOURCE", "")
_PACKAGE: Final = "/opt/classdesk/server/lib/python3.13/site-packages/classdesk_desktop"

SUPERVISOR: Final = "python -I /opt/classdesk/bin/classdesk-session"
PAINTED: Final = frozenset({"mate-panel", "caja"})


@dataclass(frozen=True)
class Learner:
    """An account of the machine, with its home."""

    name: str
    uid: int
    home: Path

    def as_him(self, *words: str | Path) -> list[str]:
        """The command line that runs a command as this learner."""
        ids = (f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups")
        return ["setpriv", *ids, "--", *map(str, words)]

    def write(self, name: str, data: str | bytes = "", mode: int = 0o644) -> Path:
        """Write a file in the home that belongs to the learner, with its directories."""
        path = self.home / name
        for parent in reversed(path.relative_to(self.home).parents):
            if not (self.home / parent).exists():
                (self.home / parent).mkdir()
                os.chown(self.home / parent, self.uid, self.uid)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(mode)
        os.chown(path, self.uid, self.uid)
        return path


@contextmanager
def learner(number: int) -> Iterator[Learner]:
    """A learner with an empty home, who is not an account of the machine."""
    uid = 61_300 + number
    # Not in /tmp, which a session has of its own.
    home = Path(tempfile.mkdtemp(prefix="desk-", dir="/home"))
    try:
        os.chown(home, uid, uid)
        yield Learner(f"desk{number:02}", uid, home)
    finally:
        shutil.rmtree(home)


@dataclass
class DesktopSession:
    """A running session."""

    learner: Learner
    hub: FakeHub
    process: subprocess.Popen[bytes]
    log: Path
    _known_root: Path | None = field(default=None)

    def pids(self, program: str = "") -> list[int]:
        """The node's numbers of the session's processes whose command line has `program` in it."""
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "-U", str(self.learner.uid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.splitlines()
        pairs = (line.strip().partition(" ") for line in listed)
        return [int(pid) for pid, _, arguments in pairs if program in arguments]

    def pid(self, program: str) -> int:
        """The first of them.

        Raises:
            LookupError: there is none.
        """
        found = self.pids(program)
        if not found:
            raise LookupError(f"{program} does not run; {self.text()[-2000:]}")
        return found[0]

    def kill(self, program: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a program of the session."""
        os.kill(self.pid(program), number)

    @property
    def runtime(self) -> Path:
        """The private directory, as the node's root sees it."""
        if self._known_root is None:
            root = Path(f"/proc/{self.pid(SUPERVISOR)}/root")
            found = list(root.glob(f"tmp/classdesk-{self.learner.uid}-*"))
            if len(found) != 1:
                raise LookupError(f"{len(found)} private directories, not one")
            self._known_root = found[0]
        return self._known_root

    def state(self) -> dict[str, Any]:
        """The desktop's state file."""
        record: dict[str, Any] = json.loads((self.runtime / "state.json").read_bytes())
        return record

    def until(self, *states: str, starts: int = 1, timeout: float = 20) -> dict[str, Any]:
        """Wait for a state, of the `starts`th desktop or a later one, and return all that is said of it."""

        def reached() -> dict[str, Any]:
            state = self.state()
            assert state["state"] in states, (state, self.text()[-3000:])
            assert state["starts"] >= starts, (state, self.text()[-3000:])
            return state

        return wait_until(reached, timeout, f"the desktop is {' or '.join(states)}", every=0.02)

    def x_server(self) -> XServer:
        """Its X server."""
        return XServer.of(str(self.learner.uid))

    def windows(self) -> set[str]:
        """The kinds of the windows on the desktop."""
        return {window.kind for window in self.x_server().windows()}

    def text(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask the session's server, with the owner's token."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.hub.ports[-1]}/user/{self.hub.owner}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10 * PATIENCE) as answer:  # noqa: S310 - our own address
            return answer.status, json.loads(answer.read() or b"null")

    def _beside(self, *words: str) -> list[str]:
        """The command line that runs a command in the session's own view, with the desktop's environment."""
        pid = self.pid("/usr/bin/Xtigervnc")
        mate = self.pid("mate-session")
        environment = Path(f"/proc/{mate}/environ").read_text().strip("\0").split("\0")
        return [
            *("nsenter", "--target", str(pid), "--mount", "--pid", "--"),
            *self.learner.as_him("env", "--ignore-environment", *environment, *words),
        ]

    def begin(self, *words: str, cwd: Path) -> subprocess.Popen[bytes]:
        """Start a command beside the desktop, in one of its directories."""
        return subprocess.Popen(
            self._beside("env", f"--chdir={cwd}", *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    def run(self, *words: str, timeout: float = 20) -> str:
        """Run a command beside the desktop, in the session's own view and with the desktop's environment."""
        done = subprocess.run(
            self._beside(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE * timeout,
            cwd="/",
            check=False,
        )
        return done.stdout

    def stop(self) -> None:
        """End it as Slurm does, and wait for its end."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


@contextmanager
def desktop_session(
    learner: Learner,
    hub: FakeHub,
    *,
    policy: Mapping[str, object] | None = None,
    minutes: int = 180,
    binds: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    tmp_mib: int = 512,
    lessons: tuple[str, ...] = (),
) -> Iterator[DesktopSession]:
    """Start a session of a learner with the batch script that the spawner would submit; it ends with the block."""
    if _SOURCE:
        binds += (f"{_SOURCE}:{_PACKAGE}:ro",)
    settings = RuntimeSettings.model_validate(
        {
            "kind": "bubblewrap",
            "image": str(IMAGE),
            "tmp_mib": tmp_mib,
            "binds": list(binds),
        }
    )
    options = SessionOptions(ui="desktop", kind="desktop", cores=2, minutes=minutes, memory_mib=2048)
    home = str(learner.home)
    script = render_batch_script(options, runtime_command(settings, home, lessons), home)
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "USER": learner.name,
        "LOGNAME": learner.name,
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_API_URL": hub.url,
        "JUPYTERHUB_ACTIVITY_URL": f"{hub.url}/users/{hub.owner}/activity",
        "JUPYTERHUB_USER": hub.owner,
        "JUPYTERHUB_SERVER_NAME": "",
        "JUPYTERHUB_CLIENT_ID": f"jupyterhub-user-{hub.owner}",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"/user/{hub.owner}/oauth_callback",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": f'["access:servers!server={hub.owner}/"]',
        "JUPYTERHUB_OAUTH_SCOPES": f'["access:servers!server={hub.owner}/"]',
        "JUPYTERHUB_SERVICE_PREFIX": f"/user/{hub.owner}/",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:0/user/{hub.owner}/",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_HOST": "",
        "CLASSDESK_POLICY": json.dumps(policy or {}),
        **(env or {}),
    }
    log = Path(tempfile.mkdtemp(prefix="classdesk-log-")) / "session.log"
    # The learner is not an account of the machine, and what the session says is wanted here.
    account = f"{learner.name}:x:{learner.uid}:{learner.uid}::{home}:/bin/bash"
    group = f"{learner.name}:x:{learner.uid}:"
    for pattern, line in (
        (r'exec >>"\$log" 2>&1', ":"),
        (r"^exec 11<.*$", f"exec 11< <(echo {account})"),
        (r"^exec 12<.*$", f"exec 12< <(echo {group})"),
    ):
        script, count = re.subn(pattern, line, script, flags=re.MULTILINE)
        assert count, f"{pattern} is not in the batch script any more"
    with log.open("wb") as output:
        process = subprocess.Popen(
            learner.as_him("/bin/bash", "-c", script),
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    session = DesktopSession(learner, hub, process, log)
    try:
        yield session
    finally:
        session.stop()
        wait_until(lambda: not session.pids(), 10, f"no process of {learner.name} is left")
        shutil.rmtree(log.parent)


def painted_within(session: DesktopSession, seconds: float, starts: int = 1) -> dict[str, Any]:
    """Wait until a desktop is painted, and check that its windows are there; fails after `seconds`."""
    state = session.until("painted", starts=starts, timeout=seconds)
    assert session.windows() >= PAINTED, session.windows()
    return state
