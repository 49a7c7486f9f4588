"""A learner's script is run as the learner runs it, and leaves nothing behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from classdesk_desktop.lesson.model import LessonError
from classdesk_desktop.lesson.run import Python, find_python, run_script


@pytest.fixture
def script(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder"
    folder.mkdir()
    return folder / "script.py"


@pytest.fixture
def python() -> Python:
    return find_python((), os.environ)


def is_running(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def program(folder: Path, text: str, name: str = "python") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_value_time_and_files_are_told(script: Path, python: Python) -> None:
    script.write_text(
        "import sys, time\nfrom pathlib import Path\n"
        "print('hällo'); print('oh', file=sys.stderr); time.sleep(0.3)\n"
        "Path('made.png').write_bytes(b'x'); Path('empty.png').touch()\nsys.exit(3)\n"
    )
    run = run_script(python, script, 20)
    assert (run.output, run.errors, run.status) == ("hällo\n", "oh\n", 3)
    assert 0.3 <= run.seconds < 5
    assert run.produced == {"made.png"}


def test_nothing_is_left_beside_the_script(script: Path, python: Python) -> None:
    (script.parent / "helper.py").write_text("ANSWER = 42\n")
    script.write_text("import helper\nopen('mydask.png', 'w').write('x')\nprint(helper.ANSWER)\n")
    assert run_script(python, script, 20).output == "42\n"
    assert {f.name for f in script.parent.iterdir()} == {"helper.py", "script.py"}


def test_an_endless_script_is_stopped_with_what_it_started(script: Path, python: Python) -> None:
    script.write_text(
        "import subprocess, time\nprint(subprocess.Popen(['sleep', '1000']).pid)\nwhile True: time.sleep(1)\n"
    )
    ticks: list[float] = []
    run = run_script(python, script, 1.0, ticks.append)
    assert run.status is None
    assert 1.0 <= run.seconds < 3
    assert ticks == sorted(ticks) != []
    deadline = time.monotonic() + 10
    while is_running(int(run.output)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(int(run.output))


def test_endless_output_is_cut(script: Path, python: Python) -> None:
    script.write_text("while True: print('x' * 1000)\n")
    run = run_script(python, script, 0.5)
    assert run.status is None
    assert len(run.output) == 64 * 1024


def test_nobody_types(script: Path, python: Python) -> None:
    script.write_text("input('name? ')\n")
    assert "EOFError" in run_script(python, script, 20).errors


def test_output_that_is_no_text_is_survived(script: Path, python: Python) -> None:
    script.write_text("import os\nos.write(1, b'\\xff\\n')\n")
    assert run_script(python, script, 20).output == "\ufffd\n"


def test_the_cores_are_those_of_the_session(python: Python) -> None:
    assert python.threads == len(os.sched_getaffinity(0))


def test_without_python_the_module_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LessonError, match="Type: module load python"):
        find_python(["dask"], os.environ)


def test_a_python_that_does_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "echo 'libpython is gone' >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(LessonError, match=r"bin/python does not work: libpython is gone\. Try"):
        find_python((), os.environ)


@pytest.mark.parametrize(
    ("environment", "help_"),
    [
        ({}, "Type: module load python"),
        ({"LOADEDMODULES": "gcc/14:python/3.13.5"}, "Type: pip install nosuchpackage"),
        ({"VIRTUAL_ENV": "/home/me/env"}, "virtual environment: type pip install nosuchpackage"),
    ],
    ids=["no module", "module", "virtual environment"],
)
def test_a_missing_package_is_told_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], help_: str
) -> None:
    for name in ("LOADEDMODULES", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LessonError, match=rf"does not have nosuchpackage\. .*{help_}"):
        find_python(["json", "nosuchpackage"], os.environ)


def test_the_start_is_measured_with_the_imports(tmp_path: Path) -> None:
    assert 0 < find_python(["json"], os.environ).startup < 20
