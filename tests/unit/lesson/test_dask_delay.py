"""The lesson Dask Delay as it is in the repository; its scripts are run in the image's tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from classdesk_desktop.lesson.model import DESCRIPTION, Lesson, load_lesson
from classdesk_desktop.lesson.shelf import read_shelf

LESSONS = Path(__file__).parents[3] / "lesson_scripts"
PACKS = read_shelf([LESSONS])


@pytest.fixture
def dask_delay() -> Lesson:
    return load_lesson(LESSONS / "dask-delay")


@pytest.mark.parametrize("lesson", PACKS.lessons.values(), ids=lambda lesson: lesson.name)
def test_every_file_is_described_and_every_described_file_exists(lesson: Lesson) -> None:
    there = {
        str(file.relative_to(lesson.folder))
        for file in lesson.folder.rglob("*")
        if file.is_file() and file.name != DESCRIPTION and "__pycache__" not in file.parts
    }
    wrong = {file for file in there if file.startswith("wrong/")}
    assert there - wrong == {*lesson.files, *(name for name, data in lesson.data.items() if not data.made_by)}
    listed = [name for exercise in lesson.exercises for name in exercise.wrong]
    assert all(any(file == name or file.startswith(f"{name}/") for name in listed) for file in wrong)


def test_no_pack_is_refused() -> None:
    assert PACKS.refused == ()


@pytest.mark.parametrize("lesson", PACKS.lessons.values(), ids=lambda lesson: lesson.name)
def test_what_a_learner_must_make_has_a_solution(lesson: Lesson) -> None:
    for exercise in lesson.exercises:
        if exercise.begin:
            assert f"solutions/{exercise.script}" in lesson.solutions


@pytest.mark.parametrize(
    "script",
    sorted(p for p in LESSONS.rglob("*.py") if "wrong" not in p.parts),
    ids=lambda path: str(path.relative_to(LESSONS)),
)
def test_scripts_are_indented_by_two_spaces_and_guard_main(script: Path) -> None:
    text = script.read_text()
    assert ast.parse(text)
    assert "\t" not in text
    assert "\n  " in text
    assert text.endswith('\n\nif __name__ == "__main__":\n  main()\n')


def test_the_names_of_the_courses_page_are_there(dask_delay: Lesson) -> None:
    assert {"hello.py", "no-dask.py", "dask-delay.py"} <= set(dask_delay.working_files)


@pytest.mark.parametrize(
    ("script", "output"),
    [("hello.py", "hello world\n"), ("no-dask.py", "z is 5\n")],
    ids=["hello", "no-dask"],
)
def test_the_steps_without_dask_print_what_the_page_says(
    dask_delay: Lesson, tmp_path: Path, script: str, output: str
) -> None:
    quick = tmp_path / script
    quick.write_text(dask_delay.master(script).read_text().replace("sleep(1)", "sleep(0)"))
    assert subprocess.check_output([sys.executable, quick], text=True, timeout=60) == output


@pytest.mark.parametrize(
    ("script", "output"),
    [("loop.py", "total is 44\n"), ("loop-flow.py", "total is 90\n")],
    ids=["loop", "loop-flow"],
)
def test_the_templates_print_what_the_solutions_must(
    dask_delay: Lesson, tmp_path: Path, script: str, output: str
) -> None:
    quick = tmp_path / script
    quick.write_text(dask_delay.master(script).read_text().replace("sleep(1)", "sleep(0)"))
    assert subprocess.check_output([sys.executable, quick], text=True, timeout=60) == output
    assert output.strip() in dask_delay.exercise(script).prints


def test_solutions_differ_from_their_templates_only_by_dask(dask_delay: Lesson) -> None:
    """A learner who knows the answer needs no more than the import and the delayed calls."""
    for script in ("loop.py", "loop-flow.py"):
        solved = dask_delay.master(f"solutions/{script}").read_text().split("\n", 1)[1]
        plain = re.sub(r"delayed\((\w+)\)", r"\1", solved).replace(".compute()", "")
        plain = plain.replace("\nfrom dask import delayed\n", "")
        assert plain == dask_delay.master(script).read_text().split("\n", 1)[1]


def test_the_commands_of_the_readme_name_files_that_exist(dask_delay: Lesson) -> None:
    text = dask_delay.master("README.md").read_text()
    fetched = re.findall(r"wget \$LESSONS_URL/(\S+)", text)
    assert fetched == ["dask-delay/loop.py", "dask-delay/loop-flow.py"]
    named = re.findall(r"python \./(\S+\.py)", text) + [name.split("/")[1] for name in fetched]
    assert set(named) <= set(dask_delay.working_files)
    for word in re.findall(r"lesson check (\w[\w.-]*)", text):
        assert dask_delay.exercise(word)


def test_verify_checks_the_scripts_beside_it(tmp_path: Path, dask_delay: Lesson) -> None:
    verify = tmp_path / "my copy" / "verify"
    verify.parent.mkdir()
    verify.write_bytes(dask_delay.master("verify").read_bytes())
    verify.chmod(dask_delay.master("verify").stat().st_mode)
    told = tmp_path / "lesson"
    told.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    told.chmod(0o755)
    done = subprocess.run(
        [verify, "loop"],
        env={"PATH": "/usr/bin:/bin", "LESSON_COMMAND": str(told)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "check", "--folder", str(verify.parent), "dask-delay", "loop",
    ]  # fmt: skip
