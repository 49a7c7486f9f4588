"""What a session's shell says to a command that is not there."""

import os
import subprocess
from pathlib import Path

import pytest

PROFILE = Path(__file__).resolve().parents[3] / "desktop_image/rootfs/etc/profile.d/classdesk.sh"


def typed(line: str, path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs a line in a shell that has no programs but those in a folder."""
    command = ["/bin/bash", "--norc", "-c", f'. "$1"; PATH=$2; {line}', "bash", PROFILE, path]
    environment = {"PATH": os.defpath, "DISPLAY": ":1", "LANG": "C", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("modules", ["", "python/3.13"], ids=["module-not-loaded", "module-loaded"])
@pytest.mark.parametrize("name", ["ipython", "jupyter"])
def test_what_the_course_does_not_have_sends_nobody_in_a_circle(tmp_path: Path, name: str, modules: str) -> None:
    done = typed(name, tmp_path, LOADEDMODULES=modules)
    assert done.returncode == 127
    assert done.stderr == f"{name} is not part of this course. Type:  module load python   and then  python\n"


@pytest.mark.parametrize("name", ["python", "pip", "dask"])
def test_what_the_module_brings_says_so(tmp_path: Path, name: str) -> None:
    done = typed(name, tmp_path)
    assert done.returncode == 127
    assert done.stderr == f"{name}: not loaded yet. Type this first:  module load python\n"


@pytest.mark.parametrize(
    ("name", "instead"), [("tree", "ls -R"), ("htop", "top"), ("gedit", "pluma FILE"), ("emacs", "pluma FILE")]
)
def test_what_beginners_type_is_told_what_to_use(tmp_path: Path, name: str, instead: str) -> None:
    done = typed(name, tmp_path)
    assert (done.returncode, done.stderr) == (127, f"{name} is not installed. Type:  {instead}\n")


def test_vim_is_vi(tmp_path: Path) -> None:
    vi = tmp_path / "vi"
    vi.write_text("#!/bin/sh\necho vi edits $1\n")
    vi.chmod(0o755)
    # A machine with a vim of its own keeps it.
    done = typed("vim a.py", tmp_path, PATH=str(tmp_path))
    assert done.stdout == "vi edits a.py\n", done.stderr


def test_anything_else_is_not_found(tmp_path: Path) -> None:
    done = typed("nothere", tmp_path)
    assert (done.returncode, done.stderr) == (127, "bash: nothere: command not found\n")
