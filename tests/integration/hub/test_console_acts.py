"""Acts of an instructor at the class console, against a real hub: done, refused, failed in part, cut short."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.class_hub import ClassHub, until


def test_a_class_is_started_with_its_preset_and_stopped(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    body = {"act": "start", "learners": ["nobody", "games"]}
    answer = hub.ask("POST", "api/class/dask/acts", token, json=body)
    path = f"api/class/dask/acts/{answer.json()['id']}"
    hub.let_run("nobody")
    until(lambda: hub.learners(token)["games"]["state"] == "queued", "games waits")
    games = hub.learners(token)["games"]
    assert games["place"] == 1
    assert games["reason"] == "waiting for free cores"
    hub.let_run("games")
    act = until(lambda: (a := hub.ask("GET", path, token).json())["done"] and a, "started", 60)
    assert {one["message"] for one in act["results"]} == {"Running on n1."}
    job = next(iter(hub.slurm.jobs().values()))
    assert "--cpus-per-task=1" in job["argv"]
    assert "--time=120" in job["argv"]
    nobody = hub.learners(token)["nobody"]
    assert (nobody["state"], nobody["node"], nobody["cores"]) == ("running", "n1", 1)
    again = hub.act(token, body)
    assert again["nobody"]["message"].startswith("Nothing to do")

    _in_the_session(hub, token)
    _partial_failure(hub, token)

    stopped = hub.act(token, {"act": "stop", "learners": ["nobody", "games"]})
    # The learner reads whose act it is; there is nobody to tell it afterwards.
    for name in ("nobody", "games"):
        announced = hub.sessions.of(name)[-1]
        assert (announced["call"], announced["body"]) == ("POST desktop/announce", {"act": "stop"})
    assert {one["message"] for one in stopped.values()} == {"The session has ended."}
    assert {job["state"] for job in hub.slurm.jobs().values()} == {"CANCELLED"}
    refused = hub.act(token, {"act": "message", "learners": ["games"], "text": "x"})
    assert refused["games"]["message"] == "There is no session."


def _in_the_session(hub: ClassHub, token: str) -> None:
    """Acts reach the session with a token that opens it and nothing else."""
    for act, more, call, body in (
        ("message", {"text": "Save."}, "POST desktop/message", {"text": "Save."}),
        ("reset-desktop", {}, "POST desktop/reset", {"what": "desktop"}),
        ("reset-lesson", {}, "POST desktop/reset", {"what": "lesson"}),
        ("take-hand", {}, "POST desktop/hand", {}),
        ("lower-hand", {}, "DELETE desktop/hand", None),
    ):
        results = hub.act(token, {"act": act, "learners": ["nobody"], **more})
        assert results["nobody"]["status"] == "done", results
        seen = hub.sessions.of("nobody")[-1]
        assert (seen["call"], seen["body"]) == (call, body)
        assert seen["token"] != token
        model = hub.hub("GET", "/user", seen["token"]).json()
        assert model["name"] == "ines"
        assert [s for s in model["scopes"] if not s.startswith("read:users")] == ["access:servers!server=nobody/"]
        assert hub.hub("DELETE", "/users/games/server", seen["token"]).status_code in {403, 404}
        assert hub.ask("GET", "api/classes", seen["token"]).status_code == 403
        again = hub.hub("POST", "/classdesk/users/nobody/visit", seen["token"], json={})
        assert again.status_code == 403


def _partial_failure(hub: ClassHub, token: str) -> None:
    hub.sessions.refusals["games"] = "The desktop is just being reset."
    results = hub.act(token, {"act": "reset-desktop", "learners": ["nobody", "games"]})
    assert results["nobody"] == {
        "learner": "nobody",
        "status": "done",
        "message": "A fresh desktop is there; the old settings are kept in ~/x.",
        "final": False,
        "end": None,
    }
    assert results["games"]["status"] == "failed"
    assert results["games"]["message"] == "The desktop is just being reset."
    assert results["games"]["final"] is True
    hub.sessions.refusals["games"] = "Broken \ud800\x1b[2J\n" + 9 * "\u2028x"  # its learner's own server
    results = hub.act(token, {"act": "reset-desktop", "learners": ["games", "nobody"]})
    assert results["games"]["message"] == "Broken [2J" + 9 * " x"
    assert results["nobody"]["status"] == "done"
    del hub.sessions.refusals["games"]
    assert hub.act(token, {"act": "reset-desktop", "learners": ["games"]})["games"]["status"] == "done"


def test_the_learner_of_a_restarted_session_is_told_before_and_after(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]

    def is_done(path: str) -> bool:
        return bool(hub.ask("GET", path, token).json()["done"])

    def is_told() -> bool:
        return _announced(hub, "nobody")[-2:] == [{"act": "restart"}, {"act": "restarted"}]

    for act in ("start", "restart"):
        begun = hub.ask("POST", "api/class/dask/acts", token, json={"act": act, "learners": ["nobody"]})
        hub.let_run("nobody")
        until(partial(is_done, f"api/class/dask/acts/{begun.json()['id']}"), f"{act} is done", 60)
    until(is_told, "the learner is told")
    hub.act(token, {"act": "stop", "learners": ["nobody"]})


def test_the_learner_is_told_of_a_restart_also_when_the_new_session_was_long_in_the_queue(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    token = tokens["instructor"]
    begun = hub.ask("POST", "api/class/dask/acts", token, json={"act": "start", "learners": ["games"]})
    hub.let_run("games")
    path = f"api/class/dask/acts/{begun.json()['id']}"
    until(lambda: hub.ask("GET", path, token).json()["done"], "it is started", 60)
    restarted = hub.act(token, {"act": "restart", "learners": ["games"]})
    assert restarted["games"]["message"].startswith("In the queue: ")
    assert _announced(hub, "games")[-1] == {"act": "restart"}
    hub.let_run("games")
    until(lambda: _announced(hub, "games")[-1] == {"act": "restarted"}, "the learner is told on the new page")
    hub.act(token, {"act": "stop", "learners": ["games"]})


def _announced(hub: ClassHub, name: str) -> list[Any]:
    return [call["body"] for call in hub.sessions.of(name) if call["call"] == "POST desktop/announce"]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        pytest.param({"act": "sudo", "learners": ["nobody"]}, 400, "act", id="unknown-act"),
        pytest.param({"act": "stop", "learners": []}, 400, "learners", id="nobody-at-all"),
        pytest.param({"act": "stop"}, 400, "learners", id="no-learners"),
        pytest.param({"act": "stop", "learners": ["nobody", "nobody"]}, 400, "twice", id="twice"),
        pytest.param({"act": "message", "learners": ["nobody"]}, 400, "empty", id="empty-message"),
        pytest.param({"act": "message", "learners": ["nobody"], "text": "x" * 2001}, 400, "text", id="long"),
        pytest.param({"act": "extend", "learners": ["nobody"]}, 400, "minutes", id="no-minutes"),
        pytest.param({"act": "stop", "learners": ["nobody"], "cmd": "id"}, 400, "cmd", id="unknown-key"),
        pytest.param({"act": "stop", "learners": ["daemon"]}, 403, "Not in your class: daemon", id="foreign"),
        pytest.param({"act": "stop", "learners": ["50%"]}, 403, "Not in your class: 50%.", id="no-user"),
    ],
)
def test_other_requests_are_refused(
    hub: ClassHub, tokens: dict[str, str], body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = hub.ask("POST", "api/class/dask/acts", tokens["instructor"], json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["message"]


def test_a_console_that_dies_is_back_within_seconds_and_says_what_was_not_done(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    token = tokens["instructor"]
    start = {"act": "start", "learners": ["nobody"]}
    act = hub.ask("POST", "api/class/dask/acts", token, json=start).json()["id"]
    until(lambda: hub.learners(token)["nobody"]["state"] == "queued", "nobody waits")
    (console,) = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"\0run\0console\0" in (line := _command_line(process)) and str(hub.state.parent).encode() in line
    ]
    os.kill(console, signal.SIGTERM)
    until(lambda: not _command_line(Path(f"/proc/{console}")), "it ends", 5)

    def answers() -> bool:
        try:
            return hub.ask("GET", "api/classes", token).status_code == 200
        except httpx.HTTPError:
            return False

    until(answers, "it is back", 15)
    assert hub.ask("GET", f"api/class/dask/acts/{act}", token).status_code == 404
    events = hub.ask("GET", "api/class/dask/audit?limit=5", token).json()
    told = {event["detail"] for event in events if event.get("act_id") == act}
    assert told == {"The console was stopped before this was done."}
    assert hub.learners(token)["nobody"]["state"] == "queued"
    hub.act(token, {"act": "stop", "learners": ["nobody"]})


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
