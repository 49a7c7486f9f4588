"""A session's memory: how much it has and uses, and how many of its programs Linux ended for lack of it.

Where Slurm gives the job a cgroup of memory, that knows best; elsewhere, the session's processes are added up. Of a
cgroup's memory, what Linux can take back at once does not count: files that were read.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from classdesk_desktop.protocol import Variable
from classdesk_desktop.session.usage import memory_mib

_MIB: Final = 1 << 20
# Without a limit, version 1 has a number that no machine has; version 2 says "max".
_NO_LIMIT_MIB: Final = 1 << 40
# Slurm's name for the cgroup that has all of a job, in both versions (slurm.schedmd.com/cgroup_v2.html).
_OF_A_JOB: Final = re.compile(r"(.*?/job_\d+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """The job's cgroup of memory.

    Attributes:
        job: the cgroup's directory; its limit holds for all of the job.
        events: the file that counts what Linux ended.
        names: those of the files with the limit and the use, and what its statistics put before the names of sums.
    """

    job: Path
    events: Path
    names: tuple[str, str, str]

    @classmethod
    def find(cls, proc: Path = Path("/proc/self"), root: Path = Path("/sys/fs/cgroup")) -> Self | None:
        """This process's job's; None where Slurm has made none, or where it is not to be seen."""
        for controllers, path in _cgroups(proc):
            job = _OF_A_JOB.match(path)
            if not job:
                continue
            if "memory" in controllers:
                top = root / "memory"
                # Each counts for itself alone, and the session's programs are where this process is.
                events = top / path[1:] / "memory.oom_control"
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
            elif not any(controllers):
                top = root
                events = top / job[1][1:] / "memory.events"
                names = ("memory.max", "memory.current", "")
            else:
                continue
            found = cls(top / job[1][1:], events, names)
            if (found.job / names[1]).exists():
                return found
        return None

    def limit_mib(self) -> float | None:
        """What the job may use at most, in MiB; None where that is not limited."""
        with contextlib.suppress(OSError, ValueError):
            limit = int((self.job / self.names[0]).read_text()) / _MIB
            return limit if limit < _NO_LIMIT_MIB else None
        return None

    def used_mib(self) -> float:
        """What the job uses, in MiB.

        Raises:
            OSError: it cannot be read.
        """
        prefix = self.names[2]
        freed = (f"{prefix}inactive_file", f"{prefix}active_file", f"{prefix}slab_reclaimable")
        used = int((self.job / self.names[1]).read_text())
        counts = _counts(self.job / "memory.stat")
        return max(used - sum(counts.get(name, 0) for name in freed), 0) / _MIB

    def ended(self) -> int:
        """How many programs Linux has ended for lack of memory."""
        return _counts(self.events).get("oom_kill", 0)


@dataclass(frozen=True, slots=True)
class SessionMemory:
    """What a session knows of its memory.

    Attributes:
        limit_mib: what it has, in MiB; None where that is not known.
        group: its job's cgroup, if there is one.
    """

    limit_mib: float | None
    group: MemoryGroup | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """That of this process's session."""
        group = MemoryGroup.find()
        # Of the last, slurmd makes the job's memory where there are no cgroups.
        limits = (_number(environ.get(Variable.MEMORY, "")), group and group.limit_mib(), _resident_limit_mib())
        return cls(min((limit for limit in limits if limit), default=None), group)

    def used_mib(self, pids: Iterable[int]) -> float:
        """What the session uses, in MiB; `pids` are its processes."""
        if self.group:
            with contextlib.suppress(OSError):
                return self.group.used_mib()
        return memory_mib(pids) + _own_tmp_mib()

    def tell_programs(self) -> None:
        """Tell programs what they have, dask above all: it believes this limit, which Linux does not enforce.

        It sees no cgroup, as it looks only where one is in a container that has it as its root.
        """
        if self.limit_mib:
            limit = int(self.limit_mib * _MIB)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_RSS, (limit, limit))


def _cgroups(proc: Path) -> Iterable[tuple[list[str], str]]:
    """The controllers and the path of each of a process's cgroups (cgroups(7))."""
    with contextlib.suppress(OSError):
        for line in (proc / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            yield controllers.split(","), path


def _counts(file: Path) -> dict[str, int]:
    """The lines `name number` of a file; empty where there is none."""
    with contextlib.suppress(OSError, ValueError):
        pairs = (line.split() for line in file.read_text().splitlines())
        return {name: int(count) for name, count in pairs}
    return {}


def _number(text: str) -> float | None:
    with contextlib.suppress(ValueError):
        return float(text)
    return None


def _resident_limit_mib() -> float | None:
    hard = resource.getrlimit(resource.RLIMIT_RSS)[1]
    return None if hard == resource.RLIM_INFINITY else hard / _MIB


def _own_tmp_mib(tmp: Path = Path("/tmp")) -> float:  # noqa: S108 - only looked at
    """What is in the session's private /tmp, where that is memory; 0 where it is the node's, or on a disk."""
    with contextlib.suppress(OSError):
        if tmp.stat().st_uid == os.getuid() and _file_system(tmp) == "tmpfs":
            status = os.statvfs(tmp)
            return (status.f_blocks - status.f_bfree) * status.f_frsize / _MIB
    return 0.0


def _file_system(mount: Path) -> str:
    """The kind of file system that is mounted there (proc_pid_mountinfo(5)); empty where none is."""
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return next((fields[fields.index("-") + 1] for fields in reversed([*mounts]) if fields[4] == str(mount)), "")
