"""More time for a running session: limits, and the sentences where there is none."""

import asyncio
import math
import re
from pathlib import Path
from typing import Any

import pytest

from classdesk_desktop.protocol import Extension
from classdesk_spawner import DesktopSettings, SessionError
from classdesk_spawner.session.extension import (
    Ceiling,
    ExtensionError,
    NotAllowedError,
    extend,
    learners_minutes,
    new_limit,
    read_minutes,
)
from classdesk_spawner.slurm.commands import SlurmCommands
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.refusals import explain_extension_refusal
from support.fake_slurm import FakeSlurm
from support.fake_spawner import give_server, make_spawner, run_scene, until

REPOSITORY = Path(__file__).parents[3]
START = 1_800_000_000
SITE = Ceiling(START + 12 * 3600, "this site allows 12 hours in all")
PARTITION = Ceiling(START + 4 * 3600, "the partition main allows 4 hours")


def _job(state: str = "RUNNING", start: int | None = START, end: int | None = START + 3 * 3600) -> Job:
    return Job("7", state, "None", start, end, "n1", "ada", "")


def test_minutes_are_added_to_the_limit() -> None:
    assert new_limit(_job(), 30, [SITE, PARTITION]) == 210


def test_what_is_left_is_given_where_it_is_less() -> None:
    assert new_limit(_job(), 90, [SITE, PARTITION]) == 240
    assert new_limit(_job(), 90, [SITE, Ceiling(math.inf, "nobody")]) == 270


def test_some_seconds_of_slurm_do_not_add_up() -> None:
    assert new_limit(_job(end=START + 3 * 3600 + 20), 30, [SITE]) == 210


@pytest.mark.parametrize(
    ("job", "ceiling", "sentence"),
    [
        pytest.param(_job(end=START + 4 * 3600), PARTITION, "the partition main allows 4 hours", id="limit"),
        pytest.param(_job(end=START + 12 * 3600), SITE, "this site allows 12 hours", id="site"),
        pytest.param(_job("PENDING"), SITE, "is not running", id="waits"),
        pytest.param(_job("COMPLETING"), SITE, "is not running", id="ends"),
        pytest.param(None, SITE, "is not running", id="unknown"),
        pytest.param(_job(end=None), SITE, "has no time limit", id="endless"),
    ],
)
def test_there_is_a_sentence_where_nothing_can_be_added(job: Job | None, ceiling: Ceiling, sentence: str) -> None:
    with pytest.raises(ExtensionError, match=sentence) as caught:
        new_limit(job, 30, [ceiling])
    assert not re.search(r"\d:\d\d", str(caught.value)), "who reads it may be in another time zone"


def test_a_learner_gets_what_the_site_allows() -> None:
    allowed = DesktopSettings(extend_minutes=30)
    assert learners_minutes(allowed, None) == 30
    assert learners_minutes(allowed, 15) == 15
    with pytest.raises(NotAllowedError, match="by 30 minutes at a time, not by 31"):
        learners_minutes(allowed, 31)
    with pytest.raises(NotAllowedError, match="Ask your instructor"):
        learners_minutes(DesktopSettings(), None)


@pytest.mark.parametrize("data", [[], {"minutes": 0}, {"minutes": "5"}, {"minutes": True}, 5])
def test_other_requests_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="a whole number"):
        read_minutes(data, ValueError)
    assert read_minutes({"minutes": 5}, ValueError) == 5
    assert read_minutes({}, ValueError) is None


def test_the_sudoers_line_fits_the_command_and_nothing_else() -> None:
    text = (REPOSITORY / "hub_config/sudoers.d/classdesk").read_text()
    ((user, pattern),) = re.findall(r"ALL=\((\w+)\) NOPASSWD: /usr/bin/scontrol (\^update.*\$)$", text, re.MULTILINE)
    argv = SlurmCommands("/usr/bin", use_sudo=True, timeout_s=1)._as_user("slurm")
    assert user == argv[argv.index("-u") + 1]
    assert re.fullmatch(pattern, "update JobId=12 TimeLimit=240")
    for other in (
        "update JobId=12 TimeLimit=0",
        "update JobId=12 TimeLimit=UNLIMITED",
        "update JobId=12,13 TimeLimit=240",
        "update JobId=12 TimeLimit=240 Priority=1",
        "update JobId=12 Nice=-100",
        "update PartitionName=main State=DOWN",
        "shutdown",
    ):
        assert not re.fullmatch(pattern, other)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("sudo: a password is required", "sudoers file is missing", id="no-sudo-line"),
        pytest.param("slurm_update error: Access/permission denied", "not a Slurm operator", id="no-operator"),
        pytest.param("Job has already finished", "has just ended", id="ended"),
        pytest.param("Unable to contact slurm controller", "does not answer", id="no-answer"),
    ],
)
def test_refusals_are_sentences(text: str, sentence: str) -> None:
    error = explain_extension_refusal(f"slurm_update error: {text}\n")
    assert isinstance(error, SessionError)
    assert sentence in error.message
    assert text.split(maxsplit=1)[0] in error.detail


@pytest.mark.usefixtures("learner")
def test_an_extension_moves_the_end_within_the_partitions_limit(fake_slurm: FakeSlurm) -> None:
    async def scene() -> None:
        spawner = make_spawner(fake_slurm)
        await spawner.apply_user_options(spawner, {"ui": "desktop", "hours": 3})
        start = asyncio.ensure_future(spawner.start())
        await until(lambda: bool(fake_slurm.jobs()))
        with pytest.raises(ExtensionError, match="is not running"):
            await extend(spawner, 30)
        begin = 1_800_000_000
        times = {"start": str(begin), "end": str(begin + 3 * 3600)}
        fake_slurm.change("101", state="RUNNING", node="n1", **times)
        assert await spawner.accept_port(40000, "")
        await start
        give_server(spawner)
        assert await extend(spawner, 30) == Extension(begin + 210 * 60, 30)
        first, second = await asyncio.gather(extend(spawner, 30), extend(spawner, 30))
        assert [first.end, second.end] == [begin + 240 * 60, begin + 270 * 60]
        assert await extend(spawner, 1440) == Extension(begin + 8 * 3600, 210, "the partition main allows 8 hours")
        with pytest.raises(ExtensionError, match="the partition main allows 8 hours"):
            await extend(spawner, 1)
        fake_slurm.break_program("scontrol", "slurm_update error: Access/permission denied")
        fake_slurm.change("101", end=str(begin + 3 * 3600))
        await until(lambda: getattr(spawner.job and spawner.job.seen, "end", 0) == begin + 3 * 3600)
        with pytest.raises(SessionError, match="not allowed to extend sessions"):
            await extend(spawner, 5)

    run_scene(scene)
