"""What the scripts of the one-machine cluster say where the machine lacks something, and what they install."""

import shutil
import subprocess
from pathlib import Path

import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "cluster"
BASH = "/bin/bash"


def _says(folder: Path, function: str, path: Path) -> str:
    """Call a function of lib.sh with only the programs of one folder; returns what it says."""
    script = f'source "$1"; PATH="$2"; {function}'
    argv = [BASH, "-c", script, "bash", str(folder / "lib.sh"), str(path)]
    outcome = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert (outcome.returncode, outcome.stderr.count("\n")) == (1, 1), outcome
    return outcome.stderr


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        pytest.param((), "the command mount is missing. Run: apt-get install", id="no-mount"),
        pytest.param(("mount",), "CAP_SYS_ADMIN is missing", id="not-allowed"),
    ],
)
def test_a_machine_without_mount_is_told_from_one_that_may_not_mount(
    tmp_path: Path, programs: tuple[str, ...], said: str
) -> None:
    for name in programs:
        (tmp_path / name).write_text("#!/bin/false\n")
        (tmp_path / name).chmod(0o755)
    assert said in _says(CLUSTER, "need_namespaces", tmp_path)


def test_a_copy_that_may_not_run_programs_says_so(tmp_path: Path) -> None:
    copy = tmp_path / "cluster"
    copy.mkdir()
    for name in ("lib.sh", "up"):
        shutil.copyfile(CLUSTER / name, copy / name)  # without their modes, which is how noexec looks
    assert "mounted noexec" in _says(copy, "need_exec", tmp_path)
    outcome = subprocess.run([BASH, copy / "up"], capture_output=True, text=True, timeout=20, check=False)
    assert "mounted noexec" in outcome.stderr


def test_make_needs_no_programs_of_this_copy_to_begin() -> None:
    text = (CLUSTER.parent / "Makefile").read_text()
    began = [line for line in text.splitlines() if line.startswith(("\t@cluster/", "\t@tests/", "\t@desktop_image/"))]
    assert began == []


def test_what_buildah_of_debian_13_needs_is_installed() -> None:
    names = [line.split("#")[0].strip() for line in (CLUSTER / "packages.txt").read_text().splitlines()]
    assert {"buildah", "netavark"} <= {*names}
