"""What `classdesk check` says of the form's presets, on the fake Slurm."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from classdesk_hub.command import checks
from classdesk_hub.site.file import Site
from support.fake_slurm import FakeSlurm


@pytest.mark.parametrize(
    ("form", "passed", "words"),
    [
        pytest.param({}, True, "desktop, lab, terminal are within the limits", id="plain"),
        pytest.param({"interfaces": {"lab": {"cores": 9}}}, False, "presets 9 cores", id="too-many-cores"),
        pytest.param({"fields": {"hours": {"step": 2.0}}}, False, "desktop presets", id="step"),
        pytest.param(
            {"interfaces": {"lab": {"fields": {"partition": {"default": "gpu"}}}}},
            False,
            "form.interfaces.lab: there is no open partition gpu",
            id="partition",
        ),
    ],
)
def test_presets_are_held_against_the_cluster(tmp_path: Path, form: dict[str, Any], passed: bool, words: str) -> None:
    fake = FakeSlurm.install(tmp_path / "slurm")
    site = Site.model_validate({"form": form, "slurm": {"bin_directory": str(fake.directory)}})
    result = checks.presets(site)
    assert (result.ok, words in str(result)) == (passed, True), result


@pytest.mark.parametrize(
    ("told", "passed", "words"),
    [
        pytest.param(f"{version('classdesk')}\n", True, "hub and image", id="same"),
        pytest.param("0.0.9\n", False, "image 0.0.9", id="another"),
        pytest.param(None, False, "image of an unknown version", id="older than the file"),
    ],
)
def test_the_versions_of_hub_and_image_are_shown(tmp_path: Path, told: str | None, passed: bool, words: str) -> None:
    (tmp_path / "opt/classdesk").mkdir(parents=True)
    if told is not None:
        (tmp_path / "opt/classdesk/VERSION").write_text(told)
    site = Site.model_validate({"runtime": {"kind": "bubblewrap", "image": str(tmp_path)}})
    result = checks.versions(site)
    assert (result.ok, words in result.text) == (passed, True), result
