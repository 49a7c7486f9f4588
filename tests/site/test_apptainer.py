"""Sessions in a real Apptainer, which brings accounts, /tmp and devices in its own way."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.site import Site
from support.site_session import SiteSession
from support.world import wait_until

PYTHON = "module load python\n"


@pytest.fixture(scope="module")
def ada(product: Site) -> Iterator[SiteSession]:
    with product.settings('[runtime]\nkind = "apptainer"'), SiteSession(product, "ada") as session:
        session.start(ui="desktop")
        session.wait_for_desktop()
        yield session


def test_the_session_is_in_apptainer_with_the_image_and_the_home(ada: SiteSession) -> None:
    assert ada.run("echo $APPTAINER_CONTAINER").endswith("/image")
    assert ada.run("id --user --name; pwd").split() == ["ada", "/home/ada"]
    assert "dask-delay" in ada.run("lesson list")


def test_tmp_has_room_and_is_the_sessions_own(ada: SiteSession) -> None:
    assert int(ada.run("df --block-size=M --output=avail /tmp | tail -n 1").rstrip("M")) > 2048
    ada.run("echo mine >/tmp/mine")
    assert ada.node.run("bash", "-c", "ls /tmp/mine 2>/dev/null || true").strip() == ""


def test_slurms_commands_and_jobs_have_the_courses_python(ada: SiteSession) -> None:
    assert "teaching" in ada.run("sinfo --noheader --format=%P")
    said = ada.run(f"{PYTHON}srun --nodes=2 --ntasks=2 python -c 'import dask; print(dask.__name__)'")
    assert said.split() == ["dask", "dask"]
    job = ada.run("sbatch --parsable --output=apptainer.out --wrap='echo $APPTAINER_CONTAINER'")
    wait_until(lambda: job not in ada.jobs(), 60, "the job has ended")
    assert ada.run("cat apptainer.out").endswith("/image")


def test_programs_are_told_the_sessions_memory(ada: SiteSession) -> None:
    limits = Path(f"/proc/{ada.server_pid}/limits").read_text()
    assert re.search(rf"^Max resident set +{2048 << 20} ", limits, re.MULTILINE), limits  # dask reads it


def test_stop_leaves_nothing(ada: SiteSession) -> None:
    node = ada.node
    ada.stop()
    wait_until(lambda: not ada.processes(), 60, "nothing of the session is left")
    assert node.run("bash", "-c", "ls -d /tmp/classdesk-* /var/tmp/classdesk-* 2>/dev/null || true").strip() == ""
