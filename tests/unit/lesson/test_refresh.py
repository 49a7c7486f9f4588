"""The learner's copies follow the masters, and what a learner has written stays."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from classdesk_desktop.lesson.refresh import Watch, ensure_copies

RECORD = ".local/state/classdesk/lesson-copies.json"


def mend(masters: Path, text: str = "print('mended')\n") -> None:
    file = masters / "short" / "hello.py"
    file.chmod(0o644)
    file.write_text(text)


def kept(copies: Path) -> list[str]:
    return [path.read_text() for path in copies.glob("hello.py.*.bak")]


def test_a_copy_that_nobody_touched_is_renewed(masters: Path, home: Path, copies: Path) -> None:
    ensure_copies(home)
    mend(masters)
    assert ensure_copies(home) == [copies / "hello.py"]
    assert (copies / "hello.py").read_text() == "print('mended')\n"
    assert kept(copies) == ["print('hello world')\n"]
    assert ensure_copies(home) == []


def test_a_learner_s_own_version_stays(masters: Path, home: Path, copies: Path) -> None:
    ensure_copies(home)
    (copies / "hello.py").write_text("mine")
    mend(masters)
    assert ensure_copies(home) == []
    assert (copies / "hello.py").read_text() == "mine"
    assert kept(copies) == []


def test_a_learner_s_own_version_that_was_once_a_master_stays(masters: Path, home: Path, copies: Path) -> None:
    """Only what the record says was given is renewed."""
    ensure_copies(home)
    mend(masters, "second\n")
    ensure_copies(home)
    (copies / "hello.py").write_text("print('hello world')\n")
    mend(masters, "third\n")
    assert ensure_copies(home) == []
    assert (copies / "hello.py").read_text() == "print('hello world')\n"


@pytest.mark.parametrize("record", [b"", b"[]", b"{", b'{"short/hello.py": 1}', b"\xff"], ids=repr)
def test_without_a_record_nothing_is_renewed(masters: Path, home: Path, copies: Path, record: bytes) -> None:
    ensure_copies(home)
    (home / RECORD).write_bytes(record)
    mend(masters)
    assert ensure_copies(home) == []
    assert (copies / "hello.py").read_text() == "print('hello world')\n"


def test_copies_of_before_the_record_are_taken_into_it(masters: Path, home: Path, copies: Path) -> None:
    ensure_copies(home)
    (home / RECORD).unlink()
    ensure_copies(home)
    assert "short/hello.py" in json.loads((home / RECORD).read_bytes())
    mend(masters)
    assert ensure_copies(home) == [copies / "hello.py"]


def test_a_home_that_takes_no_record_gets_its_copies(masters: Path, home: Path, copies: Path) -> None:
    (home / ".local").write_text("a file")
    assert copies / "hello.py" in ensure_copies(home)


def test_a_pack_of_the_site_goes_before_the_image_s_and_comes_later(
    masters: Path, home: Path, copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("CLASSDESK_LESSONS", f"{site}:{masters}")
    watch = Watch()
    assert watch
    ensure_copies(home)
    assert not watch.changed()
    (site / "short").mkdir()
    (site / "short" / "lesson.toml").write_text('title = "Mended"\n[files]\n"hello.py" = ""\n')
    (site / "short" / "README.md").write_text("# Mended\n")
    (site / "short" / "hello.py").write_text("print('mended')\n")
    assert watch.changed()
    assert not watch.changed()
    assert ensure_copies(home) == [copies / "hello.py"]
    (site / "short" / "lesson.toml").write_text("broken")
    assert watch.changed()
    assert ensure_copies(home) == [copies / "hello.py"], "the image's is back"


def test_a_file_that_is_saved_with_the_same_size_is_noticed(masters: Path) -> None:
    watch = Watch()
    file = masters / "short" / "hello.py"
    later = time.time_ns() + 10**9
    os.utime(file, ns=(later, later))
    assert watch.changed()


def test_the_image_s_own_lessons_are_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLASSDESK_LESSONS", raising=False)
    assert not Watch()
