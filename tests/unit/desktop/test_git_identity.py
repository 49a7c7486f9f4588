from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from classdesk_desktop.session.environment import desktop_environment, server_environment
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.supervisor.git_identity import git_config, write_identity

OWN = "[user]\n\tname = Own Name\n\temail = own@example.org\n"


def _author(home: Path, environ: dict[str, str]) -> str:
    """Who a commit is by."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)} | environ
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message=a"]):
        subprocess.run(["git", *command], cwd=home, env=environ, check=True, capture_output=True)
    log = ["git", "log", "--format=%an <%ae>, %cn <%ce>"]
    return subprocess.run(log, cwd=home, env=environ, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("user", "gecos", "who"),
    [
        pytest.param("learner01", "", "learner01 <learner01@localhost>", id="a name of the account"),
        pytest.param("ada", "Ada Lovelace,,,", "Ada Lovelace <ada@localhost>", id="a name of the person"),
        pytest.param("ada@uni.example", "", "ada@uni.example <ada@uni.example>", id="a domain"),
        pytest.param("zoë", 'Zoë "Z" \\ # ; [x]', 'Zoë "Z" \\ # ; [x] <zoë@localhost>', id="signs of git's own"),
    ],
)
def test_a_commit_is_by_the_account_s_person(tmp_path: Path, user: str, gecos: str, who: str) -> None:
    (tmp_path / "system").write_text(git_config(user, gecos))
    assert _author(tmp_path, {"GIT_CONFIG_SYSTEM": str(tmp_path / "system")}) == f"{who}, {who}"


def test_what_a_learner_has_set_comes_first(tmp_path: Path) -> None:
    (tmp_path / "system").write_text(git_config("ada", "Ada Lovelace"))
    (tmp_path / ".gitconfig").write_text(OWN)
    who = "Own Name <own@example.org>"
    assert _author(tmp_path, {"GIT_CONFIG_SYSTEM": str(tmp_path / "system")}) == f"{who}, {who}"


def test_programs_of_the_desktop_and_of_the_server_commit(tmp_path: Path) -> None:
    runtime = RuntimeDirectory(tmp_path)
    write_identity(runtime)
    for number, environ in enumerate((desktop_environment({}, runtime, 1), server_environment({}, runtime, 3, 1))):
        home = tmp_path / str(number)
        home.mkdir()
        assert "@" in _author(home, {"GIT_CONFIG_SYSTEM": environ["GIT_CONFIG_SYSTEM"]})
