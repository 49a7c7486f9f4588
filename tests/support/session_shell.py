"""Runs commands in a session that the hub has started, as its learner types them in a terminal there."""

import shlex
import subprocess
from pathlib import Path

from support.world import PATIENCE, command, processes

SERVER = "classdesk_desktop.server.app"


def session_pid(user: str, program: str) -> str:
    """Return the pid of a program of a user's session, as the node sees it."""
    lines = [line for line in processes(user) if program in line]
    assert lines, f"{program} does not run for {user}"
    return lines[0].split()[0]


def words_in_session(user: str, script: str) -> list[str]:
    """Return the command line that runs a script in a user's session, beside the server and with its environment."""
    return words_beside(session_pid(user, SERVER), user, f"/home/{user}", script)


def words_beside(pid: str, user: str, home: str, script: str) -> list[str]:
    """Return the command line that runs a script beside a process of a session, as a user, by name or number."""
    affinity = command("taskset", "--cpu-list", "--pid", pid).split()[-1]
    environment = Path(f"/proc/{pid}/environ").read_text().strip("\0").split("\0")
    return [
        *("nsenter", "--target", pid, "--mount", "--pid", "--net", "--uts", "--"),
        *("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"),
        *("taskset", "--cpu-list", affinity, "env", "--ignore-environment", *environment),
        *("bash", "-lc", f"cd {shlex.quote(home)}\n{script}"),
    ]


def in_session(user: str, script: str) -> str:
    """Run a script inside a user's session, and return what it printed; it must succeed."""
    return command(*words_in_session(user, script), timeout=120, cwd="/").strip()


def tried_in_session(user: str, script: str, *, told: str = "", timeout: float = 120) -> tuple[int, str]:
    """Run a script inside a user's session, and return its exit status and all that it printed."""
    done = subprocess.run(
        words_in_session(user, script),
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout * PATIENCE,
        check=False,
        cwd="/",
    )
    return done.returncode, done.stdout
