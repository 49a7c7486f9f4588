from pathlib import Path

import pytest

from classdesk_spawner import FormSettings
from classdesk_spawner._options import Ceiling, Ceilings, OptionRules
from support.fake_slurm import FakeSlurm


@pytest.fixture
def fake_slurm(tmp_path: Path) -> FakeSlurm:
    return FakeSlurm.install(tmp_path / "slurm")


@pytest.fixture(scope="session")
def rules() -> OptionRules:
    return OptionRules(
        FormSettings(),
        Ceilings(Ceiling(4, "the partition main"), Ceiling(8.0, "this site")),
    )
