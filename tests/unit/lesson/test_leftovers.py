"""A right answer stays right beside what is the learner's own, and what is in its way is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from classdesk_desktop.lesson.command import main
from classdesk_desktop.lesson.leftovers import in_the_way, own_packages, without_own

COURSE = Path("/opt/python/3.13/bin/python")
NAMES = frozenset({"dask", "distributed", "toolz", "numpy", "random"})


@pytest.fixture
def script(home: Path) -> Path:
    (home / "work").mkdir()
    return home / "work" / "loop.py"


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def told(script: Path, home: Path, python: Path = COURSE, environ: dict[str, str] | None = None) -> str:
    return "\n".join(in_the_way(script, python, environ or {}, home, NAMES))


def test_nothing_is_told_of_what_is_in_nobodys_way(script: Path, home: Path) -> None:
    write(script)
    write(script.parent / "helper.py")
    write(script.parent / "dask" / "data.csv")
    write(own_packages(home) / "black" / "__init__.py")
    write(home / ".config" / "dask" / "jobqueue.yaml", "# jobqueue:\n#   slurm:\n\n")
    assert told(script, home, environ={"PYTHONPATH": str(home / "nowhere")}) == ""


def test_a_file_beside_the_script_is_named(script: Path, home: Path) -> None:
    write(script.parent / "random.py")
    assert told(script, home) == "~/work/random.py hides the Python module random. Rename it."


def test_packages_of_the_learners_own_are_named_with_what_to_type(script: Path, home: Path) -> None:
    place = own_packages(home)
    for name in ("black", "dask", "distributed", "numpy", "toolz"):
        write(place / name / "__init__.py")
    where = f"~/{place.relative_to(home)}"
    assert told(script, home) == (
        f"Packages of your own come before the course's: dask, distributed, numpy and 1 more, in {where}. "
        f"To put it aside: mv {where} {where}.aside"
    )


def test_settings_of_dask_are_named(script: Path, home: Path) -> None:
    write(home / ".config" / "dask" / "my own.yaml", "scheduler: sync\n")
    environ = {"DASK_SCHEDULER": "sync", "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true"}
    assert told(script, home, environ=environ).splitlines() == [
        "DASK_SCHEDULER is set and changes how dask works. Type: unset DASK_SCHEDULER",
        "~/.config/dask/my own.yaml changes how dask works. "
        "To put it aside: mv ~/'.config/dask/my own.yaml' ~/'.config/dask/my own.yaml'.aside",
    ]


def test_a_python_of_the_learners_own_is_named(script: Path, home: Path) -> None:
    environment = {"VIRTUAL_ENV": str(home / "env")}
    assert told(script, home, home / "env/bin/python", environment) == (
        "The virtual environment ~/env is active. Type: deactivate"
    )
    assert told(script, home, home / "conda/bin/python") == (
        "python is your own here, ~/conda/bin/python. Type: module load python"
    )


def test_without_it_python_finds_nothing_of_the_learners(home: Path) -> None:
    environ = {
        "HOME": str(home),
        "PATH": f"{home}/bin:/project/env/bin:/opt/python/3.13/bin:/usr/bin",
        "VIRTUAL_ENV": "/project/env",
        "PYTHONPATH": str(home),
        "DASK_CONFIG": str(home),
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        "LANG": "C.UTF-8",
    }
    assert without_own(environ, home) == {
        "HOME": "/nonexistent",
        "PATH": "/opt/python/3.13/bin:/usr/bin",
        "PYTHONSAFEPATH": "1",
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        "LANG": "C.UTF-8",
    }


@pytest.mark.usefixtures("masters")
@pytest.mark.parametrize("place", ["beside the script", "on PYTHONPATH"])
def test_a_right_answer_is_right_beside_a_file_that_hides_a_module(
    place: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = home if place == "beside the script" else home / "modules"
    if folder != home:
        monkeypatch.setenv("PYTHONPATH", str(folder))
    write(folder / "random.py", "raise ImportError('mine')\n")
    write(home / "hello.py", "import random\nprint('hello world')\n")
    assert main(["check", "hello"]) == 0
    out = capsys.readouterr().out
    assert "right: Your script printed 'hello world'" in out
    assert "random.py hides the Python module random. " in out
    assert (folder / "random.py").exists()


@pytest.mark.usefixtures("masters")
def test_a_wrong_answer_stays_wrong_and_is_not_laid_on_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home / "random.py", "choice = 'hello wrold'\n")
    write(home / "hello.py", "print('hello wrold')\n")
    assert main(["check", "hello"]) == 1
    out = capsys.readouterr().out
    assert "printed 'hello wrold'" in out
    assert "random.py" not in out


@pytest.mark.usefixtures("masters")
def test_a_wrong_answer_behind_a_file_in_the_way_is_told_with_the_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home / "random.py", "raise ImportError('mine')\n")
    write(home / "hello.py", "import random\nprint('hello wrold')\n")
    assert main(["check", "hello"]) == 1
    out = capsys.readouterr().out
    assert "not yet: Your script printed 'hello wrold'" in out
    assert "~/random.py hides the Python module random. Rename it." in out
