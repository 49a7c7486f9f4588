"""A Slurm that shows jobs only to their owners and its operators. See docs/developer/faults.md."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.faults import SLURM_CONF, drained, let_pass, only_job, until_ready, until_told
from support.hub_client import HubClient
from support.world import Hub, command, job_ids, slurm, wait_until

TERMINAL = {"ui": "terminal", "cores": "1", "hours": "1"}
SUDOERS = Path("/etc/sudoers.d/classdesk")


@contextmanager
def private(words: str) -> Iterator[None]:
    before = SLURM_CONF.read_text()
    SLURM_CONF.write_text(f"{before}\nPrivateData={words}\n")
    slurm("scontrol", "reconfigure")
    try:
        wait_until(
            lambda: words.split(",", maxsplit=1)[0] in _private_data(),
            20,
            "slurmctld has read its configuration",
        )
        yield
    finally:
        SLURM_CONF.write_text(before)
        slurm("scontrol", "reconfigure")
        wait_until(lambda: "none" in _private_data(), 20, "slurmctld has read its configuration")


def _private_data() -> str:
    return next(line for line in slurm("scontrol", "show", "config").splitlines() if "PrivateData" in line)


def slurm_as_hub(*words: str) -> str:
    return command("/usr/sbin/runuser", "-u", "classdesk", "--", *words, check=False, cwd="/")


@contextmanager
def rules_without_operator() -> Iterator[None]:
    """The rules that a site has which does not let the hub ask as Slurm's operator."""
    before = SUDOERS.read_text()
    lines = [line for line in before.splitlines() if not re.match(r"classdesk ALL=\(slurm\)", line)]
    SUDOERS.write_text("\n".join(lines) + "\n")
    try:
        yield
    finally:
        SUDOERS.write_text(before)


@pytest.mark.parametrize("words", ["jobs", "jobs,nodes,partitions,reservations,usage,users,accounts"])
def test_sessions_start_and_go_on_where_slurm_hides_jobs(ada: HubClient, bob: HubClient, words: str) -> None:
    running = bob.start(**TERMINAL)
    with private(words):
        assert running not in slurm_as_hub("squeue", "--noheader", "--format=%i")
        job = ada.start(**TERMINAL)
        let_pass(25)  # two looks at the queue at its slow pace
        assert ada.server().get("ready")
        assert bob.server().get("ready")
        assert (job_ids("learner01"), job_ids("learner02")) == ([job], [running])
        said = command("/usr/local/bin/classdesk", "check", check=False)
        assert "the hub asks as slurm" in " ".join(said.split())
        ada.stop()
        assert job_ids("learner01") == []


def test_a_hub_that_cannot_see_says_so_and_starts_no_second_job(ada: HubClient, bob: HubClient, hub: Hub) -> None:
    running = bob.start(**TERMINAL)
    with rules_without_operator(), private("jobs"), drained():
        ada.press_start(TERMINAL)
        waiting = only_job("learner01")
        until_told(ada, "Slurm hides its jobs from the hub", 60)
        let_pass(15)
        ada.press_start(TERMINAL)
        assert bob.server().get("ready")
        assert (job_ids("learner01"), job_ids("learner02")) == ([waiting], [running])
        said = command("/usr/local/bin/classdesk", "check", check=False)
        assert "PrivateData=jobs: Slurm hides it from the hub" in " ".join(said.split())
    until_ready(ada)
    assert (job_ids("learner01"), job_ids("learner02")) == ([waiting], [running])
