"""`lesson new` and `lesson test`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from classdesk_desktop.lesson.command import main

# A learner's command, which is not on the path of a machine without the image.
CHECK = "lesson check squares"


@pytest.fixture
def pack(home: Path, masters: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert main(["new", "my-lesson"]) == 0
    change(home / "my-lesson" / "README.md", CHECK, "true")
    return home / "my-lesson"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def proven(pack: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    return main(["test", str(pack)]), capsys.readouterr().out


def test_a_new_pack_is_proven_on_all_cores_there_are(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = proven(pack, capsys)
    assert (status, out.splitlines()[-1]) == (0, "All is well."), out
    assert "  squares, with 1 core: right\n" in out
    cores = len(os.sched_getaffinity(0))
    for count in (2, 4):
        said = "squares, with {} cores: right" if count <= cores else "with {} cores: not tried, as there are"
        assert said.format(count) in out
    assert "  wrong/squares.py: recognised\n" in out
    assert "  the commands of 2 blocks run\n" in out
    assert len(os.sched_getaffinity(0)) == cores


def test_nothing_is_left_of_a_test(pack: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(home.rglob("*"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert main(["test", str(pack)]) == 0
    assert sorted(home.rglob("*")) == before
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            ("solutions/squares.py", "n * n", "n + n"),
            "The solution of squares is not right with 1 core: not yet: Your script",
        ),
        (
            ("wrong/squares.py", "n for n", "n * n for n"),
            "wrong/squares.py is a wrong answer to squares, and the check says",
        ),
        (
            ("wrong/squares.py", "n for n", "n + n for n"),
            "wrong/squares.py: the check does not say 'square them first', but",
        ),
        (
            ("README.md", "python3 squares.py", "python3 square.py"),
            "README.md, line 10: the commands ended with status",
        ),
        (("README.md", "true", "false"), "README.md, line 19: the commands ended with status 1"),
        (("README.md", "```bash\ntrue", "```bash fails\ntrue"), "README.md, line 19: the commands ended with status 1"),
        (
            ("README.md", "```bash\ntrue", "```bash window\nno-such"),
            "README.md, line 19: the commands ended with status 1",
        ),
        (("lesson.toml", '"README.md" = "the steps"\n"squares.py"', '"squares.py"'), ""),
        (("lesson.toml", '"solutions/squares.py" = "solution of challenge 1"\n', ""), "solutions/squares.py is in the"),
        (("lesson.toml", "minutes = 15", 'minutes = 15\nneeds = { packages = ["no_such"] }'), "does not have no_such."),
        (("lesson.toml", "minutes = 15", "minutes = 15\nneeds = { cores = 1000 }"), "This lesson needs 1000 cores;"),
    ],
    ids=[
        "solution",
        "right",
        "hint",
        "file",
        "fails",
        "does not fail",
        "window",
        "text",
        "unnamed",
        "package",
        "cores",
    ],
)
def test_what_is_wrong_with_a_pack_is_said(
    pack: Path, capsys: pytest.CaptureFixture[str], changes: tuple[str, str, str], said: str
) -> None:
    file, old, new = changes
    change(pack / file, old, new)
    status, out = proven(pack, capsys)
    assert said in out, out
    assert status == bool(said)


def test_a_pack_that_is_refused_or_missing_is_said(
    pack: Path, capsys: pytest.CaptureFixture[str], masters: Path
) -> None:
    change(pack / "lesson.toml", "minutes", "minute")
    assert main(["test", str(pack)]) == 2
    assert f"{pack}/lesson.toml, line 4: There is no key 'minute'. Did you mean minutes?" in capsys.readouterr().err
    assert main(["test", "nothing"]) == 2
    assert "no lesson 'nothing'. To make one: lesson new NAME" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["My Lesson", "a/..", "-x", "dask.py", ""], ids=repr)
def test_a_bad_name_is_refused(home: Path, masters: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["new", "--", name]) == 2
    assert "is not a name for a lesson" in capsys.readouterr().err


def test_nothing_is_written_over(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (pack / "README.md").read_text()
    assert main(["new", "my-lesson"]) == 2
    assert "There is a my-lesson already." in capsys.readouterr().err
    assert (pack / "README.md").read_text() == before
