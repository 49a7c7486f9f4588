from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest

from classdesk_desktop.session.runtime import (
    MAX_DIRECTORY_LENGTH,
    RuntimeDirectory,
    read_state,
    write_state,
    write_x_authority,
)


def test_the_directory_is_private_and_short(runtime: RuntimeDirectory) -> None:
    assert runtime.path.stat().st_mode & 0o777 == 0o700
    assert len(str(runtime.vnc_socket)) < 107


def test_the_directory_is_made_in_tmpdir(runtime: RuntimeDirectory) -> None:
    inner = RuntimeDirectory.create({"TMPDIR": "/tmp/"}, 0)
    assert inner.path.parent == Path("/tmp")
    inner.remove()


@pytest.mark.parametrize(
    "tmpdir",
    [
        pytest.param("/tmp/" + "long/" * 20, id="too long for sockets"),
        pytest.param("/nonexistent", id="missing"),
        pytest.param("relative", id="relative"),
        pytest.param("/proc", id="not writable"),
    ],
)
def test_a_useless_tmpdir_is_passed_over(tmpdir: str) -> None:
    directory = RuntimeDirectory.create({"TMPDIR": tmpdir}, 0)
    assert directory.path.parent == Path("/tmp")
    assert len(str(directory.path)) <= MAX_DIRECTORY_LENGTH
    directory.remove()


def test_remove_takes_all_and_forgives_a_second_call(runtime: RuntimeDirectory) -> None:
    (runtime.path / "deep").mkdir()
    (runtime.path / "deep" / "file").touch()
    runtime.remove()
    runtime.remove()
    assert not runtime.path.exists()


def test_a_directory_that_was_removed_is_made_again_as_it_was(runtime: RuntimeDirectory) -> None:
    runtime.restore()
    shutil.rmtree(runtime.path)
    runtime.restore()
    assert runtime.path.stat().st_mode & 0o777 == 0o700
    descriptor = os.open(runtime.path, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):  # marked as in use
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def test_what_somebody_else_has_put_in_its_place_is_not_used(
    runtime: RuntimeDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 61_999)
    with pytest.raises(PermissionError, match="somebody else"):
        runtime.restore()


def test_the_x_authority_fits_every_display(runtime: RuntimeDirectory) -> None:
    write_x_authority(runtime.x_authority, b"0123456789abcdef")
    data = runtime.x_authority.read_bytes()
    assert data == b"\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x100123456789abcdef"
    assert runtime.x_authority.stat().st_mode & 0o777 == 0o600


def test_the_state_is_read_as_written(runtime: RuntimeDirectory) -> None:
    write_state(runtime.state_file, "failed", "The X server ended.", 3)
    state = read_state(runtime.state_file)
    assert (state["state"], state["detail"], state["starts"]) == (
        "failed",
        "The X server ended.",
        3,
    )
    assert json.loads(runtime.state_file.read_text())["since"] > 0


def test_the_state_is_written_where_there_is_no_room_left(
    runtime: RuntimeDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_state(runtime.state_file, "painted", "a longer sentence than the next one", 3)
    original = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TRUNC:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(path, flags, mode)

    monkeypatch.setattr(os, "open", full)
    write_state(runtime.state_file, "failed", "full", 4)
    assert read_state(runtime.state_file)["state"] == "failed"
    assert runtime.state_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in runtime.path.iterdir()] == ["state.json"]


def test_before_the_first_state_the_desktop_is_starting(runtime: RuntimeDirectory) -> None:
    assert read_state(runtime.state_file)["state"] == "starting X"


def test_what_a_killed_session_has_left_goes_and_what_lives_stays() -> None:
    short = Path(f"/tmp/cdr-{os.getpid()}")  # pytest's own directory is too long for sockets
    short.mkdir()
    try:
        dead, young = (short / f"classdesk-{os.getuid()}-{name}" for name in ("dead", "young"))
        for path in (dead, young):
            (path / "inside").mkdir(parents=True)
        living = RuntimeDirectory.create({"TMPDIR": str(short)}, os.getuid()).path
        for path in (dead, living):
            os.utime(path, (0, 0))
        new = RuntimeDirectory.create({"TMPDIR": str(short)}, os.getuid()).path
        assert set(short.iterdir()) == {young, living, new}
    finally:
        shutil.rmtree(short)
