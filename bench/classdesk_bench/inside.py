"""Programs inside a session, as root of the node sees and starts them."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.screen import session_processes


def process_of(user: str, name: str) -> int:
    """Return the id of a user's process, by the name of its program.

    Raises:
        LookupError: There is none.
    """
    for pid, arguments in session_processes(user).items():
        if Path(arguments.split()[0]).name == name:
            return pid
    raise LookupError(f"no process {name} of {user}")


def start_in_session(user: str, beside: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a program in a session, with the namespaces and the environment of another one there.

    Args:
        user: Whose session.
        beside: The name of that other program.
        command: What to start.
    """
    pid = process_of(user, beside)
    status = Path(f"/proc/{pid}").stat()
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    enter = ["nsenter", f"--target={pid}", "--user", "--mount", "--pid", "--ipc"]
    enter += [f"--setuid={status.st_uid}", f"--setgid={status.st_gid}", "--wd=/"]
    return subprocess.Popen(
        [*enter, *command],
        env={
            **dict(pair.split("=", 1) for pair in pairs if "=" in pair),
            "HOME": f"/home/{user}",
        },
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
