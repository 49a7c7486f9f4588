"""The description of a lesson is read strictly, and names are found or explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_desktop.lesson.model import (
    Lesson,
    LessonError,
    Seconds,
    load_lesson,
    load_lessons,
    plain_name,
)


def test_files_are_working_files_and_solutions(lesson: Lesson) -> None:
    assert lesson.working_files == ("README.md", "hello.py", "nap.py", "run-me")
    assert lesson.solutions == ("solutions/nap.py",)


@pytest.mark.parametrize("name", ["nap", "nap.py", "./nap.py"])
def test_an_exercise_is_found_by_name_and_by_script(lesson: Lesson, name: str) -> None:
    assert lesson.exercise(name).name == "nap"


def test_a_misspelled_file_gets_the_nearest_one(lesson: Lesson) -> None:
    with pytest.raises(LessonError, match=r"no file 'helo.py' in the lesson short. .*mean hello.py\?"):
        lesson.file("helo.py")


def test_a_file_like_no_other_gets_the_list(lesson: Lesson) -> None:
    with pytest.raises(LessonError, match=r"There are: README.md, hello.py"):
        lesson.file("zzzz")


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/passwd", "", ".", "a\nb", "a\0b", "solutions/../../x", "\x1b[2J"],
    ids=repr,
)
def test_a_name_that_leads_out_is_refused(lesson: Lesson, name: str) -> None:
    with pytest.raises(LessonError, match="is not a file's name in a lesson"):
        lesson.file(name)


@given(st.text())
def test_a_plain_name_stays_in_its_folder(name: str) -> None:
    try:
        plain = plain_name(name)
    except LessonError:
        return
    folder = Path("/lessons/short")
    assert (folder / plain).resolve().is_relative_to(folder)
    assert plain_name(plain) == plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the key title is missing"),
        ('title = 1\n[files]\n"a" = ""', "title is 1; expected: str"),
        ('title = "T"\ntitel = "T"', "no key 'titel' in .*Did you mean title?"),
        ('title = "T"\n[files]\n"../a" = ""', "'../a' is not a file's name"),
        ('title = "T"\n[[exercises]]\nname = "a"', "exercise 1: the key title is missing"),
        ('title = "T"\nexercises = [1]', "exercise 1: a table is expected, not 1"),
        ("title =", "is not valid TOML"),
    ],
    ids=["empty", "wrong type", "unknown key", "path", "incomplete", "no table", "no TOML"],
)
def test_a_wrong_description_is_explained(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "lesson.toml").write_text(text)
    with pytest.raises(LessonError, match=said):
        load_lesson(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ("{ at_least = true }", "at_least is True; expected: seconds"),
        ("{ in_turn = -1 }", "in_turn is -1; expected: seconds"),
        ("{ at_most = { two = 1 } }", "seconds by number of cores"),
        ("{ at_most = { 0 = 1 } }", "seconds by number of cores"),
        ("{ atmost = 1 }", "Did you mean at_most?"),
    ],
)
def test_wrong_seconds_are_explained(tmp_path: Path, seconds: str, said: str) -> None:
    text = f'title = "T"\n[[exercises]]\nname="a"\ntitle="A"\nscript="a.py"\nseconds = {seconds}'
    (tmp_path / "lesson.toml").write_text(text)
    with pytest.raises(LessonError, match=said):
        load_lesson(tmp_path)


def test_no_lessons_at_all_are_explained(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="There are no lessons in"):
        load_lessons(tmp_path / "nowhere")


@pytest.mark.parametrize(("cores", "limit"), [(1, None), (2, 6.5), (3, 6.5), (4, 4.5), (64, 4.5)], ids=str)
def test_the_limit_is_that_of_the_cores(cores: int, limit: float | None) -> None:
    assert Seconds(at_most={4: 4.5, 2: 6.5}).limit(cores) == limit


def test_a_run_is_given_up_late_enough_for_a_slow_answer() -> None:
    assert Seconds().give_up == 30
    assert Seconds(in_turn=10, at_most={2: 8}).give_up == 40
