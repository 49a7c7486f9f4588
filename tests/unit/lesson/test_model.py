"""The description of a lesson is read strictly, and names are found or explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_desktop.lesson.command import main
from classdesk_desktop.lesson.model import (
    Lesson,
    LessonError,
    PackError,
    Seconds,
    load_lesson,
    plain_name,
)
from classdesk_desktop.lesson.shelf import read_shelf, the_shelf

LESSONS = Path(__file__).parents[3] / "lesson_scripts"


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


TITLE = 'title = "T"\n'
EXERCISE = (
    TITLE
    + """
[files]
"a.py" = ""

[[exercises]]
name = "a"
title = "A"
script = "a.py"
"""
)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "README.md").write_text("# Pack\n")
    (folder / "a.py").write_text("print('a')\n")
    return folder


def refused(pack: Path, text: str) -> str:
    """What is said of a manifest, without the folder's name."""
    (pack / "lesson.toml").write_text(text)
    with pytest.raises(PackError) as caught:
        load_lesson(pack)
    return str(caught.value).removeprefix(f"{pack}/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lesson.toml, line 1: The key title is missing."),
        ("title = 1", "lesson.toml, line 1: title is 1; expected: a text."),
        (TITLE + '[files]\n"../a" = ""', "lesson.toml, line 3: '../a' is not a file's name"),
        (TITLE + '\ntitel = "T"', "lesson.toml, line 3: There is no key 'titel'. Did you mean title?"),
        (TITLE + "minutes = 1000", "lesson.toml, line 2: minutes is 1000; expected: 0 to 600."),
        (TITLE + "needs = { cores = true }", "lesson.toml, line 2: needs.cores is True; expected: a whole number."),
        (TITLE + '[[exercises]]\nname = "a"', "lesson.toml, line 2: The key title is missing in exercise 1."),
        (TITLE + "exercises = [1]", "lesson.toml, line 2: exercise 1 is 1; expected: a table."),
        (TITLE + "exercises = 1", "lesson.toml, line 2: exercises is 1; expected: a list."),
        ("title =", "lesson.toml, line 1: This is not TOML: "),
        (TITLE + '[files]\n"b.py" = ""', "lesson.toml, line 3: b.py cannot be read: No such file or directory."),
        (TITLE + 'steps = "b.md"', "lesson.toml, line 2: b.md cannot be read: No such file or directory."),
        (TITLE + '[files]\n"." = ""', "lesson.toml, line 3: '.' is not a file's name"),
        (EXERCISE + "seconds = { atmost = 1 }", "Did you mean at_most?"),
        (EXERCISE + "[exercises.seconds]\nat_least = true", "line 11: exercise 1: seconds.at_least is True"),
        (EXERCISE + "seconds.in_turn = -1", "line 10: exercise 1: seconds.in_turn is -1.0; expected: 0 to 3600."),
        (EXERCISE + "seconds = { at_most = { two = 1 } }", "has 'two'; expected: values by number, as 2 = 6.5."),
        (EXERCISE + "seconds = { at_most = { 0 = 1 } }", "seconds.at_most.0 is 0; expected: 1 to 1024."),
        (EXERCISE + 'uses = ["data.csv"]', "line 10: data.csv is neither in files nor in data."),
        (EXERCISE + 'wrong = { "wrong/a.py" = "no" }', "line 10: wrong/a.py cannot be read: No such file"),
        (EXERCISE + EXERCISE[EXERCISE.index("[[") :], "line 11: exercise 2 has the name of exercise 1: a."),
        (EXERCISE.replace('script = "a.py"', 'script = "b.py"'), "line 9: b.py is not in files; if the learner makes"),
        (TITLE + '[data."a.py"]\nsha256 = "12"', "expected: 64 hexadecimal digits, as sha256sum prints."),
        (TITLE + f'[data."d.csv"]\nsha256 = "{"0" * 64}"', "line 2: d.csv cannot be read: No such file"),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_a_wrong_manifest_is_refused_with_its_line(pack: Path, text: str, said: str) -> None:
    assert said in refused(pack, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("## A\n## A\n", "line 2: The step 'A' has the name of the one in line 1."),
        ("".join(f"## {n}\n" for n in range(10_000)), "line 101: There are 10000 steps; a lesson has at most 100."),
        ("a" * 300_000, "line 1: The text has 300000 characters; at most 262144 are read."),
        ("## A\n\n```bash\nls\n", "line 3: The block of code that begins here has no end: a line with ```."),
        ("## A\n```bash windows\nls\n```\n", "line 2: bash cannot be marked 'windows'; there are: window, fails."),
        ("## !\n", "line 1: The step '!' needs a letter or a digit in its heading."),
        ("\n[b](b.py)\n", "line 2: A link leads to 'b.py', which is not in the lesson. Did you mean a.py?"),
        ("[b](../../etc/passwd)\n", "line 1: A link leads to '../../etc/passwd', which is not in the lesson."),
        ("![b](b.png)\n", "line 1: A link leads to 'b.png', which is not in the lesson."),
        ("by {{account}}\n", "line 1: {{account}} is not one of the lesson's variables. There are: none."),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_a_wrong_text_is_refused_with_its_line(pack: Path, text: str, said: str) -> None:
    (pack / "README.md").write_text(text)
    assert f"README.md, {said}" in refused(pack, EXERCISE)


def test_files_that_lead_out_or_in_circles_are_refused(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    (pack / "out.py").symlink_to("../secret")
    (pack / "circle.py").symlink_to("circle.py")
    (pack / "folder").mkdir()
    with (pack / "large.bin").open("wb") as large:
        large.truncate(30 * 2**20)
    said = {name: refused(pack, f'{TITLE}[files]\n"{name}" = ""') for name in ("out.py", "circle.py", "folder")}
    assert said["out.py"] == "lesson.toml, line 3: out.py is a link that leads out of the lesson's folder."
    assert said["circle.py"] == "lesson.toml, line 3: circle.py cannot be read: Too many levels of symbolic links."
    assert said["folder"] == "lesson.toml, line 3: folder is not a file."
    assert "large.bin has 30.0 MiB; at most 20 are given" in refused(pack, f'{TITLE}[files]\n"large.bin" = ""')


def test_a_text_that_is_not_utf_8_is_refused_with_its_line(pack: Path) -> None:
    (pack / "README.md").write_bytes(b"# Pack\n\nna\xefve\n")
    assert refused(pack, TITLE) == "README.md, line 3: This is not text in UTF-8."


def test_a_broken_pack_hides_no_other_one_and_gives_way_to_the_next(masters: Path, tmp_path: Path) -> None:
    for name in ("short", "other"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "lesson.toml").write_text("title = 1")
    shelf = read_shelf([tmp_path / "site", tmp_path / "nowhere", masters])
    assert shelf.lessons["short"].folder == masters / "short"
    assert [str(refused).removeprefix(str(tmp_path)) for refused in shelf.refused] == [
        "/site/other/lesson.toml, line 1: title is 1; expected: a text.",
        "/site/short/lesson.toml, line 1: title is 1; expected: a text.",
        f"The lessons in {tmp_path}/nowhere cannot be read: No such file or directory.",
    ]


def test_no_lessons_at_all_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSDESK_LESSONS", "/nowhere")
    with pytest.raises(LessonError, match="There are no lessons in /nowhere"):
        the_shelf()


def test_the_schema_for_editors_is_that_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    """`lesson schema > lesson_scripts/lesson.schema.json` renews it."""
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (LESSONS / "lesson.schema.json").read_text()


@pytest.mark.parametrize(("cores", "limit"), [(1, None), (2, 6.5), (3, 6.5), (4, 4.5), (64, 4.5)], ids=str)
def test_the_limit_is_that_of_the_cores(cores: int, limit: float | None) -> None:
    assert Seconds(at_most={4: 4.5, 2: 6.5}).limit(cores) == limit


def test_a_run_is_given_up_late_enough_for_a_slow_answer() -> None:
    assert Seconds().give_up == 30
    assert Seconds(in_turn=10, at_most={2: 8}).give_up == 40
