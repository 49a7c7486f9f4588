"""Slurm's commands in sessions where Slurm is set up in another way: without files on the nodes, or without munge."""

import contextlib
import os
from collections.abc import Iterator

import pytest

from support.site import Machine, Site
from support.site_session import SiteSession
from support.world import wait_until


def wait_for_nodes(site: Site) -> None:
    states = ("sinfo", "--noheader", "--format=%D %T", "--partition=teaching")
    wait_until(lambda: site.slurm(*states) == "2 idle", 60, "the nodes are ready")


def sed(machine: Machine, script: str, *files: str) -> None:
    machine.run("sed", "--in-place", script, *files)


@contextlib.contextmanager
def configless(site: Site) -> Iterator[None]:
    """The nodes have no slurm.conf: slurmd asks the controller for it (SlurmctldParameters=enable_configless)."""
    conf, options = "/etc/slurm/slurm.conf", "/etc/default/slurmd"
    sed(site.head, "$aSlurmctldParameters=enable_configless", conf)
    try:
        site.head.run("systemctl", "restart", "slurmctld")
        for node in site.nodes:
            node.run("mv", "/etc/slurm", "/etc/slurm.kept")
            node.write(options, 'SLURMD_OPTIONS="--conf-server head"\n')
            node.run("systemctl", "restart", "slurmd")
        wait_for_nodes(site)
        yield
    finally:
        sed(site.head, "/enable_configless/d", conf)
        site.head.run("systemctl", "restart", "slurmctld")
        for node in site.nodes:
            node.run("mv", "/etc/slurm.kept", "/etc/slurm")
            node.run("rm", options)
            node.run("systemctl", "restart", "slurmd")
        wait_for_nodes(site)


@contextlib.contextmanager
def auth_slurm(site: Site) -> Iterator[None]:
    """Slurm's own credentials: each machine has the key, and nobody needs munge."""
    key, secret = "/etc/slurm/slurm.key", os.urandom(1024)

    def use(new: str, old: str) -> None:
        for machine in site.machines.values():
            files = ["/etc/slurm/slurm.conf", *(["/etc/slurm/slurmdbd.conf"] if machine is site.head else [])]
            sed(machine, f"s,^AuthType=auth/{old}$,AuthType=auth/{new},", *files)
            sed(machine, f"s,^CredType=cred/{old}$,CredType=cred/{new},", files[0])
        for machine, service in (
            (site.head, "slurmdbd"),
            (site.head, "slurmctld"),
            *((node, "slurmd") for node in site.nodes),
        ):
            machine.run("systemctl", "restart", service)

    for machine in site.machines.values():
        (machine.root / key.lstrip("/")).write_bytes(secret)
        machine.run("chown", "slurm:slurm", key)
        machine.run("chmod", "600", key)
    try:
        use("slurm", "munge")
        site.hub.run("systemctl", "restart", "sackd")
        for machine in site.machines.values():
            machine.run("systemctl", "stop", "munge")
        wait_for_nodes(site)
        yield
    finally:
        for machine in site.machines.values():
            machine.run("systemctl", "start", "munge")
        site.hub.run("systemctl", "stop", "sackd", check=False)
        use("munge", "slurm")
        wait_for_nodes(site)


WAYS = {"configless": configless, "auth/slurm": auth_slurm}


@pytest.fixture(scope="module", params=WAYS)
def ada(product: Site, request: pytest.FixtureRequest) -> Iterator[SiteSession]:
    """A session, with Slurm set up in one of these ways."""
    with WAYS[request.param](product), SiteSession(product, "ada") as session:
        session.start(ui="terminal")
        yield session


def test_commands_answer(ada: SiteSession) -> None:
    assert "teaching" in ada.run("sinfo --noheader --format=%P")
    assert ada.run("squeue --me --noheader --format=%i").split() == ada.jobs()


def test_steps_run_in_the_image_on_both_nodes(ada: SiteSession) -> None:
    said = ada.run("srun --nodes=2 --ntasks=2 --label bash -c 'hostname; ls -d /opt/python'")
    assert sorted(said.splitlines()) == ["0: /opt/python", "0: node1", "1: /opt/python", "1: node2"]


def test_a_job_runs_in_the_image(ada: SiteSession) -> None:
    job = ada.run("sbatch --parsable --output=otherwise.out --wrap='ls -d /opt/python; squeue --me --noheader'")
    wait_until(lambda: job not in ada.jobs(), 60, "the job has ended")
    said = ada.run("cat otherwise.out")
    assert said.startswith("/opt/python\n")
    assert job in said
