"""A node on which the desktop is installed, with no container around sessions: the runtime `host`."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.site import Site
from support.site_session import SiteSession
from support.world import wait_until


@pytest.fixture(scope="module")
def without_image(product: Site) -> Iterator[Site]:
    """The site with node2 alone, on which everything is installed that the image has."""
    node, update = product.node2, ("scontrol", "update", "NodeName=node1")
    node.cut_power()
    product.slurm(*update, "State=DRAIN", "Reason=no desktop")
    try:
        with node.installed(product.image):
            node.boot()
            node.wait_for_boot()
            product.wait_for_node(node)
            try:
                with product.settings('[runtime]\nkind = "host"'):
                    yield product
            finally:
                node.cut_power()
    finally:
        product.slurm(*update, "State=RESUME")
        node.boot()
        node.wait_for_boot()
        product.wait_for_node(node)


@pytest.fixture(scope="module")
def ada(without_image: Site) -> Iterator[SiteSession]:
    with SiteSession(without_image, "ada") as session:
        session.start(ui="desktop")
        session.wait_for_desktop()
        yield session


def test_slurms_commands_and_jobs_have_the_courses_python(ada: SiteSession) -> None:
    assert "teaching" in ada.run("sinfo --noheader --format=%P")
    assert ada.run("module load python\nsrun python -c 'import dask; print(dask.__name__)'") == "dask"
    job = ada.run("sbatch --parsable --output=host.out --wrap='module load python; python -c \"print(6 * 7)\"'")
    wait_until(lambda: job not in ada.jobs(), 60, "the job has ended")
    assert ada.run("cat host.out") == "42"


def test_programs_are_told_the_sessions_memory(ada: SiteSession) -> None:
    limits = Path(f"/proc/{ada.server_pid}/limits").read_text()
    assert re.search(rf"^Max resident set +{2048 << 20} ", limits, re.MULTILINE), limits  # dask reads it


def test_stop_leaves_no_process(without_image: Site, ada: SiteSession) -> None:
    ada.stop()
    wait_until(lambda: not ada.processes(), 60, "nothing of the session is left")
    assert without_image.node2.run("bash", "-c", "ls -d /tmp/classdesk-* 2>/dev/null || true").strip() == ""
