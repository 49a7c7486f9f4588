"""What the class console tells, against a real hub: the record, the stream of changes, figures, its log."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from support.class_hub import ClassHub, until
from support.world import PATIENCE


def test_the_record_says_who_did_what_to_whom(hub: ClassHub, tokens: dict[str, str]) -> None:
    hub.act(tokens["instructor"], {"act": "stop", "learners": ["nobody"]})
    events = hub.ask("GET", "api/class/dask/audit?limit=5", tokens["instructor"]).json()
    newest = events[0]
    assert (newest["who"], newest["act"], newest["whom"]) == ("ines", "stop", ["nobody"])
    assert newest["result"] == "done"
    assert abs(newest["time"] - time.time()) < 20
    assert hub.ask("GET", "api/class/other/audit", tokens["foreign"]).json() == []
    assert (hub.state / "audit.jsonl").stat().st_mode & 0o777 == 0o640
    raw = [json.loads(line) for line in (hub.state / "audit.jsonl").read_text().splitlines()]
    assert raw[-2]["result"] == "asked"


def test_what_does_not_come_from_the_console_is_on_record_too(hub: ClassHub, tokens: dict[str, str]) -> None:
    before = hub.hub("DELETE", "/users/games/server", tokens["instructor"])
    assert before.status_code == 204
    events = hub.ask("GET", "api/class/dask/audit?limit=1", tokens["instructor"]).json()
    assert (events[0]["who"], events[0]["act"], events[0]["whom"]) == ("ines", "stop", ["games"])
    assert "by the hub's API" in events[0]["detail"]
    # What a learner does with their own session is nobody's business.
    assert hub.hub("DELETE", "/users/nobody/server", tokens["learner"]).status_code == 204
    events = hub.ask("GET", "api/class/dask/audit?limit=1", tokens["instructor"]).json()
    assert events[0]["whom"] == ["games"]


def test_who_watches_is_on_record(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    start = {"act": "start", "learners": ["games"]}
    assert hub.ask("POST", "api/class/dask/acts", token, json=start).status_code == 202
    session = hub.let_run("games")
    until(lambda: hub.learners(token)["games"]["state"] == "running", "games runs")
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
    games = until(lambda: (g := hub.learners(token)["games"])["hand"] and g, "the hand is up", 4)
    assert games["state"] == "idle"
    assert games["watchers"] == ["ines"]
    hub.hub("POST", "/classdesk/report", session, json={**report, "watchers": []})
    events = _visits(hub, token)
    assert [(e["who"], e["act"], e["whom"], e["result"]) for e in events] == [
        ("ines", "observe", ["games"], "ended"),
        ("ines", "observe", ["games"], "began"),
    ]
    # The session is the learner's, who may make it tell anything.
    made_up = {**report, "watchers": ["<b>", "x" * 255, "someone"]}
    assert hub.hub("POST", "/classdesk/report", session, json=made_up).status_code == 200
    assert _visits(hub, token) == events
    assert hub.hub("POST", "/classdesk/report", tokens["learner"], json=report).status_code == 403
    assert hub.hub("POST", "/classdesk/extend", session, json={}).status_code == 403
    hub.act(token, {"act": "stop", "learners": ["games"]})


def _visits(hub: ClassHub, token: str) -> list[dict[str, Any]]:
    events = hub.ask("GET", "api/class/dask/audit?limit=50", token).json()
    return [event for event in events if event["act"] == "observe"][:2]


def test_the_stream_tells_changes_within_two_seconds(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    headers = {"Authorization": f"token {token}"}
    with httpx.stream("GET", f"{hub.console}api/class/dask/stream", headers=headers, timeout=15 * PATIENCE) as answer:
        events = _events(answer)
        kind, first = next(events)
        assert kind == "snapshot"
        assert {one["name"] for one in first["learners"]} == {"nobody", "games"}
        assert first["acts"] == []
        began = time.monotonic()
        start = {"act": "start", "learners": ["nobody"]}
        assert hub.ask("POST", "api/class/dask/acts", token, json=start).status_code == 202
        for kind, event in events:
            if kind == "change" and event["learners"][0]["state"] in {"queued", "starting"}:
                break
        assert event["version"] > first["version"]
        assert event["counts"]["not started"] == 1
        assert time.monotonic() - began < 4  # one second of it is for sbatch and the turns
    hub.act(token, {"act": "stop", "learners": ["nobody"]})


def _events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


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
