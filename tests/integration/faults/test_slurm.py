"""Slurm or one of its services goes away, or ends a job behind the hub's back. See docs/developer/faults.md."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from support import faults
from support.faults import (
    Latency,
    drained,
    frozen,
    is_waiting_page,
    job_facts,
    living_jobs,
    only_job,
    page_answers,
    stopped,
    until_failed,
    until_ready,
    until_told,
    waiting_page,
)
from support.hub_client import HubClient
from support.world import Hub, job_ids, slurm, wait_until

TERMINAL = {"ui": "terminal", "cores": "1", "hours": "1"}


@pytest.mark.parametrize("away", [stopped, frozen])
def test_slurmctld_away_for_a_minute(
    ada: HubClient,
    bob: HubClient,
    hub: Hub,
    away: Callable[[str], AbstractContextManager[None]],
) -> None:
    running = ada.start(**TERMINAL)
    with drained():
        bob.press_start(TERMINAL)
        waiting = only_job("learner02")
        until_told(bob, "In the queue")
        with Latency(hub, ada) as probe:
            began = time.monotonic()
            with away("slurmctld"):
                until_told(bob, "The scheduler does not answer", 40)
                faults.let_pass(60 - (time.monotonic() - began))
                assert is_waiting_page(waiting_page(bob))
                assert ada.server().get("ready")
        print(probe)
        assert not probe.failed
        assert probe.worst_s < 2
    until_ready(bob)
    assert (job_ids("learner01"), job_ids("learner02")) == ([running], [waiting])


def test_start_pressed_while_slurmctld_hangs(ada: HubClient) -> None:
    with frozen("slurmctld"):
        assert ada.press_start(TERMINAL).status_code == 302
        assert "scheduler (Slurm) does not answer" in until_failed(ada, 40)
    # What sbatch had sent may have become a job after all: it must not stay.
    wait_until(lambda: not living_jobs("learner01"), 90, "no job is left of the failed start")
    ada.start(**TERMINAL)


def test_munged_away_for_20_seconds(ada: HubClient, bob: HubClient, hub: Hub) -> None:
    running = ada.start(**TERMINAL)
    with drained():
        bob.press_start(TERMINAL)
        waiting = only_job("learner02")
        with HubClient(hub, "learner03") as carol, Latency(hub, ada) as probe, stopped("munged"):
            began = time.monotonic()
            until_told(bob, "The scheduler does not answer", 30)
            carol.press_start(TERMINAL)
            assert "scheduler (Slurm) does not answer" in until_failed(carol)
            faults.let_pass(20 - (time.monotonic() - began))
            assert ada.server().get("ready")
        assert not probe.failed
        assert not job_ids("learner03")
    until_ready(bob)
    assert (job_ids("learner01"), job_ids("learner02")) == ([running], [waiting])


def test_slurmd_killed(ada: HubClient, bob: HubClient, hub: Hub) -> None:
    job_id = ada.start(**TERMINAL)
    with Latency(hub, ada) as probe:
        faults.kill("slurmd")
        bob.press_start(TERMINAL)
        faults.slurm_is_well()
        until_ready(bob)
    assert not probe.failed
    assert job_ids("learner01") == [job_id]
    ada.stop()
    wait_until(lambda: not living_jobs("learner01"), 20, "the session has ended")


def test_node_drained(ada: HubClient, bob: HubClient) -> None:
    job_id = ada.start(**TERMINAL)
    with drained():
        bob.press_start(TERMINAL)
        until_told(bob, "the machines it needs are not available at the moment")
        assert page_answers(ada)
        assert ada.server().get("ready")
    until_ready(bob)
    assert job_ids("learner01") == [job_id]


def test_node_failed(ada: HubClient) -> None:
    ada.start(**TERMINAL)
    try:
        slurm("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=tests")
        wait_until(lambda: not ada.server(), 30, "the hub has noticed")
        assert "The compute node that ran the session failed." in faults.ended_page(ada)
    finally:
        faults.resume()
    ada.start(**TERMINAL)


def test_job_suspended_and_hub_killed_meanwhile(ada: HubClient, hub: Hub) -> None:
    job_id = ada.start(**TERMINAL)
    slurm("scontrol", "suspend", job_id)
    try:
        wait_until(lambda: job_facts(job_id)["JobState"] == "SUSPENDED", 10, "it is suspended")
        faults.kill_hub(hub)
        until_told(ada, "suspended")
    finally:
        slurm("scontrol", "resume", job_id)
    until_ready(ada)
    assert job_ids("learner01") == [job_id]


@pytest.mark.parametrize("hub_away", [False, True], ids=["hub-up", "hub-away"])
def test_job_requeued(ada: HubClient, hub: Hub, hub_away: bool) -> None:
    with faults.site("[slurm]\nrequeue = true", hub):
        job_id = ada.start(**TERMINAL)
        first = faults.session_port("learner01")
        if hub_away:
            faults.supervisor("stop", "hub")
        slurm("scontrol", "requeue", job_id)
        wait_until(lambda: job_facts(job_id)["JobState"] == "PENDING", 30, "it is requeued")
        if not hub_away:
            page = ada.http.get("/user/learner01/terminal/")
            assert page.status_code == 503
            assert "Reconnecting" in page.text, "not the proxy's bare error"
            assert '<meta http-equiv="refresh"' in page.text
        faults.start_requeued(job_id)
        if hub_away:
            faults.supervisor("start", "hub")
            faults.hub_answers(hub)
        wait_until(lambda: faults.session_port("learner01") != first, 30, "it has a new port")
        wait_until(lambda: page_answers(ada), 30, "the page answers at its new address")
        until_ready(ada)
        assert job_ids("learner01") == [job_id]
        ada.stop()


def test_job_requeued_while_it_starts(ada: HubClient, hub: Hub) -> None:
    with faults.site("[slurm]\nrequeue = true", hub):
        ada.press_start(TERMINAL)
        job_id = only_job("learner01")
        wait_until(lambda: job_facts(job_id)["JobState"] == "RUNNING", 20, "it runs", every=0.02)
        slurm("scontrol", "requeue", job_id)
        wait_until(lambda: job_facts(job_id)["JobState"] == "PENDING", 30, "it is requeued")
        faults.start_requeued(job_id)
        until_ready(ada)
        assert job_ids("learner01") == [job_id]
        ada.stop()


def test_time_limit_reached(ada: HubClient) -> None:
    job_id = ada.start(**TERMINAL)
    slurm("scontrol", "update", f"JobId={job_id}", "TimeLimit=1")
    wait_until(
        lambda: job_facts(job_id)["JobState"] in {"TIMEOUT", "COMPLETING", "COMPLETED"},
        150,
        "the session ends just before its limit, or Slurm ends it",
    )
    _ends_within_seconds(ada)
    assert "The session reached its time limit." in faults.ended_page(ada)


@pytest.mark.parametrize("user", [None, "learner01"], ids=["by-root", "by-the-learner"])
def test_running_job_cancelled_behind_the_hubs_back(ada: HubClient, user: str | None) -> None:
    job_id = ada.start(**TERMINAL)
    slurm("scancel", job_id, user=user)
    _ends_within_seconds(ada)
    assert "The session was cancelled." in faults.ended_page(ada)
    ada.start(**TERMINAL)


def test_a_job_that_its_owner_renames_goes_on(ada: HubClient) -> None:
    job_id = ada.start(**TERMINAL)
    slurm("scontrol", "update", f"JobId={job_id}", "JobName=mine", user="learner01")
    faults.let_pass(25)  # two looks at the queue at its slow pace
    assert ada.server().get("ready")
    assert page_answers(ada)
    slurm("scancel", job_id)
    _ends_within_seconds(ada)
    assert "The session was cancelled." in faults.ended_page(ada)


@pytest.mark.parametrize("user", [None, "learner01"], ids=["by-root", "by-the-learner"])
def test_waiting_job_cancelled_behind_the_hubs_back(ada: HubClient, user: str | None) -> None:
    with drained():
        ada.press_start(TERMINAL)
        job_id = only_job("learner01")
        until_told(ada, "In the queue")
        slurm("scancel", job_id, user=user)
        assert until_failed(ada, 10).startswith("The session was cancelled. Please start again")
    ada.start(**TERMINAL)


def _ends_within_seconds(client: HubClient) -> None:
    wait_until(lambda: not client.server(), 20, "the hub has noticed")
