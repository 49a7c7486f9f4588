"""Lesson packs of a site and its classes: who has them, what the hub gives of them, what the check says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from classdesk_hub.command.checks import lessons
from classdesk_hub.in_hub.lesson_files import read_lesson_file
from classdesk_hub.site.classes import ClassSettings
from classdesk_hub.site.file import LessonSettings, Site

SITE = Site(
    lessons=LessonSettings(directory="/image", directories=("/srv/lessons",)),
    classes={
        "bio": ClassSettings(instructors=("ines",), lessons=("/srv/bio",)),
        "geo": ClassSettings(lessons=("/srv/geo", "/srv/lessons")),
    },
)


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    folder = tmp_path / "packs"
    (folder / "short" / "solutions").mkdir(parents=True)
    (folder / "short" / "lesson.toml").write_text('title = "Short"')
    (folder / "short" / "README.md").write_text("# Short")
    (folder / "short" / "solutions" / "a.py").write_text("right")
    return folder


@pytest.mark.parametrize(
    ("user", "groups", "directories"),
    [
        ("ada", [], ("/srv/lessons",)),
        ("ada", ["bio"], ("/srv/bio", "/srv/lessons")),
        ("ada", ["bio", "geo"], ("/srv/bio", "/srv/geo", "/srv/lessons")),
        ("ines", [], ("/srv/bio", "/srv/lessons")),
    ],
    ids=["no class", "one class", "two classes", "instructor"],
)
def test_a_class_s_directories_come_first_and_are_its_own(
    user: str, groups: list[str], directories: tuple[str, ...]
) -> None:
    assert SITE.lesson_directories(user, groups) == directories
    assert SITE.all_lesson_directories == ("/srv/bio", "/srv/geo", "/srv/lessons", "/image")


@pytest.mark.parametrize("directory", ["lessons", "/srv/a:b", "/srv/a,b", "/srv/a\nb", "/srv/", "/srv/a\\b"], ids=repr)
def test_a_directory_that_a_runtime_would_misread_is_refused(directory: str) -> None:
    with pytest.raises(ValidationError):
        LessonSettings(directories=(directory,))


@pytest.mark.parametrize("path", ["short/lesson.toml", "short/solutions/a.py", "./short/README.md"])
def test_files_of_packs_are_given(packs: Path, path: str) -> None:
    assert read_lesson_file(str(packs), path) == (packs / path).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "short",
        "short/",
        "",
        "/etc/passwd",
        "short/../../secret/key",
        "short/none",
        "short/\0",
        "short/out",
        "short/in/key",
    ],
    ids=repr,
)
def test_nothing_else_is_given(packs: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    (packs / "short" / "out").symlink_to(tmp_path / "secret" / "key")
    (packs / "short" / "in").symlink_to(tmp_path / "secret")
    assert read_lesson_file(str(packs), path) is None


def test_what_not_everybody_may_read_is_not_given(packs: Path, tmp_path: Path) -> None:
    private = packs / "short" / "README.md"
    private.chmod(0o640)
    assert read_lesson_file(str(packs), "short/README.md") is None
    # A directory of packs in which an instructor may write could be led to the hub's own.
    state = tmp_path / "state"
    (state / "hub").mkdir(parents=True)
    (state / "hub" / "secret").write_text("secret")
    (state / "hub").chmod(0o700)
    (tmp_path / "led").symlink_to(state)
    assert read_lesson_file(str(tmp_path / "led"), "hub/secret") is None


def test_a_pipe_and_a_huge_file_are_not_given(packs: Path) -> None:
    os.mkfifo(packs / "short" / "pipe")
    with (packs / "short" / "large").open("wb") as large:
        large.truncate(10**9)
    assert read_lesson_file(str(packs), "short/pipe") is None
    assert read_lesson_file(str(packs), "short/large") is None


def test_the_check_names_what_is_refused(packs: Path) -> None:
    site = Site(lessons=LessonSettings(directory=str(packs)))
    assert lessons(site).ok
    assert lessons(site).text == "short"
    (packs / "short" / "lesson.toml").write_text("titel = 1")
    result = lessons(site)
    assert not result.ok
    assert result.text == f"{packs}/short/lesson.toml, line 1: There is no key 'titel'. Did you mean title?"
    missing = lessons(Site(lessons=LessonSettings(directory="/nowhere")))
    assert missing.text == "The lessons in /nowhere cannot be read: No such file or directory."
