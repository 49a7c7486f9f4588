"""What `classdesk check` says, on the fake Slurm."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from classdesk_hub.command import checks
from classdesk_hub.command.app import app, sessions_table
from classdesk_hub.learner_facts import HubSession, LearnerFacts, State
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


def test_the_command_tells_the_versions_of_hub_and_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "opt/classdesk").mkdir(parents=True)
    (tmp_path / "opt/classdesk/VERSION").write_text("0.0.9\n")
    site = tmp_path / "site.toml"
    monkeypatch.setenv("CLASSDESK_SITE", str(site))
    for text, image in (
        (f'[runtime]\nkind = "bubblewrap"\nimage = "{tmp_path}"\n', "image 0.0.9\n"),
        ("[nothing]", ""),
    ):
        site.write_text(text)
        with pytest.raises(SystemExit) as caught:
            app(["--version"])
        assert caught.value.code == 0
        assert capsys.readouterr().out == f"classdesk {version('classdesk')}\n{image}"


def test_the_list_of_sessions_has_the_version_of_each() -> None:
    facts = LearnerFacts(state=State.RUNNING, job_id="7", node="n1", version="0.0.9")
    table = sessions_table([HubSession("ada", "", facts), HubSession("bob", "", LearnerFacts(state=State.QUEUED))])
    (versions,) = (list(column.cells) for column in table.columns if column.header == "version")
    assert versions == ["0.0.9", ""]


@pytest.mark.parametrize(
    ("slurm_user", "passed", "words"),
    [
        pytest.param("slurm(64030)", True, "the hub asks as slurm", id="sees"),
        pytest.param("scheduler(64031)", False, "from whom Slurm hides it as well", id="sees-nothing"),
    ],
)
def test_whether_the_operator_sees_what_slurm_keeps_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slurm_user: str, passed: bool, words: str
) -> None:
    fake = FakeSlurm.install(tmp_path / "slurm")
    fake.set_config("PrivateData", "jobs")
    fake.set_config("SlurmUser", slurm_user)
    monkeypatch.setattr(checks, "_SUDO", "/bin/true")  # the rules allow everything
    site = Site.model_validate(
        {"slurm": {"bin_directory": str(fake.directory)}, "hub": {"state_directory": str(tmp_path)}}
    )
    result = checks.privacy(site)
    assert (result.ok, words in result.text) == (passed, True), result


@pytest.mark.parametrize(
    ("gres", "constrain", "passed", "words"),
    [
        pytest.param("(null)", "no", True, "the form has no field for them", id="none"),
        pytest.param("gpu:a100:2,gpu:v100:1", "yes", True, "main: 3 on a node (a100, v100)", id="own"),
        pytest.param("gpu:4", "no", False, "also those of other jobs", id="everybodys"),
    ],
)
def test_gpus_are_named_and_must_be_the_jobs_own(
    tmp_path: Path, gres: str, constrain: str, passed: bool, words: str
) -> None:
    fake = FakeSlurm.install(tmp_path / "slurm")
    fake.set_gres(gres)
    fake.set_config("ConstrainDevices", constrain)
    site = Site.model_validate({"slurm": {"bin_directory": str(fake.directory)}})
    result = checks.gpus(site)
    assert (result.ok, words in result.text) == (passed, True), result
