"""Both sides of the door: the node's, run by a Python of its own, and the session's."""

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from classdesk_desktop.session.door import Door, DoorError, Script, answer
from classdesk_spawner.session import node_door
from support.ports import two_taken


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Door, Path]]:
    """A door, and the directory in which the test puts the node's commands."""
    commands, directory = tmp_path / "bin", Path("/tmp", f"door-{os.urandom(4).hex()}")
    commands.mkdir()
    directory.mkdir(mode=0o700)
    environment = {"PATH": "/usr/bin:/bin", "SLURM_JOB_ID": "1", "SLURM_CONF": "/run/slurm.conf", "HOME": "/"}
    words = [sys.executable, "-I", node_door.__file__, str(directory), str(commands), ""]
    process = subprocess.Popen(words, env=environment)
    try:
        yield Door(directory, {"PATH": "/usr/bin:/bin", "MINE": "1"}, str(tmp_path)), commands
    finally:
        process.terminate()
        process.wait(10)
        assert not directory.exists()


def put(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def test_a_command_gets_arguments_variables_and_nothing_of_the_sessions_job(node: tuple[Door, Path]) -> None:
    door, commands = node
    put(commands, "squeue", 'printf "%s|" "$@" "$MINE" "${SLURM_JOB_ID-none}" "$SLURM_CONF" "$PWD"')
    said = door.output("squeue", ["a b", "$(x)", "é", os.fsdecode(b"\xff")])
    assert said.startswith("a b|$(x)|é|\ufffd|1|none|/run/slurm.conf|")


def test_it_works_where_the_caller_is(node: tuple[Door, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door, commands = node
    put(commands, "squeue", "pwd")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert door.output("squeue", []) == f"{here}\n"
    here.rmdir()
    assert door.output("squeue", []) == f"{tmp_path}\n"


@pytest.mark.parametrize(("ends", "status"), [("exit 7", 7), ("kill -TERM $$", 143), ("true", 0)])
def test_the_status_is_as_in_a_shell(node: tuple[Door, Path], ends: str, status: int) -> None:
    door, commands = node
    put(commands, "scancel", ends)
    assert door.run("scancel", []) == status


def test_a_script_is_a_file_of_its_name_that_is_gone_afterwards(node: tuple[Door, Path], tmp_path: Path) -> None:
    door, commands = node
    put(commands, "sbatch", f'echo "$1|$(basename "$2")|$(cat "$2")|$3" >{tmp_path}/said; echo "$2" >{tmp_path}/path')
    assert door.run("sbatch", ["-x", None, "last"], Script("/etc/it's\n.sh", b"text")) == 0
    assert (tmp_path / "said").read_text() == "-x|it's\n.sh|text|last\n"
    assert not Path((tmp_path / "path").read_text().rstrip("\n")).exists()


@pytest.mark.parametrize(
    ("command", "why"), [("seff", "seff is not installed on this node."), ("../bin/sh", "not installed")]
)
def test_what_it_does_not_run_it_says(node: tuple[Door, Path], command: str, why: str) -> None:
    door, _ = node
    with pytest.raises(DoorError, match=why):
        door.run(command, [])


def test_signals_are_passed_on(node: tuple[Door, Path], tmp_path: Path) -> None:
    door, commands = node
    put(commands, "srun", f"trap 'exit 9' USR1; touch {tmp_path}/ready; while :; do sleep 0.05; done")

    def send() -> None:
        while not (tmp_path / "ready").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    assert door.run("srun", []) == 9
    thread.join()


def test_a_caller_that_goes_takes_its_command_along(node: tuple[Door, Path], tmp_path: Path) -> None:
    door, commands = node
    put(
        commands,
        "srun",
        f"trap 'touch {tmp_path}/ended; exit' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done",
    )
    connection = door.begin("srun", [])
    _until(tmp_path / "ready")
    connection.close()
    _until(tmp_path / "ended")


def test_further_descriptors_are_3_and_4(node: tuple[Door, Path]) -> None:
    door, commands = node
    put(commands, "salloc", "echo told >&3; read line <&4; exit 3")
    told, tells = os.pipe()
    holds, held = os.pipe()
    with door.begin("salloc", [], descriptors=(0, 1, 2, tells, holds)) as connection:
        assert os.read(told, 100) == b"told\n"
        os.close(held)
        os.close(holds)
        assert answer(connection) == 3
    os.close(told)
    os.close(tells)


def test_jobs_that_end_with_the_session_are_cancelled_at_its_end(tmp_path: Path) -> None:
    directory = tmp_path / "door"
    directory.mkdir()
    begun, may_go_on = tmp_path / "begun", tmp_path / "may_go_on"
    waits = f"touch {begun}; until [[ -e {may_go_on} ]]; do sleep 0.02; done"
    put(tmp_path, "scancel", f'{waits}; echo "$@" >{tmp_path}/cancelled')
    words = [sys.executable, "-I", node_door.__file__, str(directory), str(tmp_path), ""]
    process = subprocess.Popen(words, env={"PATH": "/usr/bin:/bin"})
    door = Door(directory, {}, "/")
    door.end_with_session(["12", "7"])
    process.terminate()
    _until(begun)
    process.terminate()  # Slurm and the batch script both tell it
    may_go_on.touch()
    process.wait(10)
    assert (tmp_path / "cancelled").read_text() == "--quiet 12 7\n"


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_a_socket_of_the_node_is_handed_over(node: tuple[Door, Path], host: str) -> None:
    door, _ = node
    given = door.listen(host)
    with given.socket as listener:
        assert not listener.getblocking()
        with socket.create_connection(("127.0.0.1", given.port), 5):
            listener.setblocking(True)
            listener.accept()[0].close()


def test_a_socket_is_in_the_sites_range_until_that_is_full() -> None:
    with two_taken() as (one, other):
        first, last = one.getsockname()[1], other.getsockname()[1]
        with pytest.raises(node_door.RefusedError, match=f"from {first} to {last} are in use"):
            node_door.listener_on("127.0.0.1", f"{first}-{last}")
        other.close()
        with node_door.listener_on("127.0.0.1", f"{first}-{last}") as free:
            assert free.getsockname()[1] == last


def test_switched_off_it_says_so(tmp_path: Path) -> None:
    directory = tmp_path / "door"
    directory.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-I", node_door.__file__, str(directory), "", ""], env={"PATH": "/usr/bin:/bin"}
    )
    try:
        with pytest.raises(DoorError, match="switched off in the sessions of this site"):
            Door(directory, {}, "/").run("squeue", [])
    finally:
        process.terminate()
        process.wait(10)


def test_nobody_else_can_enter(node: tuple[Door, Path]) -> None:
    door, commands = node
    put(commands, "squeue", "true")
    door.run("squeue", [])
    assert stat.S_IMODE(door.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "sent", [b"", b"\0" * 8, b"\xff" * 8, b"\0\0\0\0\0\0\0\2{}", b"\0\0\0\0\0\0\0\2[]", b"\0\0\0\0\0\0\0\x01x"]
)
def test_nonsense_does_not_end_it(node: tuple[Door, Path], sent: bytes) -> None:
    door, commands = node
    put(commands, "squeue", "true")
    assert door.run("squeue", []) == 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(door.directory / "door"))
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        connection.recv(1000)
    assert door.run("squeue", []) == 0


def test_what_killed_sessions_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    old = time.time() - 3600
    for name in ("classdesk-door-dead", "classdesk-door-lives", "classdesk-door-mine", "other"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (old, old))
    (tmp_path / "classdesk-door-young").mkdir()
    (tmp_path / "classdesk-door-link").symlink_to(tmp_path / "other")
    lives = os.open(tmp_path / "classdesk-door-lives", os.O_RDONLY)
    fcntl.flock(lives, fcntl.LOCK_EX)
    node_door.hold(tmp_path / "classdesk-door-mine")
    os.close(lives)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("classdesk-door-lives", "classdesk-door-mine", "classdesk-door-young", "classdesk-door-link", "other")
    }


def _until(path: Path) -> None:
    end = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < end, f"{path} is not there"
        time.sleep(0.02)
