"""What the tests share works wherever the clone is."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.fake_slurm import FakeSlurm


def test_the_fake_slurm_runs_in_a_clone_with_a_blank_in_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux takes no program with a blank in its path for a script's interpreter."""
    python = tmp_path / "a clone/.venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    slurm = FakeSlurm.install(tmp_path / "a clone/slurm")
    assert subprocess.run([slurm.directory / "squeue", "--format=%i"], check=False).returncode == 0
