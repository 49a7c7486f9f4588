import asyncio
import contextlib
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_spawner import SessionError, SlurmUnavailableError, SubmitError
from classdesk_spawner.errors import JobsHiddenError
from classdesk_spawner.slurm.commands import SlurmCommands
from classdesk_spawner.slurm.job import Job, parse_job_id, parse_jobs
from classdesk_spawner.slurm.offer import parse_partitions
from classdesk_spawner.slurm.refusals import explain_refusal
from classdesk_spawner.slurm.states import END_SENTENCES, STATES, Phase, end_sentence, phase_of
from classdesk_spawner.slurm.times import unix_time
from support.fake_slurm import FakeSlurm

HEADING = "5ecret|JOBID|STATE|REASON|START_TIME|END_TIME|EXEC_HOST|USER|COMMENT\n"


def test_squeue_lines_are_read() -> None:
    text = (
        f"{HEADING}5ecret|12|RUNNING|None|1700000000|1700010800|node1|ada|(null)\n"
        "5ecret|13|PENDING|Resources|N/A|N/A|n/a|bob|my%20|server\n"
    )
    assert parse_jobs(text, "5ecret") == (
        Job("12", "RUNNING", "None", 1700000000, 1700010800, "node1", "ada", ""),
        Job("13", "PENDING", "Resources", None, None, "", "bob", "my%20|server"),
    )
    assert parse_jobs(HEADING, "5ecret") == ()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_a_comment_of_several_lines_is_no_job_of_somebody_else(line_end: str) -> None:
    forged = f"x{line_end}12|COMPLETED|None|1|2|evil|ada|y{line_end}"
    text = (
        f"{HEADING}5ecret|12|RUNNING|None|1700000000|1700010800|node1|ada|:5ub@3f\n"
        f"5ecret|13|PENDING|Resources|N/A|N/A|n/a|eve|{forged}\n"
    )
    jobs = {job.id: job for job in parse_jobs(text, "5ecret")}
    assert (jobs["12"].state, jobs["12"].node) == ("RUNNING", "node1")
    assert set(jobs) == {"12", "13"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "slurm_load_jobs error: Unable to contact slurm controller\n",
        "JOBID|STATE|REASON|START_TIME|END_TIME|EXEC_HOST|USER|COMMENT\n",
        "5ecret|12|RUNNING|None|1700000000|1700010800|node1|ada|\n",
        f"{HEADING}5ecret|12|RUNN",
    ],
    ids=["nothing", "an-error", "another-mark", "no-heading", "a-part"],
)
def test_what_is_not_squeues_whole_answer_is_no_answer(text: str) -> None:
    with pytest.raises(ValueError, match=r"no heading|not a job"):
        parse_jobs(text, "5ecret")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for squeue in (text, HEADING + text, f"{HEADING}5ecret|{text}"):
        with contextlib.suppress(ValueError):
            parse_jobs(squeue, "5ecret")
    with contextlib.suppress(ValueError):
        parse_partitions(f"main*|up|{text}|4|8000|(null)|idle")


@pytest.mark.parametrize(
    ("text", "job_id"),
    [("17\n", "17"), ("17;cluster\n", "17"), ("Welcome!\nnote: be nice\n18\n", "18")],
)
def test_job_id_is_found(text: str, job_id: str) -> None:
    assert parse_job_id(text) == job_id


@pytest.mark.parametrize("text", ["", "Submitted batch job", "17 18", "-3"])
def test_no_job_id_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no job id"):
        parse_job_id(text)


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        pytest.param(
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            SlurmUnavailableError,
            "does not answer",
            id="controller-down",
        ),
        pytest.param(
            "sbatch: error: Batch job submission failed: Protocol authentication error",
            SlurmUnavailableError,
            "does not answer",
            id="munge-down",
        ),
        pytest.param(
            "sbatch: error: Requested time limit is invalid (missing or exceeds some limit)",
            SubmitError,
            "fewer hours",
            id="time-limit",
        ),
        pytest.param(
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
            SubmitError,
            "account",
            id="account",
        ),
        pytest.param(
            "sbatch: error: invalid partition specified: x",
            SubmitError,
            "partition",
            id="partition",
        ),
        pytest.param("sudo: a password is required", SubmitError, "classdesk check", id="sudoers"),
        pytest.param("sudo: unknown user ada", SubmitError, "does not know your user name", id="unknown-user"),
        pytest.param("something new", SubmitError, "a reason unknown to classdesk", id="unknown"),
    ],
)
def test_refusals_are_explained(stderr: str, kind: type[SessionError], words: str) -> None:
    error = explain_refusal(stderr, "ada")
    assert type(error) is kind
    assert words in error.message
    assert stderr in error.detail
    assert stderr not in error.message


def test_every_ended_state_has_a_sentence() -> None:
    ended = {state for state, phase in STATES.items() if phase is Phase.ENDED}
    assert ended == set(END_SENTENCES)
    assert "UNHEARD_OF" in end_sentence("UNHEARD_OF")


def test_an_unknown_state_is_a_living_job() -> None:
    assert phase_of("UNHEARD_OF") not in {Phase.ENDED, Phase.ENDING}


def _commands(fake: FakeSlurm, timeout_s: float = 10) -> SlurmCommands:
    return SlurmCommands(str(fake.directory), use_sudo=False, timeout_s=timeout_s)


def test_submit_passes_script_and_environment_but_no_value_on_the_command_line(
    fake_slurm: FakeSlurm,
) -> None:
    job_id = asyncio.run(
        _commands(fake_slurm).submit("ada", ["--time=5"], "#!/bin/sh\n", {"JUPYTERHUB_API_TOKEN": "secret"})
    )
    job = fake_slurm.jobs()[job_id]
    assert job["argv"] == ["--parsable", "--time=5"]
    assert job["script"] == "#!/bin/sh\n"
    assert job["variables"]["JUPYTERHUB_API_TOKEN"] == "secret"
    assert "JUPYTERHUB_API_TOKEN" not in job["environment"]


def test_sudo_is_told_of_no_variable(fake_slurm: FakeSlurm) -> None:
    commands = SlurmCommands(str(fake_slurm.directory), use_sudo=True, timeout_s=5)
    assert commands._as_user("ada") == ["/usr/bin/sudo", "-n", "-H", "-u", "ada", "--"]


def test_a_command_that_hangs_is_ended(fake_slurm: FakeSlurm) -> None:
    fake_slurm.break_program("squeue", "HANG")
    with pytest.raises(SlurmUnavailableError) as caught:
        asyncio.run(_commands(fake_slurm, timeout_s=0.3).jobs("classdesk"))
    assert "did not answer within 0.3 s" in caught.value.detail


def test_a_missing_command_is_an_unavailable_slurm(fake_slurm: FakeSlurm) -> None:
    commands = SlurmCommands("/nonexistent", use_sudo=False, timeout_s=5)
    with pytest.raises(SlurmUnavailableError, match="cannot be run"):
        asyncio.run(commands.jobs("classdesk"))


def test_cancelling_a_job_that_is_gone_is_fine(fake_slurm: FakeSlurm) -> None:
    asyncio.run(_commands(fake_slurm).cancel("ada", "999"))


def test_node_address(fake_slurm: FakeSlurm) -> None:
    assert asyncio.run(_commands(fake_slurm).node_address("node1")) == "192.0.2.7"


def test_where_slurm_keeps_the_environment_of_jobs_none_is_submitted(
    fake_slurm: FakeSlurm,
) -> None:
    fake_slurm.set_config("AccountingStoreFlags", "job_comment,job_env")
    with pytest.raises(SubmitError, match="where others can read it"):
        asyncio.run(_commands(fake_slurm).submit("ada", [], "#!/bin/sh", {"KEY": "x"}))
    assert fake_slurm.calls("sbatch") == []
    fake_slurm.set_config("AccountingStoreFlags", "job_comment")
    asyncio.run(_commands(fake_slurm).submit("ada", [], "#!/bin/sh", {"KEY": "x"}))
    assert len(fake_slurm.calls("sbatch")) == 1


def test_moments_are_read_as_slurm_prints_them() -> None:
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(1_700_000_000))
    assert [unix_time(text) for text in ("1700000000", local)] == [1_700_000_000] * 2
    assert [unix_time(text) for text in ("N/A", "Unknown", "", "9999-99-99T00:00:00")] == [None] * 4


def _submitted(fake: FakeSlurm, *names: str) -> list[str]:
    """Give the fake a running job of each name."""
    job_ids = [asyncio.run(_commands(fake).submit("ada", [], "#!/bin/sh", {})) for _ in names]
    for job_id, name in zip(job_ids, names, strict=True):
        fake.change(job_id, state="RUNNING", name=name)
    return job_ids


@pytest.mark.parametrize("others", [(), ("classdesk",), ("classdesk", "x")], ids=["alone", "with-another", "with-two"])
def test_a_job_that_was_renamed_is_found_by_its_number(fake_slurm: FakeSlurm, others: tuple[str, ...]) -> None:
    job_ids = _submitted(fake_slurm, *others, "x")
    found = asyncio.run(_commands(fake_slurm).jobs("classdesk", job_ids))
    assert {job.id: job.phase for job in found} == dict.fromkeys(job_ids, Phase.RUNNING)
    (fake_slurm.directory / f"job-{job_ids[-1]}.json").unlink()
    left = asyncio.run(_commands(fake_slurm).jobs("classdesk", job_ids))
    assert [job.id for job in left] == job_ids[:-1], "and one that Slurm does not know has ended"


@pytest.fixture
def under_sudo(fake_slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> SlurmCommands:
    """A hub with an account of its own, and a sudo that lets it be anybody."""
    monkeypatch.setattr("classdesk_spawner.slurm.commands.SUDO", str(fake_slurm.directory / "sudo"))
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: SimpleNamespace(pw_name="classdesk"))
    return SlurmCommands(str(fake_slurm.directory), use_sudo=True, timeout_s=10, operator="slurm")


@pytest.mark.parametrize("slurm_user", ["slurm(64030)", "scheduler(64031)"], ids=["sees", "sees-nothing"])
def test_a_missing_job_has_ended_only_where_the_operator_sees_all(
    fake_slurm: FakeSlurm, under_sudo: SlurmCommands, slurm_user: str
) -> None:
    (job_id,) = _submitted(fake_slurm, "classdesk")
    fake_slurm.change(job_id, start="1700000000", end="1700010800")
    fake_slurm.set_config("PrivateData", "jobs")
    fake_slurm.set_config("SlurmUser", slurm_user)
    if slurm_user.startswith("slurm("):
        (job,) = asyncio.run(under_sudo.jobs("classdesk", [job_id]))
        assert (job.id, job.start, job.end) == (job_id, 1_700_000_000, 1_700_010_800), "sudo keeps no time format"
        assert asyncio.run(under_sudo.jobs("classdesk", [job_id, "999"]))[0].id == job_id
    else:
        with pytest.raises(JobsHiddenError) as caught:
            asyncio.run(under_sudo.jobs("classdesk", [job_id]))
        assert "slurm is not an operator" in caught.value.detail
