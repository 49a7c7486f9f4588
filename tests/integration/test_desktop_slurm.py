"""However Slurm or an accident ends a session on a node, nothing of it is left there."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.hub_client import HubClient
from support.world import Hub, command, job_ids, processes, slurm, wait_until

USER = "learner02"


@pytest.fixture
def ada(hub: Hub) -> Iterator[HubClient]:
    with HubClient(hub, USER) as client:
        yield client


def pid(program: str) -> int:
    """The last process of the learner whose command line has `program` in it: the innermost one."""
    lines = [line for line in processes(USER) if program in line]
    assert lines, f"{program} does not run"
    return int(lines[-1].split()[0])


def traces() -> list[str]:
    """What is left of a session on the node, in its file systems and tables."""
    uid = int(command("id", "-u", USER))
    found = [*processes(USER), *(f"job {job}" for job in job_ids(USER))]
    for directory in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
        for pattern in ("*", ".*/*", ".X*-lock"):
            found += [str(path) for path in Path(directory).glob(pattern) if path.lstat().st_uid == uid]
    for line in Path("/proc/net/unix").read_text().splitlines():
        if f"classdesk-{uid}-" in line:
            found.append(line)
    return found


def stop_on_the_page(ada: HubClient, job_id: str) -> None:
    del job_id
    ada.stop()


def cancel(ada: HubClient, job_id: str) -> None:
    del ada
    slurm("scancel", job_id, user=USER)


def reach_the_time_limit(ada: HubClient, job_id: str) -> None:
    del ada
    slurm("scontrol", "update", f"JobId={job_id}", "EndTime=now+2")


def kill_the_server(ada: HubClient, job_id: str) -> None:
    del ada, job_id
    os.kill(pid("classdesk_desktop.server.app"), signal.SIGKILL)


def kill_the_supervisor(ada: HubClient, job_id: str) -> None:
    del ada, job_id
    os.kill(pid("python -I /opt/classdesk/bin/classdesk-session"), signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        pytest.param(stop_on_the_page, 15, id="Stop"),
        pytest.param(cancel, 15, id="scancel"),
        # Slurm looks at time limits twice a minute.
        pytest.param(reach_the_time_limit, 100, id="time limit"),
        pytest.param(kill_the_server, 15, id="server killed"),
        pytest.param(kill_the_supervisor, 15, id="supervisor killed"),
    ],
)
def test_however_a_session_ends_nothing_is_left_on_the_node(
    ada: HubClient, end: Callable[[HubClient, str], None], seconds: float
) -> None:
    job_id = ada.start(ui="desktop")
    wait_until(lambda: pid("mate-panel"), 20, "the desktop has come")
    end(ada, job_id)

    def nothing() -> bool:
        left = traces()
        assert not left, left
        return True

    wait_until(nothing, seconds, "nothing is left")
    wait_until(lambda: not ada.server(), 90, "the hub knows it")
