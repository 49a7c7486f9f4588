"""From spawners to states in a word, and from one moment of a class to the next."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from classdesk_hub.console.board import Board, count, facts_by_user
from classdesk_hub.console.view import Viewer
from classdesk_hub.in_hub.learner_state import learner_state, places
from classdesk_hub.learner_facts import (
    HUB_SESSIONS,
    LEARNERS,
    HubSession,
    HubSessions,
    Learner,
    LearnerFacts,
    State,
    learners_as_json,
)
from classdesk_spawner import Hand, JobEndedError
from classdesk_spawner.session.report import read_report, receive
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.states import stopped_by

NOW = int(time.time())
IDLE_AFTER_S = 600.0


def _job(state: str = "RUNNING", job_id: str = "7", reason: str = "None") -> Job:
    started = state != "PENDING"
    return Job(
        job_id,
        state,
        reason,
        NOW,
        NOW + 3600 if started else None,
        "n1" if started else "",
        "ada",
        "",
    )


def _spawner(job: Job | None = None, *, session: bool = True, **changes: Any) -> Any:
    number = job.id if job else ""
    facts = {
        "job": SimpleNamespace(seen=job, job_id=number, port=0, end=(job.end if job else None, ""))
        if session
        else None,
        "pending": None,
        "ready": False,
        "ending": "",
        "ended": 0,
        "start_failure": None,
        "report": None,
        "cores": 2,
        "memory_mib": 2048,
        "settings": SimpleNamespace(desktop=SimpleNamespace(idle_cpu=True)),
        "progress_event": lambda: {"message": "In the queue."},
        **changes,
    }
    return SimpleNamespace(**facts)


def _reported(**changes: Any) -> Any:
    body = {"idle_s": 5.0, "busy": False, "cpu_s": 1.0, "memory_mib": 300.0, "desktop": "painted"}
    return receive(
        read_report(json.dumps({**body, "safe": False, "hand": None, "watchers": [], **changes}).encode()),
        None,
    )


@pytest.mark.parametrize(
    ("spawner", "state"),
    [
        pytest.param(_spawner(session=False), "not started", id="never"),
        pytest.param(
            _spawner(session=False, ending="The session's program ended on its own."),
            "not started",
            id="logged-out",
        ),
        pytest.param(_spawner(session=False, ending=stopped_by("ines")), "not started", id="stopped-by-another"),
        pytest.param(
            _spawner(session=False, ending="The session reached its time limit."),
            "failed",
            id="time-is-over",
        ),
        pytest.param(_spawner(session=False, ending="The session was cancelled."), "failed", id="scancel"),
        pytest.param(
            _spawner(session=False, ending="The session used more memory than it had."),
            "failed",
            id="out-of-memory",
        ),
        pytest.param(
            _spawner(session=False, ending="The session was cancelled.", ended=NOW - 13 * 3600),
            "not started",
            id="scancel-of-yesterday",
        ),
        pytest.param(
            _spawner(session=False, start_failure=JobEndedError("Broken.", job_id="7")),
            "failed",
            id="did-not-start",
        ),
        pytest.param(
            _spawner(session=False, start_failure=KeyError("x")),
            "failed",
            id="did-not-start-at-all",
        ),
        pytest.param(_spawner(session=False, pending="spawn"), "starting", id="before-the-job"),
        pytest.param(_spawner(_job("PENDING"), pending="spawn"), "queued", id="waits"),
        pytest.param(_spawner(_job("CONFIGURING"), pending="spawn"), "starting", id="gets-its-machine"),
        pytest.param(_spawner(_job(), pending="spawn"), "starting", id="opens"),
        pytest.param(_spawner(_job("SUSPENDED"), pending="spawn"), "starting", id="suspended"),
        pytest.param(_spawner(_job(), ready=True), "running", id="runs-without-a-report"),
        pytest.param(_spawner(_job(), ready=True, report=_reported()), "running", id="runs"),
        pytest.param(_spawner(_job(), ready=True, report=_reported(idle_s=601.0)), "idle", id="nobody-there"),
        pytest.param(
            _spawner(_job(), ready=True, report=_reported(idle_s=601.0, busy=True)),
            "running",
            id="computes",
        ),
        pytest.param(_spawner(_job(), ready=True, report=_reported(idle_s=None)), "running", id="no-desktop"),
        pytest.param(
            _spawner(_job(), ready=True, report=_reported(desktop="frozen", idle_s=900.0)),
            "frozen",
            id="desktop-does-not-answer",
        ),
        pytest.param(_spawner(_job(), pending="stop"), "stopping", id="stops"),
        pytest.param(_spawner(_job("COMPLETING"), ready=True), "stopping", id="is-cleaned-away"),
    ],
)
def test_every_session_has_a_state_in_a_word(spawner: Any, state: str) -> None:
    assert learner_state(spawner, {}, IDLE_AFTER_S).state is State(state)


def test_a_failure_is_told_in_its_own_sentence() -> None:
    failed = _spawner(session=False, start_failure=JobEndedError("Broken.", job_id="7"))
    assert learner_state(failed, {}, IDLE_AFTER_S).sentence.startswith("Broken. Please start again")


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        ("The compute node that ran the session failed.",) * 2,
        ("", "The session did not start in time."),
    ],
    ids=["its-job-has-ended", "nobody-knows-why"],
)
def test_a_server_that_never_answered_failed_for_the_best_reason_known(ending: str, sentence: str) -> None:
    failed = _spawner(session=False, start_failure=TimeoutError(), ending=ending)
    facts = learner_state(failed, {}, IDLE_AFTER_S)
    assert (facts.state, facts.sentence) == ("failed", sentence)


def test_a_queued_session_has_reason_place_and_estimate() -> None:
    queue = {job.id: job for job in (_job("PENDING", "9", "Resources"), _job("PENDING", "8"), _job(job_id="7"))}
    assert places(queue) == {"8": 1, "9": 2}
    facts = learner_state(_spawner(queue["9"], pending="spawn"), places(queue), IDLE_AFTER_S)
    assert (facts.place, facts.reason) == (2, "waiting for free cores")
    assert facts.start_estimate == NOW
    assert facts.started is None


def _told(**states: str) -> dict[str, LearnerFacts]:
    told = [HubSession(user, "", LearnerFacts(state=State(state))) for user, state in states.items()]
    named = HubSession("ada", "named", LearnerFacts(state=State.FAILED))
    return facts_by_user(HubSessions(0.5, stale=False, sessions=(*told, named)))


def test_what_the_hub_tells_comes_to_console_and_commands_as_it_was() -> None:
    facts = learner_state(_spawner(_job(), ready=True, report=_reported(hand={"since": 1.0, "text": "a"})), {}, 600)
    told = HubSessions(0.5, stale=False, sessions=(HubSession("ada", "", facts),))
    assert HUB_SESSIONS.validate_json(HUB_SESSIONS.dump_json(told)) == told
    ada = Learner(name="ada", full_name="Ada L", **vars(facts))
    assert LEARNERS.validate_python(json.loads(json.dumps(learners_as_json([ada])))) == (ada,)


def test_facts_of_a_newer_hub_are_read_as_far_as_they_are_known() -> None:
    entry = {"user": "ada", "server": "", "learner": {"state": "idle", "mood": "good"}}
    newer: dict[str, Any] = {"age_s": None, "stale": False, "mood": 1, "sessions": [entry]}
    (session,) = HUB_SESSIONS.validate_python(newer).sessions
    assert session.learner == LearnerFacts(state=State.IDLE)


def test_only_what_has_changed_is_told() -> None:
    board = Board()
    members = {"ada": "Ada L", "bob": ""}
    first = board.take(members, _told(ada="running"), "")
    assert first is not None
    assert [one["name"] for one in first["learners"]] == ["ada", "bob"]
    assert first["counts"] == {
        **{state.value: 0 for state in State},
        "running": 1,
        "not started": 1,
        "hand": 0,
        "away": 0,
    }
    assert board.take(members, _told(ada="running"), "") is None
    second = board.take({"bob": "", "cy": ""}, _told(bob="queued"), "")
    assert second is not None
    assert (second["version"], second["gone"]) == (2, ["ada"])
    assert {one["name"]: one["state"] for one in second["learners"]} == {
        "bob": "queued",
        "cy": "not started",
    }
    third = board.take({"bob": "", "cy": ""}, _told(bob="queued"), "The hub does not answer.")
    assert third is not None
    assert (third["learners"], third["notice"]) == ([], "The hub does not answer.")


@pytest.mark.parametrize(
    ("states", "acts"),
    [
        pytest.param(("not started", "failed"), "start", id="without-a-session"),
        pytest.param(("queued", "starting"), "restart stop", id="coming"),
        pytest.param(("stopping",), "", id="going"),
        pytest.param(
            ("running", "frozen", "idle"), "extend message reset-desktop reset-lesson restart stop", id="live"
        ),
    ],
)
def test_only_what_makes_sense_is_offered(states: tuple[str, ...], acts: str) -> None:
    told = learners_as_json(Learner(name="ada", state=State(state)) for state in states)
    assert [one["can"] for one in told] == [acts.split()] * len(states)


@pytest.mark.parametrize(
    ("state", "hand", "acts"),
    [
        pytest.param("idle", Hand(since=1.0), {"take-hand", "lower-hand"}, id="alone"),
        pytest.param("running", Hand(since=1.0, helper="ines"), {"lower-hand"}, id="with-a-helper"),
        pytest.param("stopping", Hand(since=1.0), set(), id="of-a-session-that-ends"),
        pytest.param("running", None, set(), id="no-hand"),
    ],
)
def test_a_raised_hand_can_be_taken_once_and_lowered(state: str, hand: Hand | None, acts: set[str]) -> None:
    assert {act for act in Learner(name="ada", state=State(state), hand=hand).can if "hand" in act} == acts


def test_raised_hands_and_those_who_have_no_page_open_are_counted() -> None:
    hand = Hand(since=1.0)
    counts = count(
        (
            Learner(name="a", state=State.RUNNING, hand=hand, pages=1),
            Learner(name="b", state=State.IDLE, pages=0),
            Learner(name="c", state=State.FROZEN, pages=0),
            Learner(name="d", state=State.RUNNING),
            Learner(name="e", state=State.STARTING, pages=0),
        )
    )
    assert (counts["hand"], counts["away"], counts["frozen"]) == (1, 2, 1)


def test_a_viewer_who_does_not_read_holds_nobody_up() -> None:
    async def scene() -> None:
        viewer = Viewer()
        for number in range(60):
            viewer.put("change", str(number))
        assert viewer.lost
        assert viewer.events.qsize() == 50

    asyncio.run(scene())
