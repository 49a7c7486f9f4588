"""What becomes of the scripts and commands that a learner submits."""

import os
import subprocess
from pathlib import Path

import pytest

from classdesk_desktop.session.door import Script
from classdesk_desktop.slurm.job import in_image, is_dask_worker, task_in_image, wrapped

# In the place of what opens the image: runs the command at once.
OPENS = """door=$TEST_DOOR
export CLASSDESK_DOOR=$door
open_for_job() { printf '%s' "$open_image" >"$door/handed-on"; exec "$@"; }"""


def run(words: list[str], tmp_path: Path) -> str:
    environment = {**os.environ, "TEST_DOOR": str(tmp_path)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout


def test_options_before_the_first_command_stay_in_front() -> None:
    text = b"#!/bin/sh\n# words\n#SBATCH -n 2\n\n   # more\n#SBATCH -t 1\necho hi\n#SBATCH -t 2\n"
    made = in_image(Script("x.sh", text), OPENS).text
    header = made.split(b"IFS=")[0]
    assert header == b"#!/bin/bash -p\n# words\n#SBATCH -n 2\n\n   # more\n#SBATCH -t 1\n"
    assert text in made


@pytest.mark.parametrize("text", [b"", b"echo hi\n", b"# /bin/sh\n", b"\x7fELF"])
def test_what_sbatch_refuses_stays_as_it_is(text: bytes) -> None:
    assert in_image(Script("x", text), OPENS) == Script("x", text)


@pytest.mark.parametrize(
    "text",
    [
        '#!/bin/bash\nprintf "%s|" "$0" "$#" "$@"',
        '#!/bin/bash\nprintf "%s|" "$0" "$#" "$@"\n',
        '#!/bin/bash\n: <<CLASSDESK_SCRIPT_0\n$x\nCLASSDESK_SCRIPT_0\nprintf "%s|" "$0" "$#" "$@"\n',
        '#!/bin/bash -e\nprintf "%s|" "$0" "$#" "$@"; : \'\' "`true`" $((1+1)) \\\\ é\n',
    ],
)
def test_a_script_runs_as_it_was_written(text: str, tmp_path: Path) -> None:
    made = tmp_path / "made.sh"
    made.write_bytes(in_image(Script("x.sh", text.encode()), OPENS).text)
    assert run(["bash", str(made), "a b", "$(x)"], tmp_path) == f"{tmp_path}/script|2|a b|$(x)|"
    assert (tmp_path / "script").read_text().rstrip("\n") == text.rstrip("\n")
    assert (tmp_path / "handed-on").read_text().strip() == OPENS


def test_a_task_runs_with_its_words_and_can_open_the_image_again(tmp_path: Path) -> None:
    words = task_in_image(["printf", "%s|", "a b", "$(x)", "it's"], OPENS)
    assert run(words, tmp_path) == "a b|$(x)|it's|"
    assert (tmp_path / "handed-on").read_text() == OPENS


def test_wrap_is_a_script_of_its_own() -> None:
    assert wrapped("echo 'a b'") == Script(
        "wrap", b"#!/bin/bash\n# This script was created by sbatch --wrap.\n\necho 'a b'\n"
    )


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (b"#!/bin/sh\n/opt/python -m distributed.cli.dask_worker tls://1.2.3.4:5 --name x\n", True),
        (b"#!/bin/sh\n# -m distributed.cli.dask_worker\necho\n", False),
        (b"#!/bin/sh\necho dask\n", False),
    ],
)
def test_workers_of_dask_are_known(text: bytes, is_one: bool) -> None:
    assert is_dask_worker(Script("x", text)) is is_one
