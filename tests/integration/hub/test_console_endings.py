"""Sessions that end behind the hub's back: the console says that they failed, and why, against a real hub."""

import pytest

from support.class_hub import ClassHub, until

STOPPED = ("not started", "ines stopped the learner's session.")


def _run(hub: ClassHub, token: str) -> str:
    """Start a session and return the number of its job."""
    start = {"act": "start", "learners": ["nobody"]}
    assert hub.ask("POST", "api/class/dask/acts", token, json=start).status_code == 202
    hub.let_run("nobody")
    until(lambda: hub.learners(token)["nobody"]["state"] == "running", "it runs")
    return list(hub.slurm.jobs())[-1]


def _told(hub: ClassHub, token: str) -> tuple[str, str]:
    nobody = hub.learners(token)["nobody"]
    return nobody["state"], nobody["sentence"]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("CANCELLED", "The session was cancelled."),
        ("NODE_FAIL", "The compute node that ran the session failed."),
        ("TIMEOUT", "The session reached its time limit."),
        ("FAILED", "The session's program failed."),
        ("OUT_OF_MEMORY", "The session used more memory than it had."),
    ],
    ids=str.lower,
)
def test_a_session_that_ended_behind_the_hubs_back_has_failed(
    hub: ClassHub, tokens: dict[str, str], state: str, sentence: str
) -> None:
    token = tokens["instructor"]
    hub.slurm.change(_run(hub, token), state=state)
    until(lambda: _told(hub, token) == ("failed", sentence), f"{state} is told")
    board = hub.ask("GET", "api/class/dask/learners", token).json()
    assert board["counts"]["failed"] == 1


def test_a_failure_is_told_after_a_restart_of_the_hub_until_the_next_start(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    token = tokens["instructor"]
    hub.slurm.change(_run(hub, token), state="NODE_FAIL")
    failed = ("failed", "The compute node that ran the session failed.")
    until(lambda: _told(hub, token) == failed, "the failure is told")
    hub.restart()
    until(lambda: _told(hub, token) == failed, "it is told by the next hub, too")
    _run(hub, token)
    hub.act(token, {"act": "stop", "learners": ["nobody"]})
    assert _told(hub, token) == STOPPED


def test_who_ends_a_session_whose_memory_was_full_once_has_not_failed(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    start = {"act": "start", "learners": ["nobody"]}
    assert hub.ask("POST", "api/class/dask/acts", token, json=start).status_code == 202
    session = hub.let_run("nobody")
    until(lambda: hub.learners(token)["nobody"]["state"] == "running", "it runs")
    assert hub.hub("POST", "/classdesk/report", session, json={"ending": "logout"}).status_code == 200
    hub.slurm.change(list(hub.slurm.jobs())[-1], state="OUT_OF_MEMORY")
    ended = ("not started", "The session's program ended on its own.")
    until(lambda: _told(hub, token) == ended, "it is told as a log-out")


def test_who_logs_out_or_is_stopped_has_not_failed(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    hub.slurm.change(_run(hub, token), state="COMPLETED")
    ended = ("not started", "The session's program ended on its own.")
    until(lambda: _told(hub, token) == ended, "the log-out is told")
    _run(hub, token)
    hub.act(token, {"act": "stop", "learners": ["nobody"]})
    assert _told(hub, token) == STOPPED
    waiting = {"act": "start", "learners": ["nobody"]}
    assert hub.ask("POST", "api/class/dask/acts", token, json=waiting).status_code == 202
    until(lambda: _told(hub, token)[0] == "queued", "it waits")
    hub.act(token, {"act": "stop", "learners": ["nobody"]})
    assert _told(hub, token) == STOPPED


def test_a_start_that_slurm_refuses_is_told_after_a_restart_of_the_hub(hub: ClassHub, tokens: dict[str, str]) -> None:
    token = tokens["instructor"]
    hub.slurm.break_program("sbatch", "sbatch: error: Invalid account or account/partition combination")
    hub.act(token, {"act": "start", "learners": ["games"]})
    hub.slurm.mend_program("sbatch")
    games = until(lambda: (one := hub.learners(token)["games"])["state"] == "failed" and one, "it failed")
    hub.restart()
    until(
        lambda: hub.learners(token)["games"]["sentence"] == games["sentence"],
        "the next hub has the same reason",
    )
