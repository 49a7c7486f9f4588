"""Whatever way a value comes in, it becomes neither script text, nor an option of sbatch, nor a template variable."""

import asyncio
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_spawner import (
    FormSettings,
    Offer,
    OptionRules,
    OptionsError,
    RuntimeSettings,
    SlurmSettings,
)
from classdesk_spawner.form.fields import LABELS
from classdesk_spawner.form.options import to_stored
from classdesk_spawner.form.render import read_fields
from classdesk_spawner.session.job import SessionJob
from classdesk_spawner.session.runtimes import runtime_command
from classdesk_spawner.session.script import render_batch_script, sbatch_arguments
from classdesk_spawner.slurm.offer import Partition, Reservation

OFFER = Offer(
    partitions=(Partition("main", 4, 24, 8192, 0), Partition("gpu", 64, 4, 65536, 4)),
    reservations=(Reservation("class1", 0, 4_000_000_000, frozenset({"ada"}), frozenset()),),
    accounts=("course",),
    qos=("normal",),
)
SHOWN = {key: {"show": "shown"} for key in LABELS if key != "ui"}
RULES = OptionRules(FormSettings.model_validate({"fields": SHOWN}), SlurmSettings(), OFFER)
RUNTIME = runtime_command(RuntimeSettings(), "/home/ada")

ARGUMENT = re.compile(
    r"--(nodes=1|ntasks=1|export=ALL|no-requeue|chdir=/|output=/dev/null|error=/dev/null|oversubscribe"
    r"|job-name=classdesk|cpus-per-task=\d+|mem=\d+M|time=\d+|gres=gpu:(a100:)?\d+|partition=(main|gpu)|account=course"
    r"|qos=normal|reservation=class1|comment=[A-Za-z0-9%._~-]*:[0-9a-f]+@[0-9a-f]+)"
)

texts = st.one_of(
    st.text(),
    st.sampled_from(["2", "3", "desktop", "main", "gpu", "class1", "course", "normal", "on"]),
    st.sampled_from(
        [
            "--uid=0",
            "$(id)",
            "`id`",
            "{{cmd}}",
            "{cmd}",
            "a\nb",
            "2 --wrap=id",
            "main --uid=0",
            "../x",
            "\x00",
        ]
    ),
)
values = st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(texts, max_size=2))
keys = st.one_of(
    st.sampled_from(sorted(LABELS)),
    st.sampled_from(["cmd", "prologue", "keepvars", "partition\n", "batch_script", "homedir", "srun"]),
    st.text(),
)


def _check(raw: dict[str, Any]) -> None:
    try:
        options = RULES.validate(raw)
    except OptionsError:
        return
    arguments = sbatch_arguments(SlurmSettings(), options, "name:5ab@3f")
    assert [argument for argument in arguments if not ARGUMENT.fullmatch(argument)] == []
    script = render_batch_script(options, RUNTIME, "/home/ada")
    canonical = RULES.validate({"ui": options.ui, "hours": options.minutes / 60})
    assert script == render_batch_script(canonical, RUNTIME, "/home/ada")
    assert RULES.validate(to_stored(options)) == options


@given(st.dictionaries(keys, values, max_size=6))
def test_a_rest_start_and_stored_options(raw: dict[str, Any]) -> None:
    _check(raw)


@given(st.dictionaries(keys, st.lists(texts, max_size=2), max_size=6))
def test_the_form_and_links(fields: dict[str, list[str]]) -> None:
    try:
        raw = read_fields(fields)
    except OptionsError:
        return
    _check(raw)


@given(st.text())
def test_names_of_servers(name: str) -> None:
    class Cluster:
        hub_id = "3f"

    job = SessionJob(Cluster(), "ada", "5ab", "")  # type: ignore[arg-type]  # only its id is used
    assert ARGUMENT.fullmatch(f"--comment={job.comment(name)}")


@pytest.mark.parametrize("state", [{}, {"classdesk": {}}, {"classdesk": {"job_id": ""}}, {"job_id": "7"}])
def test_a_state_of_something_else_is_no_session(state: dict[str, Any]) -> None:
    async def scene() -> None:
        assert SessionJob.from_state(None, state.get("classdesk", {})) is None  # type: ignore[arg-type]

    asyncio.run(scene())
