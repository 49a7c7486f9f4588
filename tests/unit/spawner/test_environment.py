"""A job's variables travel as one, and come out as they were; sudo's rules must let it pass."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classdesk_spawner import SessionOptions
from classdesk_spawner.session.runtimes import RuntimeCommand
from classdesk_spawner.session.script import render_batch_script
from classdesk_spawner.slurm.environment import PACKED_VARIABLE, lost_variables, pack, unpack

REPOSITORY = Path(__file__).parents[3]
OPTIONS = SessionOptions(ui="desktop", kind="desktop", cores=2, minutes=180, memory_mib=2048)
NAMES = st.from_regex(r"SITE_[A-Za-z0-9_]{1,10}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
OLD_RULES = """Matching Defaults entries for classdesk on hub:
    env_reset, mail_badpass, secure_path=/usr/sbin\\:/usr/bin, !requiretty, !use_pty

User classdesk may run the following commands on hub:
    (%classdesk-users) NOPASSWD: SETENV: /usr/bin/sbatch, /usr/bin/scancel
"""


def _in_the_job(environment: dict[str, str], home: Path) -> dict[str, str]:
    """Return the variables of a program that the batch script starts."""
    seen = home / "seen"
    command = RuntimeCommand(("/bin/bash", "-c", f"/usr/bin/env -0 >{seen}"))
    script = render_batch_script(OPTIONS, command, str(home))
    subprocess.run(["bash"], input=script.encode(), env=pack(environment), check=True, timeout=20)
    pairs = (pair.partition("=") for pair in os.fsdecode(seen.read_bytes()).split("\0") if pair)
    return {name: value for name, _, value in pairs}


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_the_script_gives_programs_what_the_hub_meant(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> None:
    seen = _in_the_job(environment, tmp_path_factory.mktemp("home"))
    assert {name: seen.get(name) for name in environment} == environment
    assert PACKED_VARIABLE not in seen
    assert unpack(pack(environment)) == environment


def test_values_that_bash_could_take_for_something_else(tmp_path: Path) -> None:
    odd = {
        "A": "* ? [a] $(id) `id` ${HOME} \\c \\x41 %41 %%",
        "B": "two\nlines\n",
        "C": "",
        "D": "=b=c",
        "E": "\udce9 no UTF-8",
    }
    seen = _in_the_job(odd, tmp_path)
    assert {name: seen[name] for name in odd} == odd


def test_a_name_that_no_shell_takes_is_left_out() -> None:
    assert unpack(pack({"A.B": "1", "A;id": "2", "": "3", "C": "4"})) == {"C": "4"}


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        pytest.param(OLD_RULES, False, id="of the version before"),
        pytest.param(
            OLD_RULES.replace("!use_pty", "!use_pty, env_keep+=CLASSDESK_ENVIRONMENT"),
            True,
            id="ours",
        ),
        pytest.param(
            OLD_RULES.replace("!use_pty", 'env_keep+="LANG CLASSDESK_*"'),
            True,
            id="a site's pattern",
        ),
        pytest.param(
            OLD_RULES.replace("!use_pty", "env_keep+=CLASSDESK_ENV\\ LANG"),
            False,
            id="another name",
        ),
        pytest.param(OLD_RULES.replace("env_reset", "!env_reset"), True, id="everything is kept"),
        pytest.param("", True, id="sudo does not tell"),
    ],
)
def test_rules_of_sudo(rules: str, kept: bool) -> None:
    assert lost_variables(rules) == (() if kept else (PACKED_VARIABLE,))


@pytest.mark.parametrize(
    ("more", "lost"),
    [
        pytest.param("env_keep+=CLASSDESK_ENVIRONMENT", ("SLURM_CONF",), id="nothing"),
        pytest.param('env_keep+="CLASSDESK_ENVIRONMENT SLURM_CONF"', (), id="env_keep"),
        pytest.param("env_keep+=CLASSDESK_ENVIRONMENT, env_file=/etc/classdesk/slurm.env", (), id="env_file"),
        pytest.param("env_file=/etc/classdesk/slurm.env", (PACKED_VARIABLE,), id="without ours"),
    ],
)
def test_rules_of_sudo_for_a_sites_variables(more: str, lost: tuple[str, ...]) -> None:
    assert lost_variables(OLD_RULES.replace("!use_pty", f"!use_pty, {more}"), {"SLURM_CONF": "/opt/slurm.conf"}) == lost


def test_the_sudoers_file_names_the_variable_and_lets_nothing_be_set() -> None:
    text = (REPOSITORY / "hub_config/sudoers.d/classdesk").read_text()
    rules = [line for line in text.splitlines() if not line.startswith("#")]
    assert f'Defaults:classdesk env_keep += "{PACKED_VARIABLE}"' in rules
    assert not [rule for rule in rules if "SETENV" in rule]
