"""The class console against a real hub: who may do what, acts, the record, the stream."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.class_hub import ClassHub, class_hub

CLASSES = """
admins = ["root2"]
[desktop]
thumbnails = true
[classes.dask]
title = "Dask, Tuesday"
instructors = ["ines"]
learners = ["nobody", "games"]
preset = { interface = "desktop", cores = 1, hours = 2.0 }
[classes.other]
instructors = ["olaf"]
learners = ["daemon"]
may_import = "instructor"
"""

ROUTES = [
    ("GET", ""),
    ("GET", "class/dask"),
    ("GET", "api/classes"),
    ("GET", "api/class/dask/learners"),
    ("GET", "api/class/dask/stream"),
    ("POST", "api/class/dask/acts"),
    ("GET", "api/class/dask/acts/0123456789abcdef"),
    ("GET", "api/class/dask/audit"),
    ("GET", "api/class/dask/roster.csv"),
    ("POST", "api/class/dask/roster"),
    ("GET", "api/class/dask/link"),
    ("GET", "api/class/dask/thumbnail/nobody"),
    ("GET", "metrics"),
]
OF_NO_CLASS = {"", "api/classes"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassHub]:
    with class_hub(tmp_path_factory.mktemp("class") / "hub", CLASSES) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(hub: ClassHub) -> dict[str, str]:
    """Tokens of one person of each role."""
    hub.hub("POST", "/users/root2", json={"admin": True})
    names = {"instructor": "ines", "foreign": "olaf", "learner": "nobody", "admin": "root2"}
    return {role: hub.token(name) for role, name in names.items()}


def _until(true: Callable[[], Any], what: str, timeout: float = 20) -> Any:
    end = time.monotonic() + timeout
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


def _act(hub: ClassHub, token: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = hub.ask("POST", "api/class/dask/acts", token, json=body)
    assert answer.status_code == 202, answer.text
    path = f"api/class/dask/acts/{answer.json()['id']}"
    found: dict[str, Any] = _until(
        lambda: (act := hub.ask("GET", path, token).json())["done"] and act, f"{body} is done", 60
    )
    return {one["learner"]: one for one in found["results"]}


def _learners(hub: ClassHub, token: str) -> dict[str, Any]:
    answer = hub.ask("GET", "api/class/dask/learners", token).json()
    return {one["name"]: one for one in answer["learners"]}


def _status(hub: ClassHub, method: str, path: str, token: str | None) -> int:
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}
    if path.endswith("stream"):
        headers = {"Authorization": f"token {token}"} if token else {}
        with httpx.stream("GET", f"{hub.console}{path}", headers=headers, timeout=30) as answer:
            return answer.status_code
    return hub.ask(method, path, token, **body).status_code


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[f"{m} /{p}" for m, p in ROUTES])
def test_every_route_is_closed_to_every_other_role(
    hub: ClassHub, tokens: dict[str, str], method: str, path: str
) -> None:
    assert _status(hub, method, path, tokens["learner"]) == 403
    assert _status(hub, method, path, "no-such-token-0123456789") in {302, 403}
    assert _status(hub, method, path, None) in {302, 403}
    foreign = _status(hub, method, path, tokens["foreign"])
    assert foreign == (403 if path not in OF_NO_CLASS else 302 if path == "" else 200)
    of_session = _session_token(hub)
    assert _status(hub, method, path, of_session) == 403
    if path != "metrics":
        assert _status(hub, method, path, tokens["instructor"]) != 403
    assert _status(hub, method, path, tokens["admin"]) != 403


def _session_token(hub: ClassHub) -> str:
    """Return a token like that of a session: it can report activity, and opens itself."""
    wish = {"note": "x", "scopes": ["users:activity!user", "access:servers!server=nobody/"]}
    return str(hub.hub("POST", "/users/nobody/tokens", json=wish).json()["token"])


def test_the_walk_knows_every_route(hub: ClassHub) -> None:
    source = Path(__file__).parents[3] / "hub_config/classdesk_hub/console/app.py"
    lines = [line for line in source.read_text().splitlines() if ", ours)," in line]
    # Two routes of one path differ by method; `acts` and `roster` are told apart by their names.
    assert len(lines) == len(ROUTES)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/nobody"),
        ("POST", "/users/nobody/server"),
        ("DELETE", "/users/nobody/server"),
        ("POST", "/classdesk/users/nobody/extend"),
        ("POST", "/classdesk/users/nobody/visit"),
        ("POST", "/groups/dask/users"),
        ("POST", "/groups/other/users"),
        ("POST", "/users/nobody/tokens"),
    ],
)
def test_the_hub_itself_refuses_a_foreign_instructor(
    hub: ClassHub, tokens: dict[str, str], method: str, path: str
) -> None:
    body = {"users": ["ines"], "minutes": 5} if method == "POST" else None
    answer = hub.hub(method, path, tokens["foreign"], json=body)
    assert answer.status_code in {403, 404}, answer.text


def test_sessions_and_classes_are_told_by_scope(hub: ClassHub, tokens: dict[str, str]) -> None:
    assert set(hub.hub("GET", "/classdesk/classes", tokens["foreign"]).json()["classes"]) == {
        "other"
    }
    assert set(hub.hub("GET", "/classdesk/classes", tokens["admin"]).json()["classes"]) == {
        "dask",
        "other",
    }
    assert hub.hub("GET", "/classdesk/classes", tokens["learner"]).status_code == 403


def test_a_class_is_started_with_its_preset_and_stopped(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    token = tokens["instructor"]
    body = {"act": "start", "learners": ["nobody", "games"]}
    answer = hub.ask("POST", "api/class/dask/acts", token, json=body)
    path = f"api/class/dask/acts/{answer.json()['id']}"
    hub.let_run("nobody")
    _until(lambda: _learners(hub, token)["games"]["state"] == "queued", "games waits")
    games = _learners(hub, token)["games"]
    assert games["place"] == 1
    assert "others are ahead" in games["reason"]
    hub.let_run("games")
    act = _until(lambda: (a := hub.ask("GET", path, token).json())["done"] and a, "started", 60)
    assert {one["message"] for one in act["results"]} == {"It runs on n1."}
    job = next(iter(hub.slurm.jobs().values()))
    assert "--cpus-per-task=1" in job["argv"]
    assert "--time=120" in job["argv"]
    nobody = _learners(hub, token)["nobody"]
    assert (nobody["state"], nobody["node"], nobody["cores"]) == ("running", "n1", 1)
    again = _act(hub, token, body)
    assert again["nobody"]["message"].startswith("Nothing to do")

    _in_the_session(hub, token)
    _partial_failure(hub, token)

    stopped = _act(hub, token, {"act": "stop", "learners": ["nobody", "games"]})
    assert {one["message"] for one in stopped.values()} == {"The session has ended."}
    assert {job["state"] for job in hub.slurm.jobs().values()} == {"CANCELLED"}
    refused = _act(hub, token, {"act": "message", "learners": ["games"], "text": "x"})
    assert refused["games"]["message"] == "There is no session."


def _in_the_session(hub: ClassHub, token: str) -> None:
    """Acts reach the session with a token that opens it and nothing else."""
    for act, more, call, body in (
        ("message", {"text": "Save."}, "POST desktop/message", {"text": "Save."}),
        ("reset-desktop", {}, "POST desktop/reset", {"what": "desktop"}),
        ("reset-lesson", {}, "POST desktop/reset", {"what": "lesson"}),
        ("lower-hand", {}, "DELETE desktop/hand", None),
    ):
        results = _act(hub, token, {"act": act, "learners": ["nobody"], **more})
        assert results["nobody"]["status"] == "done", results
        seen = hub.sessions.of("nobody")[-1]
        assert (seen["call"], seen["body"]) == (call, body)
        assert seen["token"] != token
        model = hub.hub("GET", "/user", seen["token"]).json()
        assert model["name"] == "ines"
        assert [s for s in model["scopes"] if not s.startswith("read:users")] == [
            "access:servers!server=nobody/"
        ]
        assert hub.hub("DELETE", "/users/games/server", seen["token"]).status_code in {403, 404}
        assert hub.ask("GET", "api/classes", seen["token"]).status_code == 403
        again = hub.hub("POST", "/classdesk/users/nobody/visit", seen["token"], json={})
        assert again.status_code == 403


def _partial_failure(hub: ClassHub, token: str) -> None:
    hub.sessions.refusals["games"] = "The desktop is just being reset."
    results = _act(hub, token, {"act": "reset-desktop", "learners": ["nobody", "games"]})
    assert results["nobody"] == {
        "learner": "nobody",
        "status": "done",
        "message": "Kept in ~/x.",
    }
    assert results["games"]["status"] == "failed"
    assert results["games"]["message"] == "The desktop is just being reset."
    del hub.sessions.refusals["games"]
    assert (
        _act(hub, token, {"act": "reset-desktop", "learners": ["games"]})["games"]["status"]
        == "done"
    )


def test_the_record_says_who_did_what_to_whom(hub: ClassHub, tokens: dict[str, str]) -> None:
    _act(hub, tokens["instructor"], {"act": "stop", "learners": ["nobody"]})
    events = hub.ask("GET", "api/class/dask/audit?limit=5", tokens["instructor"]).json()
    newest = events[0]
    assert (newest["who"], newest["act"], newest["whom"]) == ("ines", "stop", ["nobody"])
    assert newest["result"] == "done"
    assert abs(newest["time"] - time.time()) < 20
    assert hub.ask("GET", "api/class/other/audit", tokens["foreign"]).json() == []
    assert (hub.state / "audit.jsonl").stat().st_mode & 0o777 == 0o640
    raw = [json.loads(line) for line in (hub.state / "audit.jsonl").read_text().splitlines()]
    assert raw[-2]["result"] == "asked"


def test_what_does_not_come_from_the_console_is_on_record_too(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    before = hub.hub("DELETE", "/users/games/server", tokens["instructor"])
    assert before.status_code == 204
    events = hub.ask("GET", "api/class/dask/audit?limit=1", tokens["instructor"]).json()
    assert (events[0]["who"], events[0]["act"], events[0]["whom"]) == ("ines", "stop", ["games"])
    assert "by the hub's API" in events[0]["detail"]
    # What a learner does with his own session is nobody's business.
    assert hub.hub("DELETE", "/users/nobody/server", tokens["learner"]).status_code == 204
    events = hub.ask("GET", "api/class/dask/audit?limit=1", tokens["instructor"]).json()
    assert events[0]["whom"] == ["games"]


def test_who_watches_is_on_record(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    start = {"act": "start", "learners": ["games"]}
    assert hub.ask("POST", "api/class/dask/acts", token, json=start).status_code == 202
    session = hub.let_run("games")
    _until(lambda: _learners(hub, token)["games"]["state"] == "running", "games runs")
    report = {
        "idle_s": 1200.0,
        "busy": False,
        "cpu_s": 1.0,
        "memory_mib": 200.0,
        "desktop": "painted",
        "safe": False,
        "hand": {"since": 5, "text": "Help"},
        "watchers": ["ines"],
    }
    answer = hub.hub("POST", "/classdesk/report", session, json=report)
    assert answer.json()["end"] > time.time()
    games = _until(lambda: (g := _learners(hub, token)["games"])["hand"] and g, "the hand is up", 4)
    assert games["state"] == "idle"
    assert games["watchers"] == ["ines"]
    hub.hub("POST", "/classdesk/report", session, json={**report, "watchers": []})
    events = hub.ask("GET", "api/class/dask/audit?limit=2", token).json()
    assert [(e["who"], e["act"], e["whom"], e["result"]) for e in events] == [
        ("ines", "observe", ["games"], "ended"),
        ("ines", "observe", ["games"], "began"),
    ]
    assert hub.hub("POST", "/classdesk/report", tokens["learner"], json=report).status_code == 403
    assert hub.hub("POST", "/classdesk/extend", session, json={}).status_code == 403
    _act(hub, token, {"act": "stop", "learners": ["games"]})


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        pytest.param({"act": "sudo", "learners": ["nobody"]}, 400, "act", id="unknown-act"),
        pytest.param({"act": "stop", "learners": []}, 400, "learners", id="nobody-at-all"),
        pytest.param({"act": "stop"}, 400, "learners", id="no-learners"),
        pytest.param({"act": "stop", "learners": ["nobody", "nobody"]}, 400, "twice", id="twice"),
        pytest.param({"act": "message", "learners": ["nobody"]}, 400, "empty", id="empty-message"),
        pytest.param(
            {"act": "message", "learners": ["nobody"], "text": "x" * 2001}, 400, "text", id="long"
        ),
        pytest.param({"act": "extend", "learners": ["nobody"]}, 400, "minutes", id="no-minutes"),
        pytest.param(
            {"act": "stop", "learners": ["nobody"], "cmd": "id"}, 400, "cmd", id="unknown-key"
        ),
        pytest.param(
            {"act": "stop", "learners": ["daemon"]}, 403, "Not in your class: daemon", id="foreign"
        ),
        pytest.param({"act": "stop", "learners": ["../x"]}, 403, "Not in your class", id="no-user"),
    ],
)
def test_other_requests_are_refused(
    hub: ClassHub, tokens: dict[str, str], body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = hub.ask("POST", "api/class/dask/acts", tokens["instructor"], json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["message"]


def test_orders_from_other_sites_are_refused(hub: ClassHub, tokens: dict[str, str]) -> None:
    body = {"act": "stop", "learners": ["nobody"]}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        answer = httpx.post(
            f"{hub.console}api/class/dask/acts",
            headers={"Authorization": f"token {tokens['instructor']}", **headers},
            json=body,
        )
        assert answer.status_code == 403
        assert "other sites" in answer.json()["message"]


def test_the_stream_tells_changes_within_two_seconds(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    headers = {"Authorization": f"token {token}"}
    with httpx.stream(
        "GET", f"{hub.console}api/class/dask/stream", headers=headers, timeout=15
    ) as answer:
        events = _events(answer)
        kind, first = next(events)
        assert kind == "snapshot"
        assert {one["name"] for one in first["learners"]} == {"nobody", "games"}
        assert first["policy"]["thumbnails"] is True
        began = time.monotonic()
        start = {"act": "start", "learners": ["nobody"]}
        assert hub.ask("POST", "api/class/dask/acts", token, json=start).status_code == 202
        for kind, event in events:
            if kind == "change" and event["learners"][0]["state"] in {"queued", "starting"}:
                break
        assert event["version"] > first["version"]
        assert event["counts"]["not started"] == 1
        assert time.monotonic() - began < 4  # one second of it is for sbatch and the turns
    _act(hub, token, {"act": "stop", "learners": ["nobody"]})


def _events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def test_a_roster_is_previewed_and_taken(hub: ClassHub, tokens: dict[str, str]) -> None:
    roster = "api/class/other/roster"
    text = "user;name;group\ndaemon;Demon, Del;other\nman;Manuela;\n"
    olaf = tokens["foreign"]
    preview = hub.ask("POST", roster, olaf, json={"csv": text, "preview": True}).json()
    assert preview == {
        "add": ["man"],
        "remove": [],
        "rename": ["daemon"],
        "keep": 1,
        "errors": [],
        "applied": False,
    }
    done = hub.ask("POST", roster, olaf, json={"csv": text, "preview": False}).json()
    assert done["applied"]
    exported = hub.ask("GET", "api/class/other/roster.csv", olaf)
    assert exported.text.splitlines() == [
        "user,name,group",
        'daemon,"Demon, Del",other',
        "man,Manuela,other",
    ]
    assert 'filename="other.csv"' in exported.headers["Content-Disposition"]
    learners = hub.ask("GET", "api/class/other/learners", olaf).json()["learners"]
    assert {one["full_name"] for one in learners} == {"Demon, Del", "Manuela"}
    # The one of the site file stays, whatever a roster says.
    gone = hub.ask("POST", roster, olaf, json={"csv": "bin,,other", "preview": False}).json()
    assert (gone["add"], gone["remove"], gone["keep"]) == (["bin"], ["man"], 1)
    events = hub.ask("GET", "api/class/other/audit", olaf).json()
    assert events[0]["act"] == "import"


def test_a_roster_gives_nobody_power_over_his_betters(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    text = "root2,,other\nines,,other\nolaf,,other\nno-such-user,,other\nbin,,dask\n"
    answer = hub.ask(
        "POST", "api/class/other/roster", tokens["foreign"], json={"csv": text, "preview": False}
    ).json()
    assert not answer["applied"]
    said = {(error["line"], error["message"].partition(" ")[2]) for error in answer["errors"]}
    assert (1, "is an administrator of the hub, and can't be a learner.") in said
    assert (2, "is an instructor; only an administrator can make him a learner.") in said
    assert (3, "is an instructor of this class.") in said
    assert (4, "is no account “no-such-user” on this machine.") in said
    assert {line for line, _ in said} == {1, 2, 3, 4, 5}
    # Where only administrators may, an instructor may not at all.
    denied = hub.ask(
        "POST",
        "api/class/dask/roster",
        tokens["instructor"],
        json={"csv": "bin,,", "preview": True},
    )
    assert denied.status_code == 403
    assert hub.ask(
        "POST", "api/class/dask/roster", tokens["admin"], json={"csv": "nobody,,\ngames,,"}
    ).json()["applied"]


def test_the_commands_do_the_same(hub: ClassHub, tmp_path: Path) -> None:
    listed = hub.command("list").stdout
    assert "Dask, Tuesday" in listed
    assert "ines" in listed
    assert "not started" in hub.command("show", "dask").stdout
    started = hub.command("start", "dask", "nobody", "daemon")
    assert started.returncode == 1
    assert "Not in your class: daemon" in started.stderr
    asks = hub.command("stop", "dask", "nobody", "games")
    assert "The sessions of 2 learners will be stopped. Go on?" in asks.stdout
    assert asks.returncode == 1
    stopped = hub.command("stop", "dask", "nobody", "--yes")
    assert stopped.stdout == "nobody: done: Nothing to do: there was no session.\n"
    assert hub.command("message", "dask", "Hello").stdout.startswith("Nothing to do")
    failed = hub.command("reset", "dask", "lesson", "games", "--yes")
    assert failed.stdout == "games: failed: There is no session.\n"
    assert failed.returncode == 1
    assert "1 of 1 failed" in failed.stderr
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "user,name,group\nnobody,No Body,dask\ngames,,dask\ndaemon,,other\nx y,,other\n"
    )
    wrong = hub.command("import", str(roster))
    assert wrong.returncode == 1
    assert "line 5: “x y” is not a user name." in wrong.stderr
    roster.write_text(roster.read_text().replace("x y,,other\n", ""))
    preview = hub.command("import", str(roster), "--preview").stdout
    assert "dask: would change\n  rename nobody\n  keep 2\n" in preview
    assert hub.command("import", str(roster)).returncode == 0
    assert "nobody,No Body,dask" in hub.command("export").stdout.splitlines()
    assert "classdesk-class" in hub.command("audit", "dask").stdout
    assert (hub.state / "class_token").stat().st_mode & 0o777 == 0o600


def test_the_link_is_the_form_of_the_class(hub: ClassHub, tokens: dict[str, str]) -> None:
    link = hub.ask("GET", "api/class/dask/link", tokens["instructor"]).json()
    assert link["url"].endswith("/hub/spawn?class=dask")
    assert link["qr_svg"].startswith("<svg ")
    assert "script" not in link["qr_svg"]


def test_figures_are_for_prometheus_and_name_nobody(hub: ClassHub) -> None:
    token = (hub.state / "status_token").read_text()
    answer = hub.ask("GET", "metrics", token)
    assert answer.status_code == 200
    for name in (
        'classdesk_sessions{state="running"}',
        'classdesk_start_seconds_bucket{le="5.0"}',
        "classdesk_start_failures_total",
        'classdesk_resets_total{kind="desktop"}',
        "classdesk_messages_total",
        "classdesk_acts_total",
    ):
        assert name in answer.text
    assert "nobody" not in answer.text
    root = hub.api.removesuffix("/api")
    hubs_own = httpx.get(f"{root}/metrics", headers={"Authorization": f"token {token}"})
    assert "jupyterhub_server_spawn_duration_seconds" in hubs_own.text


def test_no_token_is_in_the_log(hub: ClassHub, tokens: dict[str, str]) -> None:
    text = hub.log.read_text()
    for token in (*tokens.values(), (hub.state / "console_token").read_text()):
        assert token not in text
    for call in hub.sessions.calls:
        assert not call["token"] or call["token"] not in text


def test_a_console_that_dies_is_back_within_seconds_and_says_what_was_not_done(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    token = tokens["instructor"]
    start = {"act": "start", "learners": ["nobody"]}
    act = hub.ask("POST", "api/class/dask/acts", token, json=start).json()["id"]
    _until(lambda: _learners(hub, token)["nobody"]["state"] == "queued", "nobody waits")
    (console,) = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"\0run\0console\0" in (line := _command_line(process))
        and str(hub.state.parent).encode() in line
    ]
    os.kill(console, signal.SIGTERM)
    _until(lambda: not _command_line(Path(f"/proc/{console}")), "it ends", 5)

    def answers() -> bool:
        try:
            return hub.ask("GET", "api/classes", token).status_code == 200
        except httpx.HTTPError:
            return False

    _until(answers, "it is back", 15)
    assert hub.ask("GET", f"api/class/dask/acts/{act}", token).status_code == 404
    events = hub.ask("GET", "api/class/dask/audit?limit=5", token).json()
    told = {event["detail"] for event in events if event.get("act_id") == act}
    assert told == {"The console was stopped before this was done."}
    assert _learners(hub, token)["nobody"]["state"] == "queued"
    _act(hub, token, {"act": "stop", "learners": ["nobody"]})


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
