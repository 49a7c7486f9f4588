"""What a waiting learner reads."""

import time
from datetime import datetime
from typing import Any

import pytest

from classdesk_spawner.session.progress import StartState, progress_event
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.watcher import Snapshot


def _job(job_id: str = "101", **values: object) -> Job:
    facts = {
        "id": job_id,
        "state": "PENDING",
        "reason": "Resources",
        "start": None,
        "end": None,
        "node": "",
        "user": "ada",
        "comment": "",
    }
    return Job(**{**facts, **values})  # type: ignore[arg-type]


def _event(job: Job | None, **values: object) -> dict[str, object]:
    facts = {
        "ahead": 0,
        "reservation_start": None,
        "submitted": True,
        "called_home": False,
        "waited_s": 5.0,
        "unseen": "",
    }
    return progress_event(StartState(job=job, **{**facts, **values}))  # type: ignore[arg-type]


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%H:%M %Z")


@pytest.mark.parametrize(
    ("reason", "ahead", "sentence"),
    [
        ("Resources", 0, "waiting for free cores."),
        ("Priority", 0, "waiting for free cores; others are ahead of you."),
        ("Priority", 3, "waiting for free cores: 3 sessions ahead of yours."),
        ("Resources", 1, "waiting for free cores: 1 session ahead of yours."),
        ("AssocMaxJobsLimit", 0, "your account has reached its limit of running jobs"),
        ("PartitionDown", 2, "the partition is closed at the moment; 2 sessions ahead of yours."),
        ("SomethingNew", 0, "waiting (Slurm says: SomethingNew)."),
    ],
)
def test_the_queue_is_told_in_plain_words(reason: str, ahead: int, sentence: str) -> None:
    message = str(_event(_job(reason=reason), ahead=ahead)["message"])
    assert message.startswith("In the queue: ")
    assert sentence in message


def test_the_start_of_the_reservation_is_told() -> None:
    begins = int(time.time()) + 600
    event = _event(_job(reason="Reservation"), reservation_start=begins)
    assert f"the reservation starts at {_clock(begins)}" in str(event["message"])
    assert event["moments"] == {_clock(begins): begins}, "a page can say it by its own clock"
    begun = _event(_job(reason="Reservation"), reservation_start=1000)["message"]
    assert "waiting for the class's reservation to start" in str(begun)


def test_the_expected_start_is_told() -> None:
    start = int(time.time()) + 299
    message = str(_event(_job(start=start))["message"])
    assert f"it is expected to start at {_clock(start)}" in message
    assert message.endswith("in about 5 min.")


def test_the_percentage_only_grows_from_phase_to_phase_and_with_time() -> None:
    running = _job(state="RUNNING", node="n1")
    events = [
        _event(_job(), submitted=False),
        *(_event(_job(), waited_s=seconds) for seconds in (0.0, 30.0, 200.0, 1500.0, 1700.0)),
        _event(_job(state="CONFIGURING")),
        *(_event(running, waited_s=seconds) for seconds in (0.0, 60.0)),
        *(_event(running, waited_s=seconds, called_home=True) for seconds in (0.0, 60.0)),
    ]
    percents = [float(str(event["progress"])) for event in events]
    assert percents == sorted(set(percents))


def test_the_time_since_start_goes_with_each_event() -> None:
    assert _event(None, waited_s=61.7)["elapsed_s"] == 61


@pytest.mark.parametrize(
    ("job", "values", "usual", "late"),
    [
        pytest.param(
            None,
            {"submitted": False},
            "Asking the cluster",
            "has not answered for 2 min",
            id="submission",
        ),
        pytest.param(None, {}, "has accepted your session.", "has not shown it for 2 min", id="no news"),
        pytest.param(
            {"state": "RUNNING", "node": "n1"},
            {},
            "the image is being opened",
            "The image opens slowly: 2 min so far, where seconds are usual. The disk or network of the machine n1 may "
            "be busy, or it cannot reach the hub.",
            id="image",
        ),
        pytest.param(
            {"state": "RUNNING", "node": "n1"},
            {"called_home": True},
            "server and desktop are starting…",
            "starting slowly: 2 min so far, where seconds are usual. The disk or network of the machine n1 may be "
            "busy. If",
            id="server",
        ),
    ],
)
def test_what_takes_longer_than_a_minute_says_so(
    job: dict[str, Any] | None, values: dict[str, object], usual: str, late: str
) -> None:
    for age, words, others in ((30, usual, late), (130, late, usual)):
        seen = None if job is None else _job(**job, start=int(time.time()) - age)
        message = str(_event(seen, **values, waited_s=float(age))["message"])
        assert words in message
        assert others not in message


def test_a_machine_that_is_switched_on_for_the_session_is_told() -> None:
    for node, machine in (("n1", "The machine n1"), ("", "The machine for your session")):
        event = _event(_job(state="CONFIGURING", reason="None", node=node))
        assert event["message"] == f"{machine} is being started. That can take some minutes."
        assert event["heading"] == "Your session is starting"


def test_who_waits_longer_is_ahead() -> None:
    jobs = [
        _job("9"),
        _job("100"),
        _job("101"),
        _job("102"),
        _job("50", state="RUNNING"),
        _job("77_1"),
    ]
    snapshot = Snapshot(0.0, {job.id: job for job in jobs})
    assert [snapshot.ahead_of(job_id) for job_id in ("9", "101", "102", "")] == [0, 2, 3, 0]


@pytest.mark.parametrize(
    ("values", "heading"),
    [
        ({"reason": "Resources"}, "Your session is in the queue"),
        ({"reason": "JobHeldAdmin"}, "Your session is on hold"),
        ({"reason": "JobHeldUser"}, "Your session is on hold"),
        ({"state": "RUNNING", "node": "n1"}, "Your session is starting"),
        ({"state": "SUSPENDED", "node": "n1"}, "Your session is suspended"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_heading_is_true(values: dict[str, str], heading: str) -> None:
    event = _event(_job(**values))
    assert event["heading"] == heading
    if "hold" in heading:
        assert event["message"] == "Your session is on hold. Tell your instructor."
