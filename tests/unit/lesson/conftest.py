"""A small lesson with short times, made anew for each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from classdesk_desktop.lesson.model import Lesson, load_lesson

DESCRIPTION = """
title = "Short"
summary = "A lesson for the tests."

[files]
"README.md" = "the steps"
"hello.py" = "step 1"
"nap.py" = "challenge 1"
"run-me" = "a program"
"solutions/nap.py" = "solution of challenge 1"

[[exercises]]
name = "hello"
title = "Step 1"
script = "hello.py"
prints = ["hello world"]

[[exercises]]
name = "nap"
title = "Challenge 1"
script = "nap.py"
begin = "Make nap.py shorter."
prints = ["done"]
seconds = { in_turn = 0.6, at_most = { 1 = 0.4 } }
hints = { "dome" = "It is spelled done." }

[[exercises]]
name = "draw"
title = "Challenge 2"
script = "draw.py"
begin = "Write draw.py."
produces = ["picture.png"]
"""

NAP = "from time import sleep\nsleep({seconds})\nprint('done')\n"


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a `python` in the learner's terminal: this one. A plain Debian has `python3` alone."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture
def masters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "masters" / "short"
    (folder / "solutions").mkdir(parents=True)
    (folder / "lesson.toml").write_text(DESCRIPTION)
    (folder / "README.md").write_text(
        "# Short, naïve\n\nAn example.\n\n## Hello (5 min)\n\n```bash\npython hello.py\n```\n"
    )
    (folder / "hello.py").write_text("print('hello world')\n")
    (folder / "nap.py").write_text(NAP.format(seconds=0.6))
    (folder / "run-me").write_text("#!/bin/sh\n")
    (folder / "run-me").chmod(0o555)
    (folder / "solutions" / "nap.py").write_text(NAP.format(seconds=0.01))
    for name in ("README.md", "hello.py", "nap.py", "solutions/nap.py"):
        (folder / name).chmod(0o444)
    monkeypatch.setenv("CLASSDESK_LESSONS", str(folder.parent))
    return folder.parent


@pytest.fixture
def lesson(masters: Path) -> Lesson:
    return load_lesson(masters / "short")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def copies(home: Path) -> Path:
    return home / "Desktop" / "Lesson" / "short"


@pytest.fixture
def fail_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Make a function of the os module fail as the kernel would (a full disk cannot be had for a test)."""

    def install(name: str, number: int) -> None:
        def fail(*_args: object, **_options: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, fail)

    return install
