"""No secret of a session can be read by whoever reads the host's log, its processes or Slurm's answers."""

import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from classdesk_spawner.slurm.environment import unpack
from support.faults import failure_text, kill_hub, server_of, until_failed, waiting_page
from support.hub_client import HubClient
from support.world import Hub, command, job_ids, slurm, wait_until

TOKEN = "JUPYTERHUB_API_TOKEN"
TERMINAL = {"ui": "terminal", "cores": "1", "hours": "1"}
SUDO_LOGS = Path("/etc/sudoers.d/zz-logs")


@contextmanager
def syslog(text: Path) -> Iterator[None]:
    """Take what programs send to the system's log, as a log daemon does, and write it into a file."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind("/dev/log")
    Path("/dev/log").chmod(0o666)
    listener.settimeout(0.2)
    ended = threading.Event()

    def listen() -> None:
        with text.open("ab") as file:
            while not ended.is_set():
                try:
                    file.write(listener.recv(65536) + b"\n")
                    file.flush()
                except TimeoutError:
                    continue

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        listener.close()
        Path("/dev/log").unlink()


@pytest.fixture
def system_log(tmp_path: Path) -> Iterator[Path]:
    """The system's log while a test runs, with all that sudo can be told to log."""
    SUDO_LOGS.write_text("Defaults log_allowed, log_denied, log_subcmds, syslog=authpriv\n")
    SUDO_LOGS.chmod(0o440)
    log = tmp_path / "syslog"
    with syslog(log):
        yield log
    SUDO_LOGS.unlink()


def _variables(process: Path) -> dict[str, str]:
    """The environment of a process, a batch script's with what came in one variable; empty where it has gone."""
    try:
        lines = (process / "environ").read_text(errors="replace").split("\0")
    except OSError:
        return {}
    given = {name: value for name, _, value in (line.partition("=") for line in lines)}
    return given | unpack(given)


def _session_token(user: str) -> str:
    return _variables(Path("/proc") / str(server_of(user)))[TOKEN]


@contextmanager
def _tokens_of_jobs() -> Iterator[dict[str, str]]:
    """Look at the jobs' scripts for as long as the block lasts: their tokens, with their numbers."""
    found: dict[str, str] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.005):
            for process in command("pgrep", "-f", "slurm_script", check=False).split():
                variables = _variables(Path("/proc") / process)
                if TOKEN in variables:
                    found[variables[TOKEN]] = variables["SLURM_JOB_ID"]

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def _written(log: Path, job_id: str) -> str:
    """All that others than the learner and root may get to read while the session runs."""
    found = [log.read_text(errors="replace")]
    # Logs are for a group; of all else that the product writes, what everybody may read.
    for folder in ("/var/log", "/var/lib/classdesk", "/run/classdesk", "/etc/classdesk", "/tmp"):
        for file in Path(folder).rglob("*"):
            if "images" in file.parts or file.is_symlink() or not file.is_file():
                continue
            if folder == "/var/log" or file.stat().st_mode & 0o004:
                found.append(file.read_text(errors="replace"))
    found.append(command("ps", "-eww", "-o", "args="))
    found.append(slurm("scontrol", "--details", "show", "job", job_id))
    found.append(slurm("squeue", "--noheader", "--format=%all", f"--jobs={job_id}"))
    found.append(slurm("scontrol", "write", "batch_script", job_id, "-"))
    return "\n".join(found)


def test_no_secret_reaches_a_log_a_process_list_or_slurm(hub: Hub, system_log: Path) -> None:
    with HubClient(hub, "learner01") as ada, HubClient(hub, "learner02") as bob:
        for learner, interface in ((ada, "desktop"), (bob, "terminal")):
            learner.start(ui=interface, cores="1", hours="1")
        ada.http.get("/user/learner01/desktop/")
        tokens = {_session_token(one.name) for one in (ada, bob)}
        text = "".join(_written(system_log, job) for job in job_ids("learner01") + job_ids("learner02"))
        assert "sudo" in system_log.read_text(), "sudo has logged"
        assert "COMMAND=/usr/bin/sbatch" in text
        assert [token for token in tokens if token in text] == []
        # What looks like a secret opens nothing: the hub's own, a proxy's or a cookie's would be as bad.
        for word in set(re.findall(r"\b[0-9a-f]{32,64}\b", text)):
            headers = {"Authorization": f"token {word}"}
            with httpx.Client(base_url=hub.url, headers=headers, timeout=30) as stranger:
                assert stranger.get("/hub/api/user").status_code == 403, word
                assert stranger.get("/user/learner01/api/contents").status_code in {302, 403}, word


def _fail_without_image(learner: HubClient) -> None:
    image = learner.hub.state / "image"
    target = image.readlink()
    image.unlink()
    try:
        learner.press_start(TERMINAL)
        until_failed(learner)
    finally:
        image.symlink_to(target)


def _fail_with_a_closed_home(learner: HubClient) -> None:
    home = learner.hub.home(learner.name)
    mode = home.stat().st_mode & 0o7777
    home.chmod(0)
    try:
        learner.press_start(TERMINAL)
        until_failed(learner)
    finally:
        home.chmod(mode)


def _fail_without_server(learner: HubClient) -> None:
    """Some tenths of a second later the server answers, and the session is ready: then it is tried again."""

    def failed() -> bool:
        learner.press_start(TERMINAL)
        os.kill(wait_until(lambda: server_of(learner.name), 30, "the server begins", every=0.01), signal.SIGKILL)
        wait_until(lambda: not learner.server(), 30, "the session has ended")
        return bool(failure_text(waiting_page(learner)))

    wait_until(failed, 120, "it was killed early enough")


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(_fail_without_image, id="image-missing"),
        pytest.param(_fail_with_a_closed_home, id="home-closed"),
        pytest.param(_fail_without_server, id="server-killed"),
    ],
)
def test_a_failed_start_tells_no_secret(hub: Hub, system_log: Path, fail: Callable[[HubClient], None]) -> None:
    with HubClient(hub, "learner01") as ada, _tokens_of_jobs() as jobs:
        fail(ada)
        pages = [waiting_page(ada).text, ada.http.get("/hub/home").text, ada.http.get("/hub/spawn").text]
        assert jobs, "a job was seen at its work"
        logs = sorted((hub.home(ada.name) / ".local/state/classdesk").glob("session-*.log"))
        text = "".join([_written(system_log, max(jobs.values())), *pages, *(log.read_text() for log in logs)])
    assert "classdesk: job" in text, "the last words are somewhere"
    assert [token for token in jobs if token in text] == []


def test_a_start_under_the_rules_of_an_older_version_is_refused_with_words(hub: Hub) -> None:
    rules = Path("/etc/sudoers.d/classdesk")
    text = rules.read_text()
    kept = 'Defaults:classdesk env_keep += "CLASSDESK_ENVIRONMENT"\n'
    assert kept in text
    kill_hub(hub)
    rules.write_text(text.replace(kept, ""))
    try:
        with HubClient(hub, "learner03") as carol:
            carol.press_start({"ui": "terminal", "cores": "1", "hours": "1"})
            assert "not allowed to pass your session its settings" in until_failed(carol)
            assert job_ids("learner03") == []
            said = command("/usr/local/bin/classdesk", "check", check=False)
            assert "sudo does not pass on CLASSDESK_ENVIRONMENT" in " ".join(said.split())
            rules.write_text(text)
            carol.start(ui="terminal", cores="1", hours="1")
    finally:
        rules.write_text(text)
