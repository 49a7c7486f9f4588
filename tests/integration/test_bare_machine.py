"""A machine that does not allow what classdesk needs says so in a sentence, before anything is changed."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.world import REPOSITORY, Hub, command, require_world


@pytest.fixture(autouse=True)
def _world() -> None:
    require_world()


def _make(target: str, *prefix: str, cwd: Path = REPOSITORY) -> tuple[int, str]:
    done = subprocess.run(
        [*prefix, "make", "--no-print-directory", target],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


WITHOUT_SYS_ADMIN = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", "--")


@pytest.mark.parametrize("target", ["up", "test"])
def test_a_plain_container_is_told_how_to_be_started(target: str) -> None:
    status, said = _make(target, *WITHOUT_SYS_ADMIN)
    assert status != 0
    assert "error: root may not mount file systems here" in said
    assert "--privileged" in said
    assert len(said.splitlines()) <= 4, said


@pytest.fixture(scope="module")
def clone() -> Iterator[Path]:
    """A clone that everybody can read, wherever ours is."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        command("git", "clone", "--quiet", "--no-hardlinks", REPOSITORY, Path(folder, "classdesk"))
        yield Path(folder, "classdesk")


@pytest.mark.parametrize("target", ["up", "test"])
def test_an_ordinary_user_is_told_to_become_root(target: str, clone: Path) -> None:
    status, said = _make(target, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", cwd=clone)
    assert status != 0
    assert f"sudo make {target}" in said, said


def test_a_token_that_an_administrators_command_makes_first_is_the_hubs(hub: Hub) -> None:
    path = hub.state / "hub/status_token"
    kept = path.read_text()
    path.unlink()
    command("/usr/local/bin/classdesk", "sessions", check=False)
    assert (path.owner(), path.stat().st_mode & 0o777) == ("classdesk", 0o600)
    path.write_text(kept)
