from __future__ import annotations

import os
from pathlib import Path

import pytest

from classdesk_desktop.reset import command as reset_command
from classdesk_desktop.reset.settings_store import SETTINGS, kept_settings, reset_settings, restore_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (".config/dconf/user", ".config/caja/accels", ".vnc/passwd", ".config/git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"mine: {name}")
    return tmp_path


def everything(home: Path) -> dict[str, str]:
    """All files, without where the settings are kept."""
    return {
        str(path.relative_to(home)): path.read_text()
        for path in home.rglob("*")
        if path.is_file() and ".local/state" not in str(path)
    }


def refuse(monkeypatch: pytest.MonkeyPatch, method: str, *where: str) -> None:
    """Let a method of Path fail as for a learner who may not; the test may run as root."""
    original = getattr(Path, method)

    def call(self: Path, *arguments: object, **options: object) -> object:
        if any(part in str(self) for part in where):
            raise PermissionError(13, "Permission denied")
        return original(self, *arguments, **options)

    monkeypatch.setattr(Path, method, call)


def test_a_reset_moves_the_desktops_settings_and_nothing_else(home: Path) -> None:
    report = reset_settings(home)
    assert sorted(report.moved) == [".config/caja", ".config/dconf/user", ".vnc"]
    assert everything(home) == {".config/git/config": "mine: .config/git/config"}
    assert (home / report.kept.removeprefix("~/") / ".config/caja/accels").is_file()
    assert report.stamp in report.sentence


def test_a_restoration_gives_the_same_settings_back(home: Path) -> None:
    before = everything(home)
    report = restore_settings(home, reset_settings(home).stamp)
    assert everything(home) == before
    assert sorted(report.moved) == [".config/caja", ".config/dconf/user", ".vnc"]
    assert kept_settings(home) == {}


def test_what_has_taken_the_place_of_restored_settings_is_kept(home: Path) -> None:
    first = reset_settings(home).stamp
    (home / ".config/dconf/user").write_text("newer")
    report = restore_settings(home, first)
    assert (home / ".config/dconf/user").read_text() == "mine: .config/dconf/user"
    assert report.stamp != first
    assert kept_settings(home) == {report.stamp: [".config/dconf/user"]}
    restore_settings(home, report.stamp)
    assert (home / ".config/dconf/user").read_text() == "newer"


def test_two_resets_in_one_second_are_kept_apart(home: Path) -> None:
    stamps = []
    for number in range(3):
        (home / ".vnc").mkdir(exist_ok=True)
        (home / ".vnc/passwd").write_text(str(number))
        stamps.append(reset_settings(home).stamp)
    assert len(set(stamps)) == 3
    for number, stamp in enumerate(stamps):
        restore_settings(home, stamp)
        assert (home / ".vnc/passwd").read_text() == str(number)


def test_a_home_without_settings_is_told_so(tmp_path: Path) -> None:
    report = reset_settings(tmp_path)
    assert "no desktop settings" in report.sentence
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_moved_and_not_what_it_points_to(home: Path, tmp_path: Path) -> None:
    (home / ".config/mate").symlink_to(home / ".config/git")
    restore_settings(home, reset_settings(home).stamp)
    assert (home / ".config/mate").is_symlink()
    assert (home / ".config/git/config").is_file()


def test_where_nothing_can_be_made_the_settings_stay_beside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(home)
    refuse(monkeypatch, "mkdir", ".local", "desktop-settings")
    report = reset_settings(home)
    assert sorted(path.name for path in (home / ".config").iterdir()) == [
        f"caja.classdesk-{report.stamp}", "dconf", "git",
    ]  # fmt: skip
    assert list(kept_settings(home)) == [report.stamp]
    restore_settings(home, report.stamp)
    assert everything(home) == before


def test_what_cannot_be_moved_is_named_with_its_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "rename", ".config/caja")
    report = reset_settings(home)
    assert report.failed == {".config/caja": "Permission denied"}
    assert "~/.config/caja (Permission denied)" in report.sentence
    assert sorted(report.moved) == [".config/dconf/user", ".vnc"]


def test_an_unknown_stamp_changes_nothing(home: Path) -> None:
    before = everything(home)
    with pytest.raises(LookupError, match="20200101-000000"):
        restore_settings(home, "20200101-000000")
    assert everything(home) == before


def test_settings_are_below_the_home_and_none_is_inside_another() -> None:
    for name in SETTINGS:
        assert not name.startswith(("/", ".."))
        assert not any(Path(name).is_relative_to(other) for other in SETTINGS if other != name)


def command(home: Path, *argv: str, answer: str = "y") -> int:
    return reset_command.main(argv, {"HOME": str(home)}, lambda _: answer)


def test_the_command_asks_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(home)
    assert command(home, answer="") == 1
    assert everything(home) == before
    assert "Nothing was changed" in capsys.readouterr().out


def test_the_command_resets_lists_and_restores(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(home)
    assert command(home) == 0
    said = capsys.readouterr().out
    (stamp,) = kept_settings(home)
    assert f"desktop-reset --restore {stamp}" in said
    assert "next desktop" in said
    assert command(home, "--list") == 0
    assert capsys.readouterr().out.startswith(f"{stamp}  ")
    assert command(home, "--restore", stamp, "--yes", answer="n") == 0
    assert everything(home) == before
    assert command(home, "--restore", stamp) == 2
    assert "desktop-reset --list" in capsys.readouterr().err


def test_a_number_that_is_no_session_gets_no_signal(home: Path) -> None:
    environ = {"HOME": str(home), "CLASSDESK_SUPERVISOR": str(os.getpid())}
    assert reset_command.main(["--yes"], environ) == 0
