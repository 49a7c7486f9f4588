"""What a site adds to the submission of its sessions: options of sbatch, and variables of Slurm's commands."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import faults
from support.hub_client import HubClient
from support.world import Hub, command, job_ids, slurm, wait_until


def nice_of(job: str) -> str:
    facts = dict(word.split("=", 1) for word in slurm("scontrol", "show", "job", job).split() if "=" in word)
    return facts["Nice"]


def test_an_interfaces_option_stands_for_the_sites(hub: Hub) -> None:
    site, interface = '[slurm]\noptions = ["--nice=7"]', '[form.interfaces.terminal]\nslurm_options = ["--nice=9"]'
    with faults.site(site, hub), faults.site(interface, hub), HubClient(hub, "learner01") as ada:
        assert nice_of(ada.start(ui="terminal")) == "9"
        ada.stop()
        assert nice_of(ada.start(ui="lab")) == "7"


def test_sessions_listen_on_ports_of_the_range_and_say_so_when_it_is_full(hub: Hub) -> None:
    with faults.site("[session]\nports = [23000, 23000]", hub), HubClient(hub, "learner01") as ada:
        ada.start(ui="terminal")
        assert "127.0.0.1:23000" in command("ss", "--listening", "--tcp", "--numeric", "--no-header")
        with HubClient(hub, "learner02") as bob:
            bob.press_start({"ui": "terminal"})
            said = "All ports of this node from 23000 to 23000 are in use (session.ports)."
            assert said in faults.until_failed(bob, timeout=60)


@pytest.fixture
def elsewhere(hub: Hub) -> Iterator[None]:
    """Slurm's configuration at a place of the site's own, of which sudo tells its commands."""
    sudoers, usual = Path("/etc/sudoers.d/classdesk"), Path("/etc/slurm/slurm.conf")
    place = Path("/opt/slurm/etc/slurm.conf")
    place.parent.mkdir(parents=True)
    shutil.copy(usual, place)
    usual.chmod(0o600)  # Slurm's own processes are root
    variables = Path("/etc/classdesk/slurm.env")
    variables.write_text(f"SLURM_CONF={place}\n")
    before = sudoers.read_text()
    sudoers.write_text(before.replace("# Defaults:classdesk env_file", "Defaults:classdesk env_file"))
    try:
        with faults.site(f'[slurm]\nenvironment = {{ SLURM_CONF = "{place}" }}', hub):
            yield
    finally:
        usual.chmod(0o644)
        sudoers.write_text(before)
        variables.unlink()
        shutil.rmtree("/opt/slurm")


@pytest.mark.usefixtures("elsewhere")
def test_slurms_commands_are_told_of_the_sites_configuration(hub: Hub) -> None:
    with HubClient(hub, "learner01") as ada:
        job = ada.start(ui="terminal")
        ada.stop()
        wait_until(lambda: job_ids("learner01") != [job], 30, "the job is cancelled")
