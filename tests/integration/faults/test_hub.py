"""The hub or its proxy dies at any moment: nobody loses a session. See docs/developer/faults.md."""

import contextlib
import os
import signal
import sqlite3
import time

from support import faults
from support.faults import (
    drained,
    frozen,
    is_waiting_page,
    kill_hub,
    living_jobs,
    only_job,
    page_answers,
    until_ready,
    until_told,
    waiting_page,
)
from support.hub_client import HubClient
from support.world import Hub, job_ids, slurm, wait_until

TERMINAL = {"ui": "terminal", "cores": "1", "hours": "1"}


def test_hub_killed_while_a_session_waits_in_the_queue(ada: HubClient, hub: Hub) -> None:
    with drained():
        assert ada.press_start(TERMINAL).status_code == 302
        job_id = only_job("learner01")
        until_told(ada, "In the queue")
        kill_hub(hub)
        assert is_waiting_page(waiting_page(ada))
        assert "not available" in until_told(ada, "In the queue")
        assert job_ids("learner01") == [job_id]
    until_ready(ada)
    assert job_ids("learner01") == [job_id]
    assert waiting_page(ada).headers["location"].startswith("/user/learner01/")


def test_hub_killed_while_a_session_waits_and_the_learner_cancels(ada: HubClient, hub: Hub) -> None:
    with drained():
        ada.press_start(TERMINAL)
        only_job("learner01")
        kill_hub(hub)
        ada.stop()
        wait_until(lambda: not living_jobs("learner01"), 10, "the job is cancelled")
    ada.start(**TERMINAL)


def test_hub_killed_between_sbatch_and_the_note_of_the_jobs_number(ada: HubClient, hub: Hub) -> None:
    with drained():
        with frozen("slurmctld"):
            assert ada.press_start(TERMINAL).status_code == 302
            wait_until(lambda: faults.submitting("learner01"), 10, "sbatch waits for slurmctld")
            os.kill(faults.pid_of("hub"), signal.SIGKILL)
        faults.hub_answers(hub)
        job_id = only_job("learner01")
        assert is_waiting_page(waiting_page(ada))
    until_ready(ada)
    assert job_ids("learner01") == [job_id]


def test_hub_killed_when_the_node_is_allocated(ada: HubClient, hub: Hub) -> None:
    with frozen("slurmd"):
        ada.press_start(TERMINAL)
        job_id = only_job("learner01")
        until_told(ada, "is yours")
        os.kill(faults.pid_of("hub"), signal.SIGKILL)
    faults.hub_answers(hub)
    until_ready(ada)
    assert job_ids("learner01") == [job_id]


def test_hub_killed_when_the_session_has_called_home(ada: HubClient, hub: Hub) -> None:
    with faults.until_called_home(ada):
        ada.press_start(TERMINAL)
        job_id = only_job("learner01")
    kill_hub(hub)
    until_ready(ada)
    assert job_ids("learner01") == [job_id]


def test_hub_killed_while_sessions_run(ada: HubClient, bob: HubClient, hub: Hub) -> None:
    jobs = [ada.start(**TERMINAL), bob.start(**TERMINAL)]
    with faults.Latency(hub, ada, bob) as probe:
        kill_hub(hub)
        until_ready(ada)
        until_ready(bob)
    assert not [line for line in probe.failed if "session" in line]
    assert [*job_ids("learner01"), *job_ids("learner02")] == jobs


def test_hub_killed_while_a_session_stops(ada: HubClient, hub: Hub) -> None:
    job_id = ada.start(**TERMINAL)
    with frozen("slurmctld"):
        assert ada.api("DELETE", f"/users/{ada.name}/server").status_code == 202
        os.kill(faults.pid_of("hub"), signal.SIGKILL)
        faults.hub_answers(hub)
    ada.stop()
    wait_until(lambda: job_id not in living_jobs("learner01"), 20, "the job is gone")


def test_proxy_killed(ada: HubClient, bob: HubClient) -> None:
    jobs = [ada.start(**TERMINAL), bob.start(**TERMINAL)]
    faults.kill("proxy")
    began = time.monotonic()
    wait_until(lambda: _answers(ada) and _answers(bob), 15, "the proxy knows the way again")
    print(f"{time.monotonic() - began:.1f} s until both sessions answered again")
    assert [*job_ids("learner01"), *job_ids("learner02")] == jobs


def _answers(client: HubClient) -> bool:
    try:
        return page_answers(client)
    except Exception as error:  # the proxy is away
        raise LookupError(str(error)) from error


def test_jobs_without_a_session_are_cancelled_and_those_of_another_hub_are_not(ada: HubClient, hub: Hub) -> None:
    job_id = ada.start(**TERMINAL)
    others = slurm(
        *("sbatch", "--parsable", "--job-name=classdesk", "--comment=:5ub@0ther", "--chdir=/"),
        *("--output=/dev/null", "--mem=50M", "--wrap=exec sleep 300"),
        user="learner03",
    )
    try:
        faults.supervisor("stop", "hub")
        database = sqlite3.connect(hub.state / "hub/jupyterhub.sqlite")
        with contextlib.closing(database), database as connection:
            connection.execute("update spawners set server_id = null, state = '{}'")
        faults.supervisor("start", "hub")
        faults.hub_answers(hub)
        began = time.monotonic()
        wait_until(lambda: job_id not in living_jobs("learner01"), 90, "the job is cancelled")
        print(f"{time.monotonic() - began:.0f} s until the job without a session was cancelled")
        assert living_jobs("learner03") == [others]
    finally:
        slurm("scancel", others)
    ada.start(**TERMINAL)
