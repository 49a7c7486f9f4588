"""Lists the processes that belong to classdesk on this machine, a line `PID COMMAND` each.

With `--kill SIGNAL` it also sends them that signal. A process is ours when the service account runs it,
when its program is in /opt/classdesk, when it is a daemon of the embedded Slurm, or when Slurm started it
in a job of the cluster `classdesk`. Processes in another network namespace are another world's.
"""

# ruff: noqa: INP001  # a script, no package

import contextlib
import os
import pwd
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

MARKER = "# Written by classdesk"
SOFTWARE = b"/opt/classdesk/"


def ours(process: Path, account: int | None, embedded: bool) -> bool:
    """Whether this process is one of ours."""
    if process.stat().st_uid == account:
        return True
    words = (process / "cmdline").read_bytes().split(b"\0")
    # The program itself, or the script that an interpreter runs; somebody's editor with one of our files is not ours.
    interpreted = words[0].rpartition(b"/")[2].startswith((b"python", b"node"))
    if words[0].startswith(SOFTWARE) or (interpreted and words[1].startswith(SOFTWARE)):
        return True
    if embedded:
        name = (process / "comm").read_text().strip()
        if name in {"slurmctld", "slurmd", "slurmstepd", "slurmscriptd"}:
            return True
        return b"SLURM_CLUSTER_NAME=classdesk" in (process / "environ").read_bytes().split(b"\0")
    return False


def find() -> Iterator[tuple[int, str]]:
    """The processes with their command lines; never this one or an ancestor of it."""
    try:
        account = pwd.getpwnam("classdesk").pw_uid
    except KeyError:
        account = None
    conf = Path("/etc/slurm/slurm.conf")
    embedded = conf.exists() and MARKER in conf.read_text(errors="replace")
    network = Path("/proc/self/ns/net").readlink()
    skip = {os.getpid()}
    pid = os.getpid()
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        skip.add(pid)
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) in skip:
            continue
        with contextlib.suppress(OSError):  # it has just ended
            if (process / "ns/net").readlink() == network and ours(process, account, embedded):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                if line:
                    yield int(process.name), line.decode(errors="replace").strip()[:120]


def main() -> None:
    """Prints them, and sends them a signal when asked to."""
    for pid, command in find():
        print(pid, command)
        if sys.argv[1:2] == ["--kill"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.Signals[f"SIG{sys.argv[2]}"])


if __name__ == "__main__":
    main()
