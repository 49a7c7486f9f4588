from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from classdesk_desktop.session.processes import descendants, process_table, stop_group


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for somebody to take its status does not."""
    # In a container the first process may be one that takes nobody's status.
    return process_table().get(pid, (0, "Z"))[1] != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_descendants_are_found_below_a_process() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 60 & wait"]) as shell:
        deadline = time.monotonic() + 5
        while not descendants(shell.pid):
            assert time.monotonic() < deadline
        assert shell.pid in descendants(os.getpid())
        for pid in descendants(shell.pid):
            os.kill(pid, 9)
        shell.wait()


def test_a_group_that_ignores_the_request_is_killed() -> None:
    async def stop() -> tuple[int, int | None]:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait",
            stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        child = int(await process.stdout.readline())
        await stop_group(process, 0.2)
        return child, process.returncode

    child, status = asyncio.run(stop())
    assert status == -9
    wait_until_gone(child)


def test_an_orphan_is_adopted_and_ended(tmp_path: Path) -> None:
    # In a process of its own: the test runner must not adopt anybody, or end its own children.
    program = (
        "import subprocess, sys\n"
        "from classdesk_desktop.session.processes import become_subreaper, descendants, end_descendants\n"
        "import os\n"
        "become_subreaper()\n"
        "subprocess.run(['/bin/sh', '-c', 'setsid sleep 60 & echo $!'], check=True)\n"
        "sys.stdout.flush()\n"
        "assert len(descendants(os.getpid())) == 1\n"
        "end_descendants(2)\n"
        "assert not descendants(os.getpid())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    wait_until_gone(int(done.stdout))


def test_taken_ice_addresses_stop_a_listener() -> None:
    """The fact behind ice.py: abstract sockets are taken once, whatever process namespace asks."""
    name = f"\0/tmp/.ICE-unix/classdesk-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        first.bind(name)
        try:
            second.bind(name)
        except OSError as error:
            assert error.errno == 98  # noqa: PT017 - EADDRINUSE, by its number in Linux
        else:
            raise AssertionError("an abstract address was taken twice")
