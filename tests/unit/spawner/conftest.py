import getpass
from pathlib import Path
from types import SimpleNamespace

import pytest

from classdesk_spawner import FormSettings, Offer, OptionRules, SlurmSettings
from classdesk_spawner.slurm.offer import Partition
from support.fake_slurm import FakeSlurm


@pytest.fixture
def fake_slurm(tmp_path: Path) -> FakeSlurm:
    return FakeSlurm.install(tmp_path / "slurm")


@pytest.fixture(scope="session")
def rules() -> OptionRules:
    main = Partition("main", cores=4, hours=24, memory_mib=8192, gpus=0)
    return OptionRules(FormSettings(max_hours=8.0), SlurmSettings(), Offer((main,)))


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the account of this process, often root, count as a learner's."""
    account = SimpleNamespace(pw_name=getpass.getuser(), pw_uid=1234, pw_dir=str(tmp_path))
    monkeypatch.setattr("pwd.getpwnam", lambda _name: account)
