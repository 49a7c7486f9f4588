"""What the real sbatch refuses, and what the learner then reads. See docs/admin/errors.md."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import faults
from support.faults import only_job, until_failed, until_told
from support.hub_client import HubClient, refusal
from support.world import Hub, command, job_ids, slurm

TERMINAL = {"ui": "terminal", "cores": "1", "hours": "1"}


@contextmanager
def _partition(change: str, back: str) -> Iterator[None]:
    slurm("scontrol", "update", "PartitionName=class", change)
    try:
        yield
    finally:
        slurm("scontrol", "update", "PartitionName=class", back)


@contextmanager
def _slurm_conf(line: str) -> Iterator[None]:
    before = faults.SLURM_CONF.read_text()
    faults.SLURM_CONF.write_text(f"{before}\n{line}\n")
    slurm("scontrol", "reconfigure")
    try:
        yield
    finally:
        faults.SLURM_CONF.write_text(before)
        slurm("scontrol", "reconfigure")


@contextmanager
def _full_disk(directory: Path) -> Iterator[None]:
    """Give Slurm's controller a small disk of its own that is full."""
    owner = directory.stat()
    copy = Path("/tmp/ctld")
    options = f"size=2m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    with faults.stopped("slurmctld"):
        command("cp", "-a", directory, copy)
        command("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory)
        command("cp", "-a", f"{copy}/.", directory)
    command("dd", "if=/dev/zero", f"of={directory}/large", "bs=4k", check=False)
    try:
        yield
    finally:
        (directory / "large").unlink()
        with faults.stopped("slurmctld"):
            command("cp", "-a", f"{directory}/.", copy)
            command("umount", directory)
            command("cp", "-a", f"{copy}/.", directory)
            command("rm", "-rf", copy)


def _refused(client: HubClient) -> str:
    """Press Start and return the sentence with which it fails: in the form, or on the waiting page."""
    answer = client.press_start(TERMINAL)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    told = refusal(answer) if answer.status_code == 400 else ""
    told = told or until_failed(client)
    assert not job_ids(client.name)
    return told


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        pytest.param('partition = "nosuch"', "partition that this site", id="unknown-partition"),
        pytest.param('reservation = "nosuch"', "The class's reservation", id="unknown-reservation"),
    ],
)
def test_site_file_names_what_slurm_does_not_have(ada: HubClient, hub: Hub, table: str, sentence: str) -> None:
    with faults.site(f"[slurm]\n{table}", hub):
        assert sentence in _refused(ada)
    ada.start(**TERMINAL)


def test_account_and_qos_are_not_checked_without_accounting(ada: HubClient, hub: Hub) -> None:
    with faults.site('[slurm]\naccount = "nosuch"\nqos = "nosuch"', hub):
        ada.start(**TERMINAL)
        ada.stop()


def test_partition_closed_for_new_jobs(ada: HubClient) -> None:
    with _partition("State=DRAIN", "State=UP"):
        assert "The partition is closed at the moment." in _refused(ada)
    ada.start(**TERMINAL)


def test_partition_is_not_for_the_learners_group(ada: HubClient) -> None:
    with _partition("AllowGroups=root", "AllowGroups=ALL"):
        if slurm("sbatch", "--version") < "slurm-wlm 23":
            assert "You may not use this partition." in _refused(ada)
        else:  # takes the job and lets it wait; the hub's own account is not in the group either
            ada.press_start(TERMINAL)
            until_told(ada, "ou may not use this partition")
            ada.stop()
    ada.start(**TERMINAL)


def test_partitions_of_other_groups_are_not_offered(ada: HubClient, hub: Hub) -> None:
    made = {"staff": "root", "open": "classdesk-users"}
    for name, group in made.items():
        slurm(
            *("scontrol", "create", f"PartitionName={name}", "Nodes=localhost"),
            *(f"AllowGroups={group}", "MaxTime=8:00:00"),
        )
    try:
        with faults.site('[form.fields.partition]\nshow = "shown"', hub):
            offered = re.findall(r'<option value="(\w+)"', ada.form().text)
            assert {"class", "open"} <= set(offered)
            assert "staff" not in offered
            answer = ada.press_start({**TERMINAL, "partition": "staff"})
            assert answer.status_code == 400
            assert "“staff” is not available to you" in refusal(answer)
            ada.start(**TERMINAL, partition="open")
            ada.stop()
    finally:
        for name in made:
            slurm("scontrol", "delete", f"PartitionName={name}")


def test_partition_down(ada: HubClient) -> None:
    with _partition("State=DOWN", "State=UP"):
        ada.press_start(TERMINAL)
        only_job(ada.name)
        until_told(ada, "the partition is closed at the moment")
    faults.until_ready(ada)


def test_time_above_the_partitions_limit_waits_with_a_reason(ada: HubClient) -> None:
    ada.form()  # the hub knows the limit as it was
    with _partition("MaxTime=30", "MaxTime=8:00:00"):
        ada.press_start(TERMINAL)
        until_told(ada, "more time was asked for than the partition allows; cancel")
        ada.stop()


def test_time_above_the_partitions_limit_is_refused_where_slurm_is_strict(ada: HubClient) -> None:
    ada.form()
    with _slurm_conf("EnforcePartLimits=ALL"), _partition("MaxTime=30", "MaxTime=8:00:00"):
        assert "You asked for more time than the partition allows." in _refused(ada)
    ada.start(**TERMINAL)


def test_more_memory_than_any_node_has_is_lowered(ada: HubClient, hub: Hub) -> None:
    before = faults.SITE_FILE.read_text()
    much = re.sub(r"(?m)^memory_mib = \d+", "memory_mib = 999999", before)
    with faults.site("", hub, text=much):
        job_id = ada.start(**TERMINAL)
        memory = int(re.findall(r"\d+", faults.job_facts(job_id)["MinMemoryNode"])[0])
        ada.stop()
    assert memory < 999999


def test_controllers_disk_is_full(ada: HubClient, hub: Hub) -> None:
    with _full_disk(hub.state / "slurm/ctld"):
        told = _refused(ada)
    assert "The scheduler's disk is full" in told
    ada.start(**TERMINAL)


def test_learner_whom_the_machine_does_not_know_any_more(hub: Hub) -> None:
    files = [Path("/etc", name) for name in ("passwd", "shadow", "group", "gshadow")]
    before = [file.read_bytes() for file in files if file.exists()]
    with HubClient(hub, "learner04") as dora:
        command("userdel", "learner04")
        try:
            told = _refused_without_account(dora)
        finally:
            for file, content in zip((f for f in files if f.exists()), before, strict=True):
                file.write_bytes(content)
        assert told == ("This machine does not know your user name. Please tell the administrator.")
        dora.start(**TERMINAL)


def _refused_without_account(client: HubClient) -> str:
    client.press_start(TERMINAL)
    return until_failed(client)
