"""The command as a learner types it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from classdesk_desktop.lesson.command import main

REPOSITORY = Path(__file__).parents[3]

pytestmark = pytest.mark.usefixtures("masters", "home")


def test_list_tells_the_state_of_each_file(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get", "hello.py", "nap.py"])
    (copies / "nap.py").write_text("mine")
    capsys.readouterr()
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "short: Short. A lesson for the tests.\nin ~/Desktop/Lesson/short\n" in out
    for line in ("missing    README.md", "unchanged  hello.py", "changed    nap.py"):
        assert line in out
    assert "solutions/nap.py" not in out
    assert "lesson get short --solutions" in out


def test_list_names_a_file_that_hides_a_module(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get"])
    (copies / "random.py").touch()
    assert main(["list"]) == 0
    assert "  random.py hides the Python module random. Rename it.\n" in capsys.readouterr().out


def test_get_copies_what_is_missing_and_tells_it(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["get"]) == 0
    out = capsys.readouterr().out
    assert "copied hello.py to ~/Desktop/Lesson/short\n" in out
    assert not (copies / "solutions").exists()
    (copies / "hello.py").write_text("mine")
    assert main(["get", "short"]) == 0
    out = capsys.readouterr().out
    assert "Nothing is missing in ~/Desktop/Lesson/short." in out
    assert "lesson reset FILE" in out


def test_get_tells_what_was_copied_before_the_disk_was_full(
    copies: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [True, True]

    def sync(_descriptor: int) -> None:
        if not free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        free.pop()

    monkeypatch.setattr(os, "fsync", sync)
    assert main(["get"]) == 2
    captured = capsys.readouterr()
    assert captured.out.count("copied") == 2
    assert "nap.py was not copied (No space left on device); nothing of yours" in captured.err
    assert {f.name for f in copies.iterdir()} == {"README.md", "hello.py"}


def test_no_place_for_temporary_files_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert main(["get", "hello.py"]) == 0
    assert main(["check", "hello"]) == 2
    assert "/nowhere" in capsys.readouterr().err


def test_solutions_are_copied_when_asked_for(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["get", "--solutions"]) == 0
    assert (copies / "solutions" / "nap.py").is_file()
    assert main(["list"]) == 0
    assert "unchanged  solutions/nap.py" in capsys.readouterr().out


def test_diff_shows_the_change(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get"])
    assert main(["diff"]) == 0
    assert capsys.readouterr().out.endswith("No difference.\n")
    (copies / "hello.py").write_text("print('hallo')\n")
    assert main(["diff", "hello.py"]) == 1
    out = capsys.readouterr().out
    assert "-print('hello world')\n+print('hallo')\n" in out
    (copies / "hello.py").unlink()
    assert main(["diff", "short", "hello.py"]) == 1
    assert "hello.py is missing. For a copy: lesson get short hello.py" in capsys.readouterr().out


def test_reset_tells_where_the_old_one_is(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get"])
    (copies / "hello.py").write_text("mine")
    (copies / "nap.py").unlink()
    (copies / "my own.py").write_text("stays")
    capsys.readouterr()
    assert main(["reset"]) == 0
    out = capsys.readouterr().out
    assert "hello.py is the original again. Your version is kept as ~/Desktop/Lesson/short/hello.py." in out
    assert "nap.py: copied." in out
    assert "README.md: unchanged." in out
    assert (copies / "my own.py").read_text() == "stays"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reset", "../../.bashrc"], "not a file's name in a lesson"),
        (["reset", "helo.py"], "Did you mean hello.py?"),
        (["reset", "shorts", "hello.py"], "There is no lesson 'shorts'. Did you mean short?"),
        (["diff", "mine.txt"], "There are: README.md, hello.py"),
        (["diff", "nothere.py"], "There are: README.md, hello.py"),
        (["check", "nip"], "Did you mean nap?"),
        (["url"], "LESSONS_URL is not set"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_explained(
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LESSONS_URL", raising=False)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lesson: ")
    assert said in captured.err


def test_url_prints_addresses(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSONS_URL", "http://127.0.0.1:8081/hub/lessons/")
    assert main(["url", "hello.py"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:8081/hub/lessons/short/hello.py\n"


def test_of_several_lessons_one_must_be_named_or_be_in(
    masters: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(masters / "short", masters / "other")
    assert main(["get"]) == 2
    assert "Which lesson? Name one of: other, short." in capsys.readouterr().err
    assert main(["reset", "hello.py"]) == 2
    assert main(["get", "other"]) == 0
    monkeypatch.chdir(home / "Desktop" / "Lesson" / "other")
    assert main(["diff"]) == 0
    monkeypatch.chdir(home)
    assert main(["list", "short"]) == 0
    assert "other" not in capsys.readouterr().out.splitlines()[-1]


def test_check_tells_each_outcome_and_counts(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get"])
    capsys.readouterr()
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "Step 1  (hello: ~/Desktop/Lesson/short/hello.py)\n  right: Your script printed" in out
    assert "not begun: Make nap.py shorter." in out
    assert "not begun: Write draw.py." in out
    assert out.endswith("1 of 3 are right; 2 are not begun.\n")


def test_check_says_no_with_value_and_time(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get"])
    (copies / "nap.py").write_text("print('dome')\n")
    assert main(["check", "nap"]) == 1
    assert "It is spelled done." in capsys.readouterr().out
    (copies / "nap.py").write_text("from time import sleep\nsleep(0.9)\nprint('done')\n")
    assert main(["check", "nap.py"]) == 1
    assert "it should take at most 0.4 s" in capsys.readouterr().out


def test_check_takes_the_script_of_the_working_directory_first(
    home: Path, copies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["get"])
    (home / "hello.py").write_text("print('hello wrold')\n")
    assert main(["check", "hello.py"]) == 1
    out = capsys.readouterr().out
    assert "(hello: ~/hello.py)" in out
    assert "printed 'hello wrold'" in out
    assert main(["check", "hello", "--folder", str(copies)]) == 0


def test_a_script_that_is_missing_or_no_file_is_told(copies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "hello"]) == 1
    assert "There is no such file. Type: lesson get short" in capsys.readouterr().out
    (copies / "hello.py").mkdir(parents=True)
    assert main(["check", "hello"]) == 1
    assert "This is not a file." in capsys.readouterr().out


def test_solutions_can_be_checked_without_a_copy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "short", "nap", "--solutions"]) == 0
    assert "right: Your script printed 'done'" in capsys.readouterr().out


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "lesson reset loop.py" in capsys.readouterr().out


def test_it_runs_isolated_where_the_terminal_knows_only_ascii(home: Path) -> None:
    """With a hostile environment: names that hide the standard library, no UTF-8, a reader that leaves."""
    (home / "argparse.py").write_text("raise SystemExit('hidden')\n")
    code = (
        f"import sys; sys.path.append({str(REPOSITORY / 'desktop_image')!r}); "
        "from classdesk_desktop.lesson.command import main; sys.exit(main())"
    )
    environment = os.environ | {"LC_ALL": "C", "PYTHONPATH": str(home), "PYTHONUTF8": "0"}
    done = subprocess.run(
        ["sh", "-c", '"$@" get; "$@" list | head -n 1', "sh", sys.executable, "-I", "-c", code],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.endswith("short: Short. A lesson for the tests.\n")
