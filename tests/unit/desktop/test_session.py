"""The supervisor and the real single-user server, with a hub that is only as real as it must be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from classdesk_desktop.protocol import PROTOCOL
from classdesk_desktop.session.settings import SettingsError
from classdesk_desktop.supervisor.session import listen
from classdesk_desktop.version import VERSION
from support.fake_hub import FakeHub as Hub
from support.ports import two_taken

from .served import TOKEN

# The desktop that these tests start ends at once, with and without an X server on the machine. And
# jupyter_server does not run as root: a learner never is, but the tests may be.
_PROGRAM = """
from classdesk_desktop.supervisor import desktop, restarts, session

desktop.MATE_COMMAND = ("/bin/false",)
restarts.BACK_OFF_SECONDS = (0.0, 0.1)
session.SERVER_COMMAND = (
    "-I", "-c",
    "import classdesk_desktop.server.app as server\\n"
    "make = server.server_config\\n"
    "def as_root(*args):\\n"
    "    config = make(*args)\\n"
    "    config.ServerApp.allow_root = True\\n"
    "    return config\\n"
    "server.server_config = as_root\\n"
    "server.main()\\n",
)
session.main()
"""


@dataclass
class Job:
    """A running session and what it left on its standard error."""

    process: subprocess.Popen[bytes]
    log: Path
    tmp: Path

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, f"no {what}:\n{self.log.read_text()}"
            time.sleep(0.02)

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.tmp.iterdir())


@pytest.fixture
def start(hub: Hub, web: Path, tmp_path: Path) -> Iterator[Callable[..., Job]]:
    jobs: list[Job] = []
    # Not pytest's directory: its path is too long for sockets.
    short = Path(f"/tmp/cdt-{os.getpid()}")
    short.mkdir(mode=0o700)

    def run(**more: str) -> Job:
        home = tmp_path / "home"
        (home / ".jupyter").mkdir(parents=True)
        (home / ".jupyter" / "jupyter_server_config.py").write_text("raise SystemExit('broken')\n")
        (home / ".jupyter" / "jupyter_server_config.json").write_text("{ broken")
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "USER": "ada",
            "TMPDIR": str(short),
            "CLASSDESK_INTERFACE": "terminal",
            "CLASSDESK_WEB": str(web),
            "CLASSDESK_LESSONS": str(tmp_path / "no-lessons"),
            "JUPYTERHUB_API_TOKEN": TOKEN,
            "JUPYTERHUB_API_URL": hub.url,
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_OAUTH_SCOPES": '["access:servers!server=ada/"]',
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:servers!server=ada/"]',
            "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/ada/oauth_callback",
            "JUPYTERHUB_ACTIVITY_URL": f"{hub.url}/users/ada/activity",
            "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
            "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:0/user/ada/",
            "JUPYTERHUB_USER": "ada",
        } | more
        log = tmp_path / "log"
        with log.open("wb") as output:
            process = subprocess.Popen([sys.executable, "-c", _PROGRAM], env=environ, stderr=output, stdout=output)
        jobs.append(Job(process, log, short))
        return jobs[-1]

    yield run
    for job in jobs:
        if job.process.poll() is None:
            job.process.kill()
            job.process.wait()
    for path in short.iterdir():
        subprocess.run(["/bin/rm", "-r", path], check=True)
    short.rmdir()


def test_a_session_serves_its_page_on_the_port_that_the_hub_was_told(start: Callable[..., Job], hub: Hub) -> None:
    job = start()
    job.wait_for(lambda: bool(hub.posts), "port")
    request = urllib.request.Request(
        f"http://127.0.0.1:{hub.ports[0]}/user/ada/terminal/",
        headers={"Authorization": f"token {TOKEN}"},
    )
    # The hub was told before the server listens: the connection waits in the kernel.
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own address
        assert b"Terminal" in answer.read()
    assert f"classdesk {VERSION} (protocol {PROTOCOL}), terminal" in job.log.read_text()
    assert len(job.leftovers()) == 1
    job.process.send_signal(signal.SIGTERM)
    assert job.process.wait(15) == 0, job.log.read_text()
    assert job.leftovers() == []


def test_a_session_ends_with_its_server(start: Callable[..., Job], hub: Hub) -> None:
    job = start()
    job.wait_for(lambda: "is running at" in job.log.read_text(), "server")
    (server,) = [
        int(pid) for pid in Path(f"/proc/{job.process.pid}/task/{job.process.pid}/children").read_text().split()
    ]
    os.kill(server, signal.SIGKILL)
    assert job.process.wait(15) == 1, job.log.read_text()
    assert job.leftovers() == []


def test_a_session_that_the_hub_refuses_ends_and_says_why(start: Callable[..., Job], hub: Hub) -> None:
    hub.statuses = [403]
    job = start()
    assert job.process.wait(20) == 1
    assert "The hub refused this session's port" in job.log.read_text()
    assert job.leftovers() == []


def test_a_desktop_that_does_not_start_is_told_and_leaves_the_server_alive(start: Callable[..., Job], hub: Hub) -> None:
    job = start(CLASSDESK_INTERFACE="desktop")
    job.wait_for(lambda: '"failed"' in _state(job), "failure")
    assert job.process.poll() is None
    assert re.search(r'"detail": "[^"]+"', _state(job))
    job.process.send_signal(signal.SIGUSR1)
    # With the own settings and with private ones, and then once more: what the states in between say is gone too soon.
    job.wait_for(lambda: '"starts": 12' in _state(job), "new try")
    job.process.send_signal(signal.SIGTERM)
    assert job.process.wait(15) == 0
    assert job.leftovers() == []


def _state(job: Job) -> str:
    files = list(job.tmp.glob("*/state.json"))
    return files[0].read_text() if files else ""


@pytest.mark.parametrize("missing", ["JUPYTERHUB_API_TOKEN", "JUPYTERHUB_SERVICE_URL"])
def test_a_session_without_its_facts_says_which_one_is_missing(start: Callable[..., Job], missing: str) -> None:
    job = start(**{missing: ""})
    assert job.process.wait(10) == 1
    assert missing in job.log.read_text()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", ""])
def test_the_port_is_the_kernels_choice(address: str) -> None:
    with listen(address) as first, listen(address) as second:
        assert 0 < first.getsockname()[1] != second.getsockname()[1] > 0


def test_the_port_is_in_the_sites_range_until_that_is_full() -> None:
    with two_taken() as (one, other):
        ports = range(one.getsockname()[1], other.getsockname()[1] + 1)
        with pytest.raises(SettingsError, match=f"from {ports[0]} to {ports[-1]} are in use"):
            listen("127.0.0.1", ports)
        other.close()
        with listen("127.0.0.1", ports) as free:
            assert free.getsockname()[1] == ports[-1]


@pytest.mark.parametrize("folder", ["supervisor", "session"])
def test_what_every_session_starts_with_imports_nothing_but_the_standard_library(folder: str) -> None:
    modules = sorted(path.stem for path in Path(_source(), "classdesk_desktop", folder).glob("*.py"))
    assert modules
    program = (
        f"import sys\nfor name in {modules}: __import__('classdesk_desktop.{folder}.' + name)\n"
        "foreign = {name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names\n"
        "print(*sorted(name for name in foreign if not name.startswith('_')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({_source()!r})\n{program}"],
        capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    assert done.stdout.split() == ["classdesk_desktop"]


def test_the_server_spares_what_it_never_uses() -> None:
    program = (
        "import sys, classdesk_desktop.server.app\n"
        "print([n for n in ('sqlalchemy.orm', 'alembic', 'lark', 'arrow', 'jupyterlab') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"


def test_what_is_spared_works_when_it_is_needed_after_all() -> None:
    """A kernel can be started beside a desktop, by the REST interface."""
    program = (
        "import classdesk_desktop.server.app\n"
        "from jupyter_client.jsonutil import parse_date\n"
        "for second in (1, 2):\n"
        "    print(parse_date(f'2026-11-22T17:00:0{second}.5Z').isoformat())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.split() == [
        "2026-11-22T17:00:01.500000+00:00",
        "2026-11-22T17:00:02.500000+00:00",
    ]


def _source() -> str:
    import classdesk_desktop

    return str(Path(classdesk_desktop.__file__).parents[1])
