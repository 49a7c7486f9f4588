"""What a learner submits, made into what opens the desktop image on a node and runs it there. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from classdesk_desktop.protocol import Variable
from classdesk_desktop.session.door import Script

_SHELL: Final = "/bin/bash"
# Before the first command of a script sbatch looks for its options: comments and empty lines.
_COMMENT: Final = re.compile(rb"\s*(#[^\n]*)?\n?")
_WORKER: Final = re.compile(rb"^[^#\n]*\bdistributed\.cli\.dask_worker\b", re.MULTILINE)

_HANDED_ON: Final = "open_image=${BASH_EXECUTION_STRING#*$'\\n'} open_image=${open_image%$'\\n'*}"


def wrapped(command: str) -> Script:
    """Return the script that sbatch makes of `--wrap`; in bash, so that it has `module`."""
    return Script("wrap", f"#!/bin/bash\n# This script was created by sbatch --wrap.\n\n{command}\n".encode())


def in_image(script: Script, open_image: str) -> Script:
    """Return a script that runs another one in the image, with the same options for sbatch.

    What sbatch itself refuses stays as it is, so that sbatch says why.
    """
    first, _, rest = script.text.partition(b"\n")
    if not first.startswith(b"#!"):
        return script
    header = b"".join(takewhile(_COMMENT.fullmatch, rest.splitlines(keepends=True)))
    ends = _unused(script.text)
    # -p: neither the learner's functions nor BASH_ENV reach this shell.
    text = b"\n".join(
        (
            f"#!{_SHELL} -p".encode(),
            header.rstrip(b"\n"),
            b"IFS= read -r -d '' open_image <<'CLASSDESK_OPEN_IMAGE'",
            open_image.rstrip("\n").encode(),
            b"CLASSDESK_OPEN_IMAGE",
            b'eval "$open_image"',
            b"/bin/cat >\"$door/script\" <<'%s'" % ends,
            script.text.removesuffix(b"\n"),
            ends,
            b'/bin/chmod 700 "$door/script"',
            f'open_for_job "${Variable.DOOR}/script" "$@"'.encode(),
            b"",
        )
    )
    return Script(script.name, text)


def task_in_image(command: Sequence[str], open_image: str) -> list[str]:
    """Return the words that run a command in the image, as a task of a job step."""
    # The text of `-c` is there as a variable; between its first and its last line is what is handed on to further jobs.
    text = f'{_HANDED_ON}\n{open_image}\nopen_for_job "$@"'
    return [_SHELL, "-pc", text, "classdesk", *command]


def is_dask_worker(script: Script) -> bool:
    """Whether a script starts a worker for a scheduler, as dask-jobqueue's do: without that it is of no use."""
    return _WORKER.search(script.text) is not None


def _unused(text: bytes) -> bytes:
    """Return a line that is not in a text."""
    number = 0
    while (line := b"CLASSDESK_SCRIPT_%d" % number) in text:
        number += 1
    return line
