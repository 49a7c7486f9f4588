"""The machine of the benchmarks: a test world with a class of Unix accounts and a Slurm that has room for all of them.

Everything here changes the world only; see tests/support/world.
"""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WORLD = Path("/run/classdesk-world")
DIRECTORY = Path("/run/classdesk-bench")
"""What hub, commands and benchmark share: site file, counts, samples, logs."""
STATE = Path("/var/lib/classdesk")
SESSION_PROGRAM = Path("/opt/classdesk/bin/classdesk-session")
CALLS = DIRECTORY / "squeue-calls"

CPUS = 4096
MEMORY_MIB = 256  # of one session
_FIRST_UID = 30_000

# Counting costs one write of one byte: no other process, no clock. The same program is called by both stacks.
_COUNTING_SQUEUE = f"""#!/bin/sh
echo >>{CALLS}
exec {{real}} "$@"
"""


def require_world() -> None:
    """End with a sentence when this is not a test world, as all that follows changes the machine."""
    if not WORLD.exists():
        raise SystemExit("This changes accounts and Slurm: run it with the commands in bench/.")


def run(*command: str | Path) -> str:
    """Run a command that must succeed, and return what it printed."""
    result = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {result.stdout}")
    return result.stdout


def wait_for(what: str, condition: Callable[[], bool], seconds: float) -> None:
    """Poll until the condition holds.

    Raises:
        RuntimeError: It did not within these seconds.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)


def set_up(learners: int) -> list[str]:
    """Make accounts, directories, software and counters; return the learners' names.

    Args:
        learners: How many accounts.
    """
    for step in ("30-python", "40-proxy", "45-service-account"):
        run(REPOSITORY / "cluster/steps" / step)
    DIRECTORY.mkdir(mode=0o755)
    for file in (REPOSITORY / "bench/hub").glob("*.py"):
        shutil.copy(file, DIRECTORY)
    SESSION_PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "bench/hub/light_server", SESSION_PROGRAM)
    SESSION_PROGRAM.chmod(0o755)
    CALLS.touch()
    CALLS.chmod(0o666)
    _allow_sudo()
    return _make_accounts(learners)


def _allow_sudo() -> None:
    """Install the product's rules, and beside them what batchspawner's documentation asks for."""
    rules = (REPOSITORY / "hub_config/sudoers.d/classdesk").read_text(encoding="utf-8")
    rules += "classdesk ALL=(%classdesk-users) NOPASSWD:SETENV: /usr/bin/squeue\n"
    rules += f"classdesk ALL=(%classdesk-users) NOPASSWD:SETENV: {DIRECTORY}/slurm/*\n"
    target = Path("/etc/sudoers.d/classdesk")
    target.write_text(rules, encoding="utf-8")
    target.chmod(0o440)
    run("visudo", "--check", "--quiet", f"--file={target}")


def _make_accounts(learners: int) -> list[str]:
    """Write the accounts at once: a thousand calls of useradd take minutes."""
    names = [f"bench{number:04d}" for number in range(learners)]
    homes = Path("/home/bench")
    homes.mkdir(mode=0o755)
    passwd, group, members = [], [], []
    for uid, name in enumerate(names, _FIRST_UID):
        home = homes / name
        home.mkdir(mode=0o700)
        os.chown(home, uid, uid)
        passwd.append(f"{name}:x:{uid}:{uid}::{home}:/bin/bash\n")
        group.append(f"{name}:x:{uid}:\n")
        members.append(name)
    with Path("/etc/passwd").open("a", encoding="ascii") as file:
        file.writelines(passwd)
    with Path("/etc/shadow").open("a", encoding="ascii") as file:  # su, of --get-user-env, looks here
        file.writelines(f"{name}:*:20000:0:99999:7:::\n" for name in names)
    lines = Path("/etc/group").read_text(encoding="utf-8").splitlines()
    joined = [
        f"{line}{',' if line.split(':')[3] else ''}{','.join(members)}" if line.startswith("classdesk-users:") else line
        for line in lines
    ]
    Path("/etc/group").write_text("\n".join(joined) + "\n" + "".join(group), encoding="utf-8")
    if pwd.getpwnam(names[-1]).pw_uid != _FIRST_UID + learners - 1:
        raise RuntimeError("the learners' accounts are not seen")
    return names


def require_nothing_left(learners: int) -> None:
    """Wait until no process of a learner is left.

    Raises:
        RuntimeError: Some are, after 20 s; with their command lines.
    """
    with contextlib.suppress(RuntimeError):
        wait_for("no process of the class is left", lambda: not _processes(learners), 20)
    if left := _processes(learners):
        raise RuntimeError("processes of the class are left:\n" + "\n".join(left))


def _processes(learners: int) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if _FIRST_UID <= process.stat().st_uid < _FIRST_UID + learners:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                found.append(f"{process.name} {words.decode(errors='replace')}")
    return found


def keep_logs() -> None:
    """Copy the logs of the last run to build/artifacts/bench, which outlives the world."""
    kept = REPOSITORY / "build/artifacts/bench"
    kept.mkdir(parents=True, exist_ok=True)
    for log in DIRECTORY.glob("*.log"):
        shutil.copy(log, kept)


class Slurm:
    """A real Slurm of one node with many declared CPUs and the parameters of cluster/slurm.conf."""

    def __init__(self) -> None:
        self._munged: subprocess.Popen[bytes] | None = None
        self._daemons: list[subprocess.Popen[bytes]] = []

    def set_up(self) -> None:
        """Write the configuration, count squeue from now on, start munged."""
        values = {
            "MARKER": "# Of a benchmark.",
            "STATE": STATE,
            "RUN": "/run/classdesk",
            "CPUS": CPUS,
            "MEMORY": CPUS * MEMORY_MIB,
            "MEMORY_PER_CPU": MEMORY_MIB,
            "SHARE": 1,
        }
        text = (REPOSITORY / "cluster/slurm.conf").read_text(encoding="utf-8")
        # Both stacks' sessions are in one partition.
        text = re.sub(r"^PartitionName=jobs .*$", "", text, flags=re.MULTILINE)
        text = text.replace("PartitionName=class", "PartitionName=class Default=YES", 1)
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        # Of 2 s by default, after which a job of the stock stack (`--get-user-env=L`) runs without an environment and
        # never calls home. Here a class's log-in shells share two cores; on nodes of their own they do not.
        text += "GetEnvTimeout=60\n"
        Path("/etc/slurm").mkdir(exist_ok=True)
        Path("/etc/slurm/slurm.conf").write_text(text, encoding="utf-8")
        major = int(run("slurmd", "-V").split()[1].split(".")[0])
        plugin = "disabled" if major >= 24 else "cgroup/v1"
        Path("/etc/slurm/cgroup.conf").write_text(f"CgroupPlugin={plugin}\n", encoding="utf-8")
        for path, owner, mode in (
            (STATE / "slurm", "root", 0o755),
            (STATE / "slurm/d", "root", 0o755),
            (STATE / "slurm/ctld", "slurm", 0o700),
            (Path("/run/classdesk-slurm"), "slurm", 0o755),
            (Path("/run/munge"), "munge", 0o755),
        ):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            shutil.chown(path, owner, owner)
        real = Path("/usr/bin/squeue")
        moved = real.rename("/usr/bin/squeue.real")
        real.write_text(_COUNTING_SQUEUE.format(real=moved), encoding="utf-8")
        real.chmod(0o755)
        as_munge = ("setpriv", "--reuid=munge", "--regid=munge", "--clear-groups")
        if not Path("/etc/munge/munge.key").exists():
            run(*as_munge, "mungekey", "--create")
        self._munged = daemon("munged", *as_munge, "munged", "--foreground", "--num-threads=10")
        wait_for("munge answers", lambda: succeeds("munge", "-n"), 10)

    @contextlib.contextmanager
    def fresh(self) -> Iterator[None]:
        """Run controller and node daemon without any memory of earlier jobs."""
        # As cluster/supervisord.conf has it: they listen at the address of the host's name.
        as_localhost = ("unshare", "--uts", "/bin/sh", "-c", 'hostname localhost && exec "$@"', "sh")
        self._daemons = [
            daemon("slurmctld", *as_localhost, "slurmctld", "-D", "-c"),
            # Elsewhere compute nodes are machines of their own; here their work must not starve hub and class.
            daemon("slurmd", *as_localhost, "nice", "-n", "10", "slurmd", "-D", "-N", "localhost"),
        ]
        favour(self._daemons[0].pid)
        try:
            wait_for("the node is ready", self._node_is_idle, 30)
            yield
        finally:
            for process in reversed(self._daemons):
                end(process)

    def end_jobs(self) -> None:
        """End all jobs and wait until none is left."""
        succeeds("scancel", "--partition=class")
        wait_for("all jobs have ended", lambda: not run("squeue.real", "--noheader").strip(), 180)

    def _node_is_idle(self) -> bool:
        result = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False)
        return result.stdout.strip() == "idle"


def succeeds(*command: str) -> bool:
    """Tell whether a command ends with status 0; what it says is not shown."""
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def daemon(name: str, *command: str | Path, **options: object) -> "subprocess.Popen[bytes]":
    """Start a process that stays, with its output in DIRECTORY/NAME.log."""
    with (DIRECTORY / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **{"cwd": "/", **options},
        )


def favour(pid: int) -> None:
    """Let a process and what it starts have the processors before the jobs do.

    Where the kernel groups processes by session (sched_autogroup), each job is a group that gets as much as
    the hub, and nice counts within a group only.
    """
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        group.write_text("-10", encoding="ascii")


def end(process: "subprocess.Popen[bytes]", patience_s: float = 10) -> None:
    """End a process that we started, the hard way when it takes too long."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
