from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.supervisor.safe import after_faults, home_trouble, private_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config/dconf").mkdir(parents=True)
    (tmp_path / ".config/dconf/user").write_bytes(b"GVariant")
    return tmp_path


def test_an_ordinary_home_is_no_trouble_and_stays_as_it_is(home: Path) -> None:
    before = sorted(home.rglob("*"))
    assert home_trouble(home) == ""
    assert sorted(home.rglob("*")) == before


def test_a_home_without_any_settings_is_no_trouble(tmp_path: Path) -> None:
    assert home_trouble(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param(errno.ENOSPC, "is full", id="full"),
        pytest.param(errno.EDQUOT, "is full", id="over quota"),
        pytest.param(errno.EIO, "Input/output error", id="anything else"),
    ],
)
def test_what_is_wrong_with_the_home_is_said_in_words(
    home: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", write)
    assert words in home_trouble(home)
    assert not list(home.rglob(".classdesk-*"))


@pytest.mark.parametrize("name", [".config", ".config/caja", ".config/dconf"])
def test_settings_that_belong_to_somebody_else_are_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (home / name).mkdir(exist_ok=True)
    # The test may run as root, who may do everything.
    monkeypatch.setattr(os, "access", lambda path, _: path != home / name)
    assert f"~/{name}" in home_trouble(home)


@pytest.mark.parametrize("name", [".config", ".config/caja", ".config/dconf", "Desktop"])
@pytest.mark.parametrize("what", ["file", "link to nothing", "link to itself"])
def test_what_stands_where_a_folder_should_be_is_named(tmp_path: Path, name: str, what: str) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    if what == "file":
        place.touch()
    else:
        place.symlink_to("/nonexistent/folder" if what == "link to nothing" else place)
    assert f"~/{name} is not a folder" in home_trouble(tmp_path)


def test_a_link_to_a_folder_is_one(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (home / "Desktop").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    assert home_trouble(home) == ""


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ('XDG_DESKTOP_DIR="$HOME/Schreibtisch"', ""),
        ('XDG_DESKTOP_DIR="$HOME/"', ""),
        ('XDG_DESKTOP_DIR="$HOME"', ""),
        ('XDG_DESKTOP_DIR="/home"', ""),
        ('XDG_DESKTOP_DIR="/nonexistent/Desktop"', "/nonexistent/Desktop is not a folder"),
        ('XDG_DESKTOP_DIR="$HOME/note.txt"', "~/note.txt is not a folder"),
        ('XDG_DESKTOP_DIR="$HOME/lost"', "~/lost is not a folder"),
        ('#XDG_DESKTOP_DIR="/nonexistent/Desktop"', ""),
        ('XDG_DESKTOP_DIR="relative"', ""),
        ("\xff\0", ""),
    ],
)
def test_the_folder_of_the_desktop_may_be_another(home: Path, line: str, trouble: str) -> None:
    (home / "note.txt").touch()
    (home / "lost").symlink_to("/nonexistent/disk")
    (home / ".config/user-dirs.dirs").write_text(line + "\n", encoding="latin-1")
    said = home_trouble(home)
    assert said.startswith(trouble) if trouble else said == ""


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_settings_that_are_no_file_cannot_be_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / ".config/dconf").mkdir(parents=True)
    make(tmp_path / ".config/dconf/user")
    assert "~/.config/dconf/user cannot be read" in home_trouble(tmp_path)


def test_private_settings_are_the_sessions_and_the_wastebasket_the_learners(
    runtime: RuntimeDirectory, tmp_path: Path
) -> None:
    (tmp_path / ".local/share/Trash").mkdir(parents=True)
    for _ in range(2):  # a second safe desktop finds the directories of the first
        variables = private_settings(runtime, tmp_path)
    assert set(variables) == {f"XDG_{name}_HOME" for name in ("CONFIG", "CACHE", "DATA", "STATE")}
    for value in variables.values():
        assert Path(value).is_relative_to(runtime.path)
        assert Path(value).stat().st_mode & 0o777 == 0o700
    assert (Path(variables["XDG_DATA_HOME"]) / "Trash").resolve() == tmp_path / ".local/share/Trash"


def test_a_home_that_takes_no_desktop_directory_gets_a_private_one(runtime: RuntimeDirectory, tmp_path: Path) -> None:
    variables = private_settings(runtime, tmp_path / "gone")
    text = (Path(variables["XDG_CONFIG_HOME"]) / "user-dirs.dirs").read_text()
    assert text == f'XDG_DESKTOP_DIR="{runtime.path}/safe/Desktop"\n'


def test_after_faults_the_learner_reads_why_and_what_to_do() -> None:
    sentence = after_faults("The X server ended with status 1.")
    assert "(The X server ended with status 1)" in sentence
    assert "Reset my desktop" in sentence
