"""The lesson in the desktop image: its own solutions are right there, and learners' mistakes are told.

These runs take the seconds that the lessons are about.
"""

import os
import subprocess
from pathlib import Path

import pytest

from support.image import run_in_image
from support.world import REPOSITORY

PACKS = sorted(file.parent.name for file in (REPOSITORY / "lesson_scripts").glob("*/lesson.toml"))
SERIAL = "y = inc(x)"
IMPORTS = ("from time import sleep\n", "from time import sleep\nfrom dask import delayed\n")


def in_terminal(home: Path, command: str, *, module: bool = True) -> subprocess.CompletedProcess[str]:
    """What a learner types in a terminal of the desktop."""
    line = f"module load python && {command}" if module else command
    return run_in_image(["bash", "-lc", line], home, timeout_s=120, check=False)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", PACKS)
def test_each_pack_is_proven(image_home: Path, name: str) -> None:
    """Its solutions, its wrong answers and the commands of its steps."""
    line = f"module load python && lesson test {name}"
    done = run_in_image(["bash", "-lc", line], image_home, timeout_s=800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All is well." in done.stdout


def test_a_new_pack_is_proven(image_home: Path) -> None:
    done = in_terminal(image_home, "lesson new my-lesson && lesson test my-lesson")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  the commands of 2 blocks run\n" in done.stdout


@pytest.mark.parametrize(
    ("call", "total", "printed", "cause"),
    [
        (
            "delayed(inc(x))",
            "delayed(sum)(results).compute()",
            "'total is 44' in ",
            "delayed(inc(x)) calls inc at once",
        ),
        (
            "delayed(inc)(x)",
            "delayed(sum)(results)",
            "\"total is Delayed('sum-",
            "nothing has called compute() on it yet",
        ),
    ],
    ids=["delayed call", "not computed"],
)
def test_a_mistake_in_the_challenge_is_told(
    *, image_home: Path, call: str, total: str, printed: str, cause: str
) -> None:
    assert in_terminal(image_home, "lesson get").returncode == 0
    script = image_home / "Desktop" / "Lesson" / "dask-delay" / "loop.py"
    text = script.read_text().replace(SERIAL, f"y = {call}").replace(*IMPORTS)
    script.write_text(text.replace("sum(results)", total))
    done = in_terminal(image_home, "cd Desktop/Lesson/dask-delay && ./verify loop")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"  not yet: Your script printed {printed}" in done.stdout
    assert cause in done.stdout


INC = """\
from time import sleep

def inc(x):
  sleep(1)
  return x+1

"""
A_POOL_OF_FRESH_PROCESSES = """\
from multiprocessing import freeze_support, get_context

def main():
  with get_context("spawn").Pool(4) as pool:
    print("total is "+str(sum(pool.map(inc, range(1, 9)))))
"""
A_POOL = """\
from multiprocessing import Pool

with Pool(4) as pool:
  print("total is "+str(sum(pool.map(inc, range(1, 9)))))
"""
PROCESSES_OF_DASK = """\
from dask import delayed

results=[delayed(inc)(x) for x in range(1, 9)]
print("total is "+str(delayed(sum)(results).compute(scheduler="processes")))
"""
GUARD = """
if __name__=="__main__":
  freeze_support()
  main()
"""
UNGUARDED = 'Put what computes below if __name__ == "__main__":'


@pytest.mark.parametrize(
    ("script", "told"),
    [
        pytest.param(A_POOL, "right: Your script printed 'total is 44' in", id="pool"),
        pytest.param(A_POOL_OF_FRESH_PROCESSES + GUARD, "right: Your script printed 'total is 44' in", id="guarded"),
        # Its pool starts processes for ever.
        pytest.param(A_POOL_OF_FRESH_PROCESSES + "\nmain()\n", UNGUARDED, id="unguarded"),
        pytest.param(PROCESSES_OF_DASK, UNGUARDED, id="dask's processes, unguarded"),
    ],
)
def test_a_learner_s_own_processes_count_or_their_missing_guard_is_named(
    image_home: Path, script: str, told: str
) -> None:
    assert in_terminal(image_home, "lesson get").returncode == 0
    (image_home / "Desktop/Lesson/dask-delay/loop.py").write_text(INC + script)
    done = in_terminal(image_home, "lesson check loop")
    assert told in done.stdout, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) < 10, "an error of each process is for nobody"


# Only what changes how dask works is seen in the time; the others are tried where no time counts.
@pytest.mark.parametrize(
    ("exercise", "prepare", "told"),
    [
        (
            "visualize",
            "mkdir -p .local/lib/python3.13/site-packages/dask && "
            "echo old = True >.local/lib/python3.13/site-packages/dask/__init__.py",
            "come before the course's: dask, in ~/.local/lib/python3.13/site-packages. To put it aside: mv ~/.local/",
        ),
        (
            "delay",
            "mkdir -p .config/dask && echo scheduler: sync >.config/dask/mine.yaml",
            "~/.config/dask/mine.yaml changes how dask works. To put it aside: mv ~/.config/dask/mine.yaml ",
        ),
        (
            "visualize",
            "mkdir -p .config/dask && echo '{ : [' >.config/dask/broken.yaml",
            "~/.config/dask/broken.yaml changes how dask works. ",
        ),
        ("delay", "export DASK_SCHEDULER=sync", "Type: unset DASK_SCHEDULER"),
        (
            "visualize",
            "/usr/bin/python3 -m venv --without-pip env && . env/bin/activate",
            "The virtual environment ~/env is active. Type: deactivate",
        ),
        (
            "visualize",
            "mkdir lib && touch lib/random.py && export PYTHONPATH=$HOME/lib",
            "~/lib/random.py hides the Python module random. Type: unset PYTHONPATH",
        ),
        (
            "visualize",
            "touch Desktop/Lesson/dask-delay/dask.py",
            "~/Desktop/Lesson/dask-delay/dask.py hides the Python module dask. Rename it.",
        ),
    ],
    ids=["old dask", "settings", "broken settings", "variable", "environment", "path", "file"],
)
def test_a_right_answer_is_right_beside_what_a_learner_left_behind(
    exercise: str, prepare: str, told: str, image_home: Path
) -> None:
    assert in_terminal(image_home, "lesson get").returncode == 0
    done = in_terminal(image_home, f"{prepare}; find . | sort >before; lesson check {exercise}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  right: Your script " in done.stdout
    assert told in done.stdout
    before = (image_home / "before").read_text().splitlines()
    assert all((image_home / name).exists() for name in before), "nothing of the learner's has gone"


def test_on_one_core_the_gain_is_not_asked_for(image_home: Path) -> None:
    core = min(os.sched_getaffinity(0))
    command = f"taskset -c {core} lesson check delay --solutions"
    done = in_terminal(image_home, command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Your session has 1 core" in done.stdout


def test_without_the_module_the_learner_is_told_to_load_it(image_home: Path) -> None:
    done = in_terminal(image_home, "lesson check delay --solutions", module=False)
    assert done.returncode == 1
    assert "module load python" in done.stdout


def test_a_reset_in_the_image_keeps_the_learners_file(image_home: Path) -> None:
    copies = image_home / "Desktop" / "Lesson" / "dask-delay"
    assert in_terminal(image_home, "lesson get", module=False).returncode == 0
    assert not (copies / "solutions").exists()
    (copies / "hello.py").write_text("mine")
    done = in_terminal(image_home, "lesson reset hello.py", module=False)
    assert done.returncode == 0, done.stderr
    (kept,) = copies.glob("hello.py.*.bak")
    assert kept.read_text() == "mine"
    assert "hello world" in (copies / "hello.py").read_text()
    assert os.access(copies / "verify", os.X_OK)
