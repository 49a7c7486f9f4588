"""A session's programs know what memory it has, and where there is a disk."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desktop_session import DesktopSession, desktop_session, learner, painted_within
from support.fake_hub import fake_hub
from support.world import require_world, wait_until

PYTHON = "/opt/python/3.13/bin/python"
# What the desktop starts by itself is started as from its menu.
ASK_DASK = f"""[Desktop Entry]
Type=Application
Name=Ask dask
Exec={PYTHON} ask.py
"""
PROGRAM = """
import time
from pathlib import Path
import dask, distributed.system
Path("told").write_text(f"{distributed.system.MEMORY_LIMIT} {dask.config.get('temporary-directory')}")
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _world() -> None:
    require_world()


@pytest.fixture
def disk() -> Iterator[Path]:
    """A job's temporary directory as a site makes it: on the node's disk, and not to be seen in the image."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        Path(directory).chmod(0o1777)
        yield Path(directory)


@pytest.fixture
def session(disk: Path) -> Iterator[DesktopSession]:
    """A session of 2 GiB on a node with a disk, in which the learner has started a program."""
    with fake_hub() as hub, learner(1) as ada:
        ada.write(".config/autostart/ask.desktop", ASK_DASK)
        ada.write("ask.py", PROGRAM)
        with desktop_session(ada, hub, env={"TMPDIR": str(disk)}) as session:
            painted_within(session, 30)
            yield session


def test_dask_believes_the_sessions_memory_and_spills_to_the_nodes_disk(session: DesktopSession, disk: Path) -> None:
    told = session.learner.home / "told"
    wait_until(lambda: told.exists() and told.read_text(), 60, "dask says what it believes")
    assert told.read_text() == f"{2048 << 20} /var/tmp"
    (scratch,) = disk.iterdir()
    session.run("touch", "/var/tmp/spilt")
    assert [*scratch.iterdir()] == [scratch / "spilt"]
    session.stop()
    wait_until(lambda: not scratch.exists(), 10, "what was spilt is gone with the session")


def test_linux_ends_a_learners_program_before_the_sessions_own(session: DesktopSession) -> None:
    def first_to_go() -> set[str]:
        return {
            Path(f"/proc/{pid}/comm").read_text().strip()
            for pid in session.pids()
            if int(Path(f"/proc/{pid}/oom_score_adj").read_text()) >= 500
        }

    wait_until(lambda: "python" in first_to_go(), 30, "the program is offered to Linux")
    assert first_to_go().isdisjoint({"classdesk-sessi", "classdesk-page", "Xtigervnc", "marco", "mate-panel", "caja"})


def test_the_hub_hears_of_the_same_memory(session: DesktopSession) -> None:
    used = wait_until(lambda: session.hub.reports[-1]["memory_mib"], 30, "a report says how much is in use")
    assert 50 < used < 2048
    assert not re.search("no disk", session.text())
