"""What a learner computes with dask is closed to every other account of the node."""

import json
from collections.abc import Iterator

import pytest

from support.desktop_session import (
    DesktopSession,
    desktop_session,
    learner,
    painted_within,
)
from support.fake_hub import fake_hub
from support.world import require_world, wait_until

PYTHON = "/opt/python/3.13/bin/python"
COMPUTE = """
import json, os, sys, time
from pathlib import Path
from distributed import Client

if __name__ == "__main__":
    with Client(n_workers=2, threads_per_worker=1, processes=%s) as client:
        assert client.submit(sum, [1, 2, 3]).result() == 6
        info = client.scheduler_info()
        said = {"scheduler": info["address"], "workers": list(info["workers"])}
        Path("ready.json").write_text(json.dumps(said))
        while not Path("done").exists():
            time.sleep(0.1)
"""
CONNECT = """
import os, sys
from distributed import Client, Security

def connect(address, **options):
    try:
        with Client(address, timeout=6, **options) as client:
            print("IN", client.run_on_scheduler(os.getuid))
    except BaseException as error:
        print("OUT", type(error).__name__)

if __name__ == "__main__":
    for address in sys.argv[1:]:
        connect(address)
        connect(address.replace("tls://", "tcp://"), security=Security(require_encryption=False))
"""


@pytest.fixture(autouse=True)
def _world() -> None:
    require_world()


@pytest.fixture
def two() -> Iterator[tuple[DesktopSession, DesktopSession]]:
    """The sessions of two learners on one node."""
    with (
        fake_hub() as hub,
        learner(1) as ada,
        learner(2) as bob,
        desktop_session(ada, hub) as first,
        desktop_session(bob, hub) as second,
    ):
        painted_within(first, 30)
        painted_within(second, 30)
        yield first, second


@pytest.mark.parametrize("processes", ["True", "False"])
def test_another_account_can_connect_to_nothing(two: tuple[DesktopSession, DesktopSession], processes: str) -> None:
    first, second = two
    home = first.learner.home
    first.learner.write("compute.py", COMPUTE % processes)
    second.learner.write("connect.py", CONNECT)
    ready = home / "ready.json"
    computing = first.begin(PYTHON, str(home / "compute.py"), cwd=home)
    try:
        wait_until(ready.exists, 60, "dask computes")
        said = json.loads(ready.read_text())
        addresses = [said["scheduler"], *said["workers"]]
        assert all(address.startswith("tls://") for address in addresses), addresses
        # Its own learner, with nothing but what the session has set.
        own = first.run(PYTHON, "-c", CONNECT, said["scheduler"], timeout=90)
        assert f"IN {first.learner.uid}" in own
        stranger = second.run(PYTHON, str(second.learner.home / "connect.py"), *addresses, timeout=120)
        assert "IN" not in stranger.split(), stranger
        assert stranger.count("OUT") == 2 * len(addresses), stranger
    finally:
        (home / "done").touch()
        computing.wait(30)


def test_the_key_is_its_learners_and_back_after_tmp_was_emptied(
    two: tuple[DesktopSession, DesktopSession],
) -> None:
    first, second = two
    key = wait_until(
        lambda: next(p for p in first.runtime.iterdir() if p.name == "dask.pem"),
        20,
        "there is a key",
    )
    kept = first.learner.home / ".local/state/classdesk/dask.pem"
    text = key.read_bytes()
    assert kept.read_bytes() == text
    for file in (key, kept):
        assert file.stat().st_mode & 0o777 == 0o600
        assert "Permission denied" in (said := second.run("cat", str(file))) or "No such file" in said
    key.unlink()
    wait_until(key.exists, 30, "it is there again")
    assert key.read_bytes() == text
