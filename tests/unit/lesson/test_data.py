"""A lesson's data: shipped or made, and only what has the right checksum is given."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from classdesk_desktop.lesson.command import main
from classdesk_desktop.lesson.refresh import ensure_copies

from .conftest import DESCRIPTION

MADE = "".join(f"{n}\n" for n in range(100))
MAKE = "open('numbers.txt', 'w').writelines(f'{n}\\n' for n in range(100))\n"


@pytest.fixture
def copies_with_data(masters: Path, copies: Path) -> Path:
    folder = masters / "short"
    data = {"numbers.txt": (MADE, 'made_by = "make-numbers.py"'), "words.txt": ("a word\n", "")}
    tables = [
        f'[data."{name}"]\nabout = "some data"\nsha256 = "{hashlib.sha256(text.encode()).hexdigest()}"\n{made_by}\n'
        for name, (text, made_by) in data.items()
    ]
    script = '[[exercises]]\nname = "count"\ntitle = "Count"\nscript = "count.py"\nuses = ["numbers.txt"]\n'
    files = '"count.py" = ""\n"make-numbers.py" = ""\n'
    manifest = DESCRIPTION.replace("[files]\n", "[files]\n" + files) + script + 'prints = ["100"]\n' + "\n".join(tables)
    (folder / "lesson.toml").write_text(manifest)
    (folder / "make-numbers.py").write_text(MAKE)
    (folder / "words.txt").write_text("a word\n")
    (folder / "count.py").write_text("print(len(open('numbers.txt').readlines()))\n")
    return copies


def test_what_is_made_comes_when_it_is_asked_for(copies_with_data: Path, home: Path) -> None:
    ensure_copies(home)
    assert (copies_with_data / "words.txt").read_text() == "a word\n"
    assert not (copies_with_data / "numbers.txt").exists()
    assert main(["get"]) == 0
    assert (copies_with_data / "numbers.txt").read_text() == MADE


def test_a_script_that_reads_data_is_checked_with_it(
    copies_with_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["get", "count.py"])
    assert main(["check", "count"]) == 1
    assert "numbers.txt is missing. Type: lesson get short numbers.txt" in capsys.readouterr().out
    main(["get", "numbers.txt"])
    assert main(["check", "count"]) == 0


def test_the_state_of_data_is_that_of_its_checksum(copies_with_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["get"])
    (copies_with_data / "numbers.txt").write_text("mine")
    capsys.readouterr()
    main(["list"])
    out = capsys.readouterr().out
    assert "changed    numbers.txt" in out
    assert "unchanged  words.txt" in out


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (MAKE.replace("100", "99"), "numbers.txt from make-numbers.py has the checksum "),
        ("raise SystemExit('no')\n", "make-numbers.py, which makes numbers.txt, does not work: no."),
        ("pass\n", "make-numbers.py, which makes numbers.txt, does not work: it wrote no numbers.txt."),
    ],
    ids=["other data", "an error", "nothing"],
)
def test_data_that_is_not_right_is_not_given(
    masters: Path, copies_with_data: Path, capsys: pytest.CaptureFixture[str], script: str, said: str
) -> None:
    (masters / "short" / "make-numbers.py").write_text(script)
    assert main(["get", "numbers.txt"]) == 2
    assert said in capsys.readouterr().err
    assert not (copies_with_data / "numbers.txt").exists()
