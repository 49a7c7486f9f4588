"""What goes wrong around a session, done on purpose, and a look at what the learner then reads."""

import contextlib
import html
import json
import os
import re
import signal
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from support.hub_client import HubClient
from support.world import LOGS, PATIENCE, Hub, command, job_ids, processes, slurm, wait_until

SITE_FILE = Path("/etc/classdesk/site.toml")
SLURM_CONF = Path("/etc/slurm/slurm.conf")
SUPERVISORCTL = (
    "/opt/classdesk/venv/bin/supervisorctl",
    "-c",
    "/etc/classdesk/supervisord.conf",
)
PATTERNS = {
    "hub": "python -P -m jupyterhub",
    "proxy": "configurable-http-proxy",
    "slurmctld": "/usr/sbin/slurmctld",
    "slurmd": "/usr/sbin/slurmd ",
    "munged": "/usr/sbin/munged",
}
BAD_WORDS = re.compile(
    r"Traceback \(most recent call last\)|exception was never retrieved|Unhandled error|"
    r"was never awaited|Task was destroyed"
)


# Services -----------------------------------------------------------------------------------


def supervisor(*words: str) -> str:
    """Run supervisorctl and return what it printed."""
    return command(*SUPERVISORCTL, *words, timeout=60)


def pid_of(service: str) -> int:
    """Return the process id of a service.

    Raises:
        LookupError: It does not run.
    """
    found = command("pgrep", "--oldest", "--full", PATTERNS[service], check=False).split()
    if not found:
        raise LookupError(f"{service} does not run")
    return int(found[0])


def kill(service: str) -> None:
    """Kill a service with -9; supervisord starts it again."""
    os.kill(pid_of(service), signal.SIGKILL)


def kill_hub(hub: Hub) -> None:
    """Kill the hub with -9 and wait until supervisord's new one answers."""
    before = pid_of("hub")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: pid_of("hub") != before, 20, "supervisord has started the hub again")
    hub_answers(hub)


def hub_answers(hub: Hub) -> None:
    """Wait until the hub answers."""
    wait_until(lambda: api_answers(hub), 60, "the hub answers")


def api_answers(hub: Hub) -> bool:
    """Tell whether the hub answers now."""
    try:
        return httpx.get(f"{hub.url}/hub/api/", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def forget_choices(hub: Hub) -> None:
    """Let the hub forget what learners have chosen last in the form; restart it if there is something to forget."""
    database = hub.state / "hub/jupyterhub.sqlite"
    chosen = "FROM spawners WHERE user_options NOT IN ('null', '{}')"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as look:
        if look.execute(f"SELECT count(*) {chosen}").fetchone()[0] == 0:
            return
    supervisor("stop", "hub")
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=10 * PATIENCE)) as change:
            change.execute("UPDATE spawners SET user_options = '{}'")
            change.commit()
    finally:
        supervisor("start", "hub")
    hub_answers(hub)


@contextlib.contextmanager
def stopped(service: str) -> Iterator[None]:
    """Stop a service, and start it again at the end."""
    supervisor("stop", service)
    try:
        yield
    finally:
        supervisor("start", service)
        if service != "hub":
            slurm_is_well()


@contextlib.contextmanager
def frozen(service: str) -> Iterator[None]:
    """Let a service hang: it takes connections and does not answer."""
    pid = pid_of(service)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        if service.startswith("slurm"):
            slurm_is_well()


def slurm_is_well() -> None:
    """Wait until controller and node answer."""
    wait_until(lambda: "UP" in command("scontrol", "ping", check=False), 60, "slurmctld answers")
    wait_until(lambda: re.search("idle|mix|alloc|dr", _node_state()), 60, "the node is known to work")


def _node_state() -> str:
    return slurm("sinfo", "--noheader", "--format=%t")


@contextlib.contextmanager
def drained() -> Iterator[None]:
    """Take the node out of service: running jobs go on, new ones wait."""
    slurm("scontrol", "update", "NodeName=localhost", "State=DRAIN", "Reason=tests")
    try:
        yield
    finally:
        resume()


def resume() -> None:
    """Put the node into service again."""

    def in_service() -> bool:
        state = _node_state()
        if re.search("drain|drng|down", state):
            command("scontrol", "update", "NodeName=localhost", "State=RESUME", check=False)
            return False
        return re.search("idle|mix|alloc", state) is not None

    wait_until(in_service, 60, "the node is in service")


@contextlib.contextmanager
def site(tables: str, hub: Hub, *, text: str = "") -> Iterator[None]:
    """Add tables to the site file, or give another text, for a hub that is started anew."""
    before = SITE_FILE.read_text()
    try:
        SITE_FILE.write_text(_with(tables, text or before))
        supervisor("restart", "hub")
        hub_answers(hub)
        yield
    finally:
        SITE_FILE.write_text(before)
        supervisor("restart", "hub")
        hub_answers(hub)


def _with(tables: str, text: str) -> str:
    """Return a site file with further tables; of one that it has, with other keys."""
    header, _, keys = tables.partition("\n")
    if header not in text.splitlines():
        return f"{text}\n{tables}\n"
    renewed = {line.partition(" =")[0] for line in keys.splitlines()}
    kept = [line for line in text.splitlines() if line.partition(" =")[0] not in renewed]
    return "\n".join(tables if line == header else line for line in kept) + "\n"


# What is seen -------------------------------------------------------------------------------


def job_facts(job_id: str) -> dict[str, str]:
    """Return what scontrol says of a job."""
    words = slurm("scontrol", "show", "job", job_id).split()
    return dict(word.split("=", 1) for word in words if "=" in word)


def living_jobs(user: str) -> list[str]:
    """Return the jobs of a user that wait or run."""
    return slurm("squeue", "--noheader", "--format=%i", f"--user={user}", "--states=PD,R,CF,S").split()


def only_job(user: str) -> str:
    """Wait until a user has one job and return its number."""
    wait_until(lambda: job_ids(user), 20, f"{user} has a job")
    (job_id,) = job_ids(user)
    return job_id


def submitting(user: str) -> bool:
    """Tell whether an sbatch of the hub for a user runs at the moment."""
    return bool(command("pgrep", "--full", f"sudo .* -u {user} -- /usr/bin/sbatch", check=False))


def start_requeued(job_id: str) -> None:
    """Let a requeued job run soon; Slurm makes it wait two minutes, until its old credentials have expired.

    They count as revoked for whole seconds: a job that runs again at once is not started.
    """

    updated = float("-inf")

    def runs() -> bool:
        nonlocal updated
        state = job_facts(job_id)["JobState"]
        # More than once: while the old run is cleaned away, Slurm sets the time anew.
        if state == "PENDING" and time.monotonic() > updated + 10:
            updated = time.monotonic()
            command("scontrol", "update", f"JobId={job_id}", "StartTime=now+3", check=False)
        return state == "RUNNING"

    wait_until(runs, 60, f"job {job_id} runs again")


def page_answers(client: HubClient) -> bool:
    """Tell whether a learner's session answers through the proxy."""
    page = client.http.get(f"/user/{client.name}/api", follow_redirects=False, timeout=10 * PATIENCE)
    return page.status_code == 200


def waiting_page(client: HubClient) -> httpx.Response:
    """Open the page that a waiting learner looks at, as a reload does."""
    return client.http.get(f"/hub/spawn-pending/{client.name}", follow_redirects=False)


def is_waiting_page(answer: httpx.Response) -> bool:
    """Tell whether an answer is the waiting page."""
    return answer.status_code == 200 and 'id="classdesk-pending"' in answer.text


def failure_text(answer: httpx.Response) -> str:
    """Return the sentences with which a page says that a session could not start."""
    found = re.search(r"<p role=\"alert\">(.*?)</p>\s*(<a|</div)", answer.text, re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", found.group(1) if found else "")
    return " ".join(html.unescape(text).split())


def events(client: HubClient, timeout: float) -> Iterator[dict[str, Any]]:
    """Follow the waiting page's event stream until it ends.

    Raises:
        AssertionError: It has not ended in time.
    """
    end = time.monotonic() + PATIENCE * timeout
    path = f"/hub/api/users/{client.name}/server/progress"
    with client.http.stream("GET", path, params={"_xsrf": client.xsrf}, timeout=30 * PATIENCE) as answer:
        assert answer.status_code == 200, answer.read()
        for line in answer.iter_lines():
            assert time.monotonic() < end, f"the event stream has not ended within {timeout:g} s"
            if line.startswith("data:"):
                event: dict[str, Any] = json.loads(line[5:])
                yield event
                if event.get("ready") or event.get("failed"):
                    return


def ended_page(client: HubClient) -> str:
    """Return what a learner reads on the page of a session that is no more."""
    answer = client.http.get(f"/user/{client.name}/", follow_redirects=True)
    found = re.search(r"<p role=\"status\">(.*?)</p>", answer.text, re.DOTALL)
    assert found, answer.text
    return html.unescape(found.group(1)).strip()


def let_pass(seconds: float) -> None:
    """Let a fault last; nothing is waited for."""
    time.sleep(max(0.0, seconds))


def session_port(user: str) -> int:
    """Return the port that a user's session has told the hub, from the session's newest log."""
    logs = sorted(
        Path("/home", user, ".local/state/classdesk").glob("session-*.log"),
        key=lambda log: log.stat().st_mtime,
    )
    return int(re.findall(r"listens on port (\d+)", logs[-1].read_text())[-1])


def until_told(client: HubClient, words: str, timeout: float = 20) -> str:
    """Follow the event stream until it says these words; return the message."""
    told = []
    for event in events(client, timeout):
        told.append(event["message"])
        if words in event["message"]:
            return str(event["message"])
    raise AssertionError(f"the stream never said “{words}”: {told}")


def server_of(user: str) -> int:
    """Return the process of a session's server.

    Raises:
        AssertionError: There is none yet.
    """
    found = [line for line in processes(user) if "classdesk_desktop.server.app" in line]
    assert found, processes(user)
    return int(found[0].split()[0])


def until_failed(client: HubClient, timeout: float = 30) -> str:
    """Wait until a start has failed and return what the learner reads then."""
    wait_until(lambda: not client.server(), timeout, f"the start of {client.name} has failed")
    text = failure_text(waiting_page(client))
    assert text, waiting_page(client).text
    return text


def until_ready(client: HubClient, timeout: float = 60) -> None:
    """Wait until a session is ready and answers through the proxy."""
    wait_until(lambda: client.server().get("ready"), timeout, f"{client.name}'s session is ready")
    wait_until(lambda: page_answers(client), 10, f"{client.name}'s session answers")


class Latency:
    """Measures, beside what else happens, how fast the hub answers and whether sessions do.

    Args:
        hub: The hub.
        clients: Learners whose sessions must answer all the time.
    """

    def __init__(self, hub: Hub, *clients: HubClient) -> None:
        self.worst_s = 0.0
        self.failed: list[str] = []
        self._hub = hub
        self._clients = clients
        self._times: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    def __str__(self) -> str:
        median = statistics.median(self._times) if self._times else 0.0
        return (
            f"{len(self._times)} calls of /hub/api: median {1000 * median:.0f} ms, worst {1000 * self.worst_s:.0f} ms"
        )

    def _measure(self) -> None:
        while not self._end.wait(0.25):
            began = time.monotonic()
            try:
                answer = httpx.get("http://127.0.0.1:8081/hub/api/", timeout=20 * PATIENCE)
                assert answer.status_code == 200
            except (httpx.HTTPError, AssertionError) as error:
                self.failed.append(f"the hub: {error!r}")
            took = time.monotonic() - began
            self._times.append(took)
            self.worst_s = max(self.worst_s, took)
            for client in self._clients:
                try:
                    page = httpx.get(f"{self._hub.url}/user/{client.name}/api", timeout=20 * PATIENCE)
                    assert page.status_code == 200, page.status_code
                except (httpx.HTTPError, AssertionError) as error:
                    self.failed.append(f"the session of {client.name}: {error!r}")


# The hub's log ------------------------------------------------------------------------------


def hub_log_since(position: int) -> str:
    """Return the hub's log from a position on."""
    with (LOGS / "hub.log").open("rb") as log:
        log.seek(position)
        return log.read().decode(errors="replace")


@contextlib.contextmanager
def until_called_home(client: HubClient) -> Iterator[None]:
    """At the end, wait until the session that is started inside has told the hub its port.

    The waiting page may not show that phase: the session can be ready in the same moment.
    """
    position = (LOGS / "hub.log").stat().st_size
    yield
    call = f"201 POST /hub/api/batchspawner ({client.name}@"
    wait_until(lambda: call in hub_log_since(position), 60, "the session has called home")


@contextlib.contextmanager
def no_traceback() -> Iterator[None]:
    """Assert that the hub's log gets no traceback and no forgotten exception."""
    log = LOGS / "hub.log"
    position = log.stat().st_size if log.exists() else 0
    yield
    lines = hub_log_since(position).splitlines()
    for number, line in enumerate(lines):
        if BAD_WORDS.search(line):
            around = "\n".join(lines[max(0, number - 5) : number + 40])
            raise AssertionError(f"the hub's log has what it should not have:\n{around}")
