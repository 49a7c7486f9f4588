"""The icon *Lesson*: written where nothing is, and in the way of nothing that a learner has."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from classdesk_desktop.lesson.icon import put_icon

LAUNCHER = "[Desktop Entry]\nName=Lesson\n"
WRITTEN = ("Desktop/Lesson.desktop", "Desktop/.hidden", ".config/gtk-3.0/bookmarks")


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    file = tmp_path / "lesson.desktop"
    file.write_text(LAUNCHER)
    return file


def test_it_takes_the_place_of_the_folder_and_leaves_ways_to_it(home: Path, copies: Path, launcher: Path) -> None:
    copies.mkdir(parents=True)
    (copies / "mine.py").write_text("mine")
    put_icon(home, launcher)
    icon = home / "Desktop/Lesson.desktop"
    assert icon.read_text() == LAUNCHER
    assert stat.S_IMODE(icon.stat().st_mode) == 0o755, "the file manager starts what may run"
    assert (home / "Desktop/.hidden").read_text() == "Lesson\n"
    assert (home / ".config/gtk-3.0/bookmarks").read_text() == f"{copies.as_uri()} Lesson\n"
    assert (copies / "mine.py").read_text() == "mine"
    assert {file.name for file in (home / "Desktop").iterdir()} == {"Lesson", "Lesson.desktop", ".hidden"}


def test_of_several_lessons_the_bookmark_is_their_folder(home: Path, copies: Path, launcher: Path) -> None:
    copies.mkdir(parents=True)
    copies.with_name("other").mkdir()
    put_icon(home, launcher)
    assert (home / ".config/gtk-3.0/bookmarks").read_text() == f"{copies.parent.as_uri()} Lesson\n"


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_learner_has_stays(home: Path, copies: Path, launcher: Path, name: str) -> None:
    copies.mkdir(parents=True)
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text("mine")
    put_icon(home, launcher)
    assert (home / name).read_text() == "mine"
    assert all((home / other).exists() for other in WRITTEN)


def test_without_copies_there_is_no_icon(home: Path, launcher: Path) -> None:
    put_icon(home, launcher)
    assert list(home.iterdir()) == []


def test_the_folder_stays_in_view_where_the_icon_cannot_be_made(home: Path, copies: Path) -> None:
    copies.mkdir(parents=True)
    put_icon(home, home / "no-launcher")
    assert not (home / "Desktop/.hidden").exists()
