"""What `classdesk check` says of the form's presets, on the fake Slurm."""

from pathlib import Path
from typing import Any

import pytest

from classdesk_hub import checks
from classdesk_hub.site import Site
from support.fake_slurm import FakeSlurm


@pytest.mark.parametrize(
    ("form", "passed", "words"),
    [
        pytest.param({}, True, "desktop, lab, terminal are within the limits", id="plain"),
        pytest.param(
            {"interfaces": {"lab": {"cores": 9}}}, False, "presets 9 cores", id="too-many-cores"
        ),
        pytest.param({"fields": {"hours": {"step": 2.0}}}, False, "desktop presets", id="step"),
        pytest.param(
            {"interfaces": {"lab": {"fields": {"partition": {"default": "gpu"}}}}},
            False,
            "form.interfaces.lab: there is no open partition gpu",
            id="partition",
        ),
    ],
)
def test_presets_are_held_against_the_cluster(
    tmp_path: Path, form: dict[str, Any], passed: bool, words: str
) -> None:
    fake = FakeSlurm.install(tmp_path / "slurm")
    site = Site.model_validate({"form": form, "slurm": {"bin_directory": str(fake.directory)}})
    result = checks.presets(site)
    assert (result.ok, words in str(result)) == (passed, True), result
