"""Copies are made where they are missing; nothing that a learner wrote is ever lost."""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classdesk_desktop.lesson.files import State, get, reset, reset_all, state
from classdesk_desktop.lesson.model import Lesson, LessonError
from classdesk_desktop.lesson.refresh import ensure_copies
from classdesk_desktop.lesson.steps import read_text

FailWith = Callable[[str, int], None]


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_session_start_copies_all_but_the_solutions(masters: Path, home: Path, copies: Path) -> None:
    copied = ensure_copies(home)
    assert [file.name for file in copied] == ["README.md", "hello.py", "nap.py", "run-me"]
    assert names_in(copies) == {"README.md", "hello.py", "nap.py", "run-me"}
    assert ensure_copies(home) == []


def test_a_session_start_keeps_what_the_learner_wrote(masters: Path, home: Path, copies: Path) -> None:
    ensure_copies(home)
    (copies / "hello.py").write_text("mine")
    (copies / "nap.py").unlink()
    assert ensure_copies(home) == [copies / "nap.py"]
    assert (copies / "hello.py").read_text() == "mine"


def test_copies_are_writable_and_programs_can_be_run(masters: Path, home: Path, copies: Path) -> None:
    ensure_copies(home)
    assert stat.S_IMODE((copies / "hello.py").stat().st_mode) == 0o644
    assert stat.S_IMODE((copies / "run-me").stat().st_mode) == 0o755


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO], ids=os.strerror)
def test_a_session_start_survives_a_disk_that_refuses(
    *,
    masters: Path,
    home: Path,
    copies: Path,
    fail_with: FailWith,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    fail_with("fsync", number)
    with caplog.at_level(logging.WARNING):
        assert ensure_copies(home) == []
    assert names_in(copies) == set()
    assert os.strerror(number) in caplog.text


def test_a_session_start_survives_a_broken_lesson(masters: Path, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    (masters / "a-broken").mkdir()
    (masters / "a-broken" / "lesson.toml").write_text("?")
    assert len(ensure_copies(home)) == 4
    assert "a-broken" in caplog.text


def test_a_session_start_survives_a_file_in_the_place_of_the_folder(
    masters: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "Desktop").write_text("mine")
    assert ensure_copies(home) == []
    assert (home / "Desktop").read_text() == "mine"
    assert "has the name of a folder on the way" in caplog.text


def test_states(lesson: Lesson, home: Path, copies: Path) -> None:
    assert state(lesson, "hello.py", home) is State.MISSING
    get(lesson, "hello.py", home)
    assert state(lesson, "hello.py", home) is State.UNCHANGED
    (copies / "hello.py").write_text("print('hello worlds')\n")
    assert state(lesson, "hello.py", home) is State.CHANGED


def test_what_is_no_plain_file_counts_as_changed_and_is_not_waited_for(
    lesson: Lesson, home: Path, copies: Path
) -> None:
    copies.mkdir(parents=True)
    os.mkfifo(copies / "hello.py")
    (copies / "nap.py").symlink_to(lesson.master("nap.py"))
    (copies / "README.md").mkdir()
    for name in ("hello.py", "nap.py", "README.md"):
        assert state(lesson, name, home) is State.CHANGED


def test_a_reset_renames_with_the_time_and_copies(lesson: Lesson, home: Path, copies: Path) -> None:
    get(lesson, "hello.py", home)
    (copies / "hello.py").write_text("mine")
    kept = reset(lesson, "hello.py", home)
    assert kept is not None
    assert re.fullmatch(r"hello\.py\.\d{8}-\d{6}\.bak", kept.name)
    assert kept.read_text() == "mine"
    assert state(lesson, "hello.py", home) is State.UNCHANGED


def test_a_reset_of_all_renames_what_was_changed_and_nothing_else(masters: Path, home: Path, copies: Path) -> None:
    ensure_copies(home)
    (copies / "hello.py").write_text("mine")
    (copies / "nap.py").unlink()
    (copies / "own.py").write_text("not a master")
    restored = reset_all(home)
    assert [path and path.read_text() for path in restored.values()] == ["mine", None]
    assert [path.name for path in restored] == ["hello.py", "nap.py"]
    assert (copies / "hello.py").read_text() == "print('hello world')\n"
    assert (copies / "nap.py").exists()
    assert (copies / "own.py").read_text() == "not a master"


def test_resets_within_a_second_keep_every_version(
    lesson: Lesson, home: Path, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "20260102-030405")
    copies.mkdir(parents=True)
    for text in ("one", "two", "three"):
        (copies / "hello.py").write_text(text)
        reset(lesson, "hello.py", home)
    kept = {f.name: f.read_text() for f in copies.glob("*.bak")}
    assert kept == {
        "hello.py.20260102-030405.bak": "one",
        "hello.py.20260102-030405-2.bak": "two",
        "hello.py.20260102-030405-3.bak": "three",
    }


def test_a_reset_leaves_what_is_unchanged_and_copies_what_is_missing(lesson: Lesson, home: Path, copies: Path) -> None:
    assert reset(lesson, "hello.py", home) is None
    assert reset(lesson, "hello.py", home) is None
    assert names_in(copies) == {"hello.py"}


def test_a_reset_renames_a_link_and_not_its_target(lesson: Lesson, home: Path, copies: Path) -> None:
    (home / "thesis.tex").write_text("precious")
    copies.mkdir(parents=True)
    (copies / "hello.py").symlink_to(home / "thesis.tex")
    kept = reset(lesson, "hello.py", home)
    assert kept is not None
    assert kept.is_symlink()
    assert (home / "thesis.tex").read_text() == "precious"
    assert not (copies / "hello.py").is_symlink()


def test_a_reset_renames_a_folder_with_all_in_it(lesson: Lesson, home: Path, copies: Path) -> None:
    (copies / "hello.py").mkdir(parents=True)
    (copies / "hello.py" / "note").write_text("mine")
    kept = reset(lesson, "hello.py", home)
    assert kept is not None
    assert (kept / "note").read_text() == "mine"
    assert state(lesson, "hello.py", home) is State.UNCHANGED


def test_a_linked_folder_is_not_written_to(lesson: Lesson, home: Path, copies: Path) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "nap.py").write_text("another nap")
    copies.mkdir(parents=True)
    (copies / "solutions").symlink_to(elsewhere)
    with pytest.raises(LessonError, match=r"~/Desktop/Lesson/short/solutions is a link"):
        reset(lesson, "solutions/nap.py", home)
    assert names_in(elsewhere) == {"nap.py"}


@pytest.mark.parametrize(
    ("number", "help_"),
    [
        (errno.ENOSPC, "disk space is used up"),
        (errno.EACCES, "may not write to"),
        (errno.EIO, "tell"),
    ],
    ids=["full", "forbidden", "broken"],
)
@pytest.mark.parametrize("call", ["fsync", "link", "rename"])
def test_a_reset_that_fails_leaves_the_file_where_it_was(
    *,
    lesson: Lesson,
    home: Path,
    copies: Path,
    fail_with: FailWith,
    call: str,
    number: int,
    help_: str,
) -> None:
    copies.mkdir(parents=True)
    (copies / "hello.py").write_text("mine")
    fail_with(call, number)
    with pytest.raises(LessonError, match=rf"hello.py was not copied .*nothing of yours has changed.*{help_}"):
        reset(lesson, "hello.py", home)
    assert names_in(copies) == {"hello.py"}
    assert (copies / "hello.py").read_text() == "mine"


def test_a_file_system_without_links_works_as_well(
    lesson: Lesson, home: Path, copies: Path, fail_with: FailWith
) -> None:
    fail_with("link", errno.ENOTSUP)
    assert get(lesson, "hello.py", home)
    (copies / "hello.py").write_text("mine")
    assert reset(lesson, "hello.py", home) is not None
    assert state(lesson, "hello.py", home) is State.UNCHANGED


def test_what_another_program_writes_meanwhile_stays(
    lesson: Lesson, home: Path, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.mkdir(parents=True)
    (copies / "hello.py").write_text("first")
    real = os.link

    def slow_link(source: Path, target: Path, **options: bool) -> None:
        target.write_text("second")  # an editor saves just now
        real(source, target, **options)

    monkeypatch.setattr(os, "link", slow_link)
    kept = reset(lesson, "hello.py", home)
    assert kept is not None
    assert kept.read_text() == "first"
    assert (copies / "hello.py").read_text() == "second"
    assert get(lesson, "README.md", home) is False
    assert (copies / "README.md").read_text() == "second"


def test_an_unreadable_master_is_told(lesson: Lesson, home: Path) -> None:
    lesson.master("hello.py").unlink()
    with pytest.raises(LessonError, match=r"master of hello.py cannot be read .*tell your instructor"):
        get(lesson, "hello.py", home)


NAMES = st.sampled_from(["hello.py", "nap.py", "solutions/nap.py"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, st.binary(max_size=8)),
        st.tuples(st.sampled_from(["get", "reset", "ensure"]), NAMES, st.just(b"")),
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_whatever_a_learner_does_nothing_written_is_lost(
    steps: list[tuple[str, str, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        master = root / "masters" / "short"
        (master / "solutions").mkdir(parents=True)
        for file in ("hello.py", "nap.py", "solutions/nap.py"):
            (master / file).write_bytes(b"as given")
        files = dict.fromkeys(("hello.py", "nap.py", "solutions/nap.py"), "")
        lesson = Lesson(title="Short", folder=master, files=files, text=read_text(""))
        copies = root / "Desktop" / "Lesson" / "short"
        written: dict[str, bytes] = {}
        replaced: list[bytes] = []
        for step, file, content in steps:
            if step == "write":
                (copies / file).parent.mkdir(parents=True, exist_ok=True)
                (copies / file).write_bytes(content)
                written[file] = content
            elif step == "get":
                get(lesson, file, root)
            elif step == "reset" and reset(lesson, file, root) is not None:
                replaced.append(written.pop(file))
            for path, text in written.items():
                assert (copies / path).read_bytes() == text
        assert sorted(f.read_bytes() for f in copies.rglob("*.bak")) == sorted(replaced)
        assert not list(copies.rglob(".lesson-*"))
