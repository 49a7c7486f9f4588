"""The class console with real sessions: an instructor, three learners, by REST."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.faults import hub_answers, kill_hub, pid_of, supervisor
from support.hub_client import HubClient
from support.world import Hub, command, job_ids, processes, slurm, wait_until

CLASS = "/services/console/api/class/demo/"


class Instructor(HubClient):
    """An instructor with the console open in their browser."""

    def open_console(self) -> str:
        """Open the page of the class and return its text; logs in at the service on the way."""
        # As in a browser: the console starts after the hub, and meanwhile a page tries again.
        wait_until(
            lambda: self.http.get("/services/console/").status_code != 503,
            60,
            "the console answers",
        )
        page = self.http.get("/services/console/")
        assert page.status_code == 200, page.text
        self.page_xsrf = re.search(r'data-xsrf="([^"]+)"', page.text)[1]  # type: ignore[index]
        return page.text

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the console as its page does."""
        headers = {
            "X-XSRFToken": self.page_xsrf,
            "Sec-Fetch-Mode": "cors",
            "Sec-Fetch-Site": "same-origin",
        }
        return self.http.request(method, f"{CLASS}{path}", headers=headers, **options)

    def learners(self) -> dict[str, Any]:
        """Return the learners by name."""
        return {one["name"]: one for one in self.ask("GET", "learners").json()["learners"]}

    def act(self, act: str, *names: str, **more: Any) -> dict[str, Any]:
        """Do an act and wait for its results by learner."""
        answer = self.ask("POST", "acts", json={"act": act, "learners": list(names), **more})
        assert answer.status_code == 202, answer.text
        address = f"acts/{answer.json()['id']}"
        done = wait_until(
            lambda: (found := self.ask("GET", address).json())["done"] and found,
            120,
            f"{act} is done",
        )
        return {one["learner"]: one for one in done["results"]}


@pytest.fixture
def instructor(hub: Hub) -> Iterator[Instructor]:
    with Instructor(hub, "instructor") as client:
        client.open_console()
        names = [n for n, one in client.learners().items() if one["state"] not in {"not started", "failed"}]
        if names:
            client.act("stop", *names)
        yield client
        names = [n for n, one in client.learners().items() if one["state"] not in {"not started", "failed"}]
        if names:
            client.act("stop", *names)


def test_a_class_is_started_seen_extended_and_stopped(instructor: Instructor) -> None:
    assert set(instructor.learners()) == {"learner01", "learner02", "learner03", "learner04"}
    results = instructor.act("start", "learner01", "learner02")
    assert {one["status"] for one in results.values()} == {"done"}, results
    one = instructor.learners()["learner01"]
    assert (one["state"], one["node"], one["cores"]) == ("running", "localhost", 2)
    assert one["end"] > time.time() + 9000
    (job,) = job_ids("learner01")
    before = _end(job)
    results = instructor.act("extend", "learner01", minutes=45)
    assert results["learner01"]["status"] == "done", results
    assert _end(job) == before + 45 * 60
    wait_until(lambda: instructor.learners()["learner01"]["end"] >= before + 45 * 60, 15, "it is shown")
    results = instructor.act("extend", "learner01", minutes=1440)
    assert _end(job) <= before + 5 * 3600, "the partition's eight hours are the limit"
    assert results["learner01"]["status"] == "partly"
    assert "instead of 24 h 00 min: " in results["learner01"]["message"]
    assert results["learner01"]["end"] == _end(job)
    results = instructor.act("extend", "learner01", "learner03", minutes=5)
    assert "the partition class allows 8 hours" in results["learner01"]["message"]
    assert results["learner03"] == {
        "learner": "learner03",
        "status": "failed",
        "message": "There is no session.",
        "final": True,
        "end": None,
    }
    results = instructor.act("stop", "learner01", "learner02")
    assert {one["message"] for one in results.values()} == {"The session has ended."}
    assert job_ids("learner01") == job_ids("learner02") == []
    record = instructor.ask("GET", "audit?limit=50").json()
    assert {"start", "stop", "extend"} <= {event["act"] for event in record if event["who"] == "instructor"}


def _end(job: str) -> int:
    shown = slurm("squeue", "--noheader", "--format=%e", f"--jobs={job}")
    return int(time.mktime(time.strptime(shown, "%Y-%m-%dT%H:%M:%S")))


def test_the_learner_extends_with_the_sessions_token_as_the_site_allows(hub: Hub) -> None:
    with HubClient(hub, "learner03") as learner:
        job = learner.start(ui="desktop", cores="1")
        before = _end(job)
        answer = _as_session("learner03", "extend", {})
        assert answer.status_code == 200, answer.text
        assert _end(job) == before + 30 * 60
        assert abs(answer.json()["end"] - _end(job)) <= 1
        refused = _as_session("learner03", "extend", {"minutes": 600})
        assert refused.status_code == 403
        assert "30 minutes at a time" in refused.json()["message"]
        others = learner.api("POST", "/classdesk/users/learner03/extend", json={"minutes": 600})
        assert others.status_code == 403


def _as_session(user: str, call: str, body: dict[str, Any]) -> httpx.Response:
    """Call the hub as a session does, with its own token."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.owner() != user:
                continue
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found = [e for e in environment if e.startswith(b"JUPYTERHUB_API_TOKEN=")]
        if found:
            token = found[0].partition(b"=")[2].decode()
            return httpx.post(
                f"http://127.0.0.1:8081/hub/api/classdesk/{call}",
                headers={"Authorization": f"token {token}"},
                json=body,
                timeout=30,
            )
    raise AssertionError("no process of the session has its token")


def test_the_hub_may_raise_a_time_limit_and_nothing_else(hub: Hub) -> None:
    sudo = ("runuser", "-u", "classdesk", "--", "sudo", "-n", "-u", "slurm", "/usr/bin/scontrol")
    for words in (
        ("update", "JobId=1", "TimeLimit=0"),
        ("update", "JobId=1", "Priority=1"),
        ("update", "PartitionName=class", "State=DOWN"),
        ("show", "jobs"),
    ):
        assert "password is required" in command(*sudo, *words, check=False)
    assert "password" not in command(*sudo, "update", "JobId=999999", "TimeLimit=5", check=False)


def test_acts_in_a_session_reach_it_with_a_token_for_it_alone(instructor: Instructor) -> None:
    instructor.act("start", "learner01")
    for act, more in (
        ("message", {"text": "Please save your work."}),
        ("reset-lesson", {}),
        ("reset-desktop", {}),
    ):
        results = instructor.act(act, "learner01", **more)
        assert results["learner01"]["status"] == "done", (act, results)


def test_an_instructor_is_led_to_the_console_s_page_and_a_stranger_is_not_let_in(
    hub: Hub, instructor: Instructor
) -> None:
    instructor.act("start", "learner01")
    for path in ("desktop/", "terminal/", "files/.bashrc"):
        page = instructor.http.get(f"/user/learner01/{path}")
        assert page.url.path == "/services/console/class/demo/watch/learner01", page.text
        assert page.status_code == 200
    assert instructor.http.get("/user/learner01/api/contents").status_code == 403
    novnc = "/services/console/node_modules/@novnc/novnc"
    modules = instructor.http.get(f"{novnc}/core/rfb.js")
    assert (modules.status_code, modules.headers["Content-Type"]) == (200, "text/javascript")
    for path in ("package.json", "core/../package.json", "lib/rfb.js"):
        assert instructor.http.get(f"{novnc}/{path}").status_code == 404
    with HubClient(hub, "learner02") as other:
        for path in (
            "/user/learner01/desktop/",
            "/services/console/class/demo/watch/learner01",
            "/services/console/api/class/demo/picture/learner01",
        ):
            assert other.http.get(path).status_code == 403


def test_what_a_session_reports_is_shown(instructor: Instructor) -> None:
    instructor.act("start", "learner02")
    report = {
        "idle_s": 1000.0,
        "busy": False,
        "cpu_s": 10.0,
        "memory_mib": 300.0,
        "desktop": "painted",
        "safe": False,
        "hand": {"since": time.time(), "text": "The panel is gone."},
        "watchers": [],
    }

    def is_shown() -> bool:
        # The session itself reports, too, and says that there is no hand.
        assert _as_session("learner02", "report", report).status_code == 200
        return (instructor.learners()["learner02"]["hand"] or {}).get("text") == "The panel is gone."

    wait_until(is_shown, 10, "the hand is shown")


def test_a_cookie_alone_orders_nothing(instructor: Instructor) -> None:
    body = {"act": "start", "learners": ["learner04"]}
    for headers in (
        {},
        {"X-XSRFToken": "wrong"},
        {"X-XSRFToken": instructor.page_xsrf, "Sec-Fetch-Site": "cross-site"},
        {"X-XSRFToken": instructor.page_xsrf, "Origin": "https://evil.example"},
    ):
        answer = instructor.http.post(f"{CLASS}acts", json=body, headers=headers)
        assert answer.status_code == 403, headers
    # Nor does a page of somebody else read anything: scripts are asked for the same token.
    read = instructor.http.get(f"{CLASS}learners", headers={"Sec-Fetch-Mode": "cors"})
    assert read.status_code == 403
    assert job_ids("learner04") == []


def test_the_class_link_locks_the_form_for_members(hub: Hub, instructor: Instructor) -> None:
    link = instructor.ask("GET", "link").json()["url"]
    assert link == f"{hub.url}/c/demo"
    assert 'id="classdesk-class-trouble"' in instructor.form("?class=demo").text
    with HubClient(hub, "learner04") as learner:
        page = learner.http.get(link).text
        assert "This session is for <strong>Demo class</strong>" in page
        assert re.search(r'<input[^>]*name="cores"[^>]*readonly', page)
        refused = learner.press_start({"class": "demo", "ui": "desktop", "cores": "1"})
        assert "Number of cores: the class “Demo class” has set it to 2." in refused.text
        learner.start(**{"class": "demo"})
        assert learner.server()["user_options"]["class"] == "demo"


def test_the_page_of_a_foreign_learner_is_closed(hub: Hub) -> None:
    with HubClient(hub, "learner01") as learner:
        for path in (
            "",
            "class/demo",
            "api/classes",
            "api/class/demo/learners",
            "api/class/demo/audit",
        ):
            answer = learner.http.get(f"/services/console/{path}")
            assert answer.status_code == 403, (path, answer.status_code)


def test_the_record_and_the_tokens_are_the_hubs_own() -> None:
    state = Path("/var/lib/classdesk/hub")
    assert (state / "audit.jsonl").stat().st_mode & 0o777 == 0o640
    for name in ("class_token", "console_token", "console_cookie_secret"):
        assert (state / name).stat().st_mode & 0o777 == 0o600
    for line in (state / "audit.jsonl").read_text().splitlines():
        assert {"time", "who", "act", "whom", "result"} <= set(json.loads(line))


def _consoles() -> list[int]:
    """Return the processes of the console."""
    return [
        int(process.name) for process in Path("/proc").glob("[0-9]*") if b"\0run\0console\0" in _command_line(process)
    ]


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def one_console() -> int:
    """Wait until one console runs, and no other, and return its process."""
    wait_until(lambda: len(_consoles()) == 1, 15, "one console runs")
    (console,) = _consoles()
    return console


def test_a_killed_console_comes_back_and_knows_the_sessions(instructor: Instructor) -> None:
    instructor.act("start", "learner01")
    os.kill(one_console(), signal.SIGKILL)
    wait_until(
        lambda: (
            instructor.ask("GET", "learners").status_code == 200
            and instructor.learners()["learner01"]["state"] == "running"
        ),
        90,
        "the console is back, with the same log-in",
        every=0.5,
    )


def test_after_a_restart_of_the_hub_the_open_page_goes_on(hub: Hub, instructor: Instructor) -> None:
    instructor.act("start", "learner01")
    kill_hub(hub)
    wait_until(
        lambda: (
            instructor.ask("GET", "learners").status_code == 200
            and instructor.learners()["learner01"]["state"] in {"running", "idle"}
        ),
        90,
        "the same page and log-in show the session",
        every=0.5,
    )
    assert instructor.learners()["learner01"]["cores"] == 2
    one_console()  # the killed hub's has ended by itself


def test_who_opens_a_page_while_the_hub_is_away_gets_one_that_tries_again(hub: Hub, instructor: Instructor) -> None:
    supervisor("stop", "hub")
    try:
        # The console ends by itself, when it misses the hub that has started it.
        wait_until(lambda: instructor.http.get("/services/console/").status_code == 503, 10, "the console is away")
        for path in ("/services/console/", "/services/console/class/demo", "/hub/home"):
            away = instructor.http.get(path)
            assert away.status_code == 503
            assert "tries again" in away.text, path
            assert '<meta http-equiv="refresh"' in away.text
    finally:
        supervisor("start", "hub")
        hub_answers(hub)
    wait_until(
        lambda: (page := instructor.http.get("/services/console/")).status_code == 200 and "Demo class" in page.text,
        60,
        "the same address is the console again, without a log-in",
        every=0.5,
    )


def test_a_session_that_is_cancelled_behind_the_hubs_back_has_failed(
    instructor: Instructor,
) -> None:
    instructor.act("start", "learner01", "learner02")
    slurm("scancel", *job_ids("learner01"))
    wait_until(lambda: instructor.learners()["learner01"]["state"] == "failed", 30, "it is seen as failed")
    assert instructor.learners()["learner01"]["sentence"] == "The session was cancelled."
    instructor.act("stop", "learner02")
    assert instructor.learners()["learner02"]["state"] == "not started"
    assert instructor.learners()["learner01"]["state"] == "failed"
    instructor.act("start", "learner01")
    instructor.act("stop", "learner01")
    assert instructor.learners()["learner01"]["state"] == "not started"


def test_a_console_that_its_hub_leaves_while_it_imports_ends(hub: Hub, instructor: Instructor) -> None:
    os.kill(pid_of("hub"), signal.SIGKILL)
    wait_until(lambda: not _consoles(), 15, "the console has ended")
    (newborn,) = wait_until(_consoles, 60, "supervisord's new hub has started one", every=0.005)
    os.kill(pid_of("hub"), signal.SIGKILL)
    wait_until(lambda: newborn not in _consoles(), 15, "it has noticed that its hub is gone")
    hub_answers(hub)
    wait_until(
        lambda: instructor.ask("GET", "learners").status_code == 200,
        60,
        "the console is back",
        every=0.5,
    )
    one_console()


def test_a_session_that_goes_in_the_middle_of_an_act_is_one_failure_of_many(
    instructor: Instructor,
) -> None:
    instructor.act("start", "learner01", "learner02")
    slurm("scancel", *job_ids("learner02"))
    wait_until(lambda: not processes("learner02"), 30, "its programs have ended")
    results = instructor.act("message", "learner01", "learner02", text="Hello")
    assert results["learner01"]["status"] == "done", results
    assert results["learner02"]["status"] == "failed", results
    assert results["learner02"]["message"]
    wait_until(
        lambda: instructor.learners()["learner02"]["state"] in {"not started", "failed"},
        30,
        "the page says the truth",
    )
