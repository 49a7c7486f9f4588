"""What a session knows of its memory: by the job's cgroup, by what the hub says, by its processes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from classdesk_desktop.session.memory import MemoryGroup, SessionMemory

MIB = 1 << 20


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def version_2(tmp_path: Path) -> MemoryGroup | None:
    job = "sys/system.slice/slurmstepd.scope/job_7"
    write(
        tmp_path,
        {
            "proc/cgroup": "0::/system.slice/slurmstepd.scope/job_7/step_batch/user/task_0\n",
            f"{job}/memory.max": f"{2048 * MIB}\n",
            f"{job}/memory.current": f"{1500 * MIB}\n",
            f"{job}/memory.stat": f"anon 5\ninactive_file {300 * MIB}\nactive_file {200 * MIB}\n",
            f"{job}/memory.events": "low 0\nmax 12\noom 3\noom_kill 2\n",
        },
    )
    return MemoryGroup.find(tmp_path / "proc", tmp_path / "sys")


@pytest.fixture
def version_1(tmp_path: Path) -> MemoryGroup | None:
    job = "sys/memory/slurm/uid_1000/job_7"
    task = f"{job}/step_batch/task_0"
    write(
        tmp_path,
        {
            "proc/cgroup": "5:cpuset:/\n4:memory:/slurm/uid_1000/job_7/step_batch/task_0\n0::/\n",
            f"{job}/memory.limit_in_bytes": f"{2048 * MIB}\n",
            f"{job}/memory.usage_in_bytes": f"{1500 * MIB}\n",
            f"{job}/memory.stat": f"inactive_file 1\ntotal_inactive_file {300 * MIB}\ntotal_active_file {200 * MIB}\n",
            f"{task}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        },
    )
    return MemoryGroup.find(tmp_path / "proc", tmp_path / "sys")


@pytest.mark.parametrize("version", ["version_1", "version_2"])
def test_the_jobs_cgroup_tells_its_limit_its_use_and_what_was_ended(
    version: str, request: pytest.FixtureRequest
) -> None:
    group: MemoryGroup = request.getfixturevalue(version)
    assert (group.limit_mib(), group.used_mib(), group.ended()) == (2048, 1000, 2)


@pytest.mark.parametrize(
    ("cgroup", "files"),
    [
        pytest.param("", {}, id="none"),
        pytest.param("0::/slurmd.service\n", {"slurmd.service/memory.current": "9"}, id="node"),
        pytest.param("0::/x/job_7/step_batch\n", {}, id="hidden"),
    ],
)
def test_a_cgroup_that_is_not_to_be_seen_or_not_the_jobs_does_not_count(
    tmp_path: Path, cgroup: str, files: dict[str, str]
) -> None:
    write(tmp_path, {"proc/cgroup": cgroup, **{f"sys/{name}": text for name, text in files.items()}})
    assert MemoryGroup.find(tmp_path / "proc", tmp_path / "sys") is None


@pytest.mark.parametrize("text", ["max", "9223372036854771712", "soon"])
def test_a_cgroup_without_a_limit_has_none(version_2: MemoryGroup, text: str) -> None:
    (version_2.job / "memory.max").write_text(f"{text}\n")
    assert version_2.limit_mib() is None


def test_without_a_cgroup_the_processes_are_added_up() -> None:
    assert SessionMemory(1024, None).used_mib([]) == 0
    own = SessionMemory(1024, None).used_mib([int(Path("/proc/self").readlink().name)])
    assert 1 < own < 1024


PROGRAM = """
import resource, sys
from classdesk_desktop.session.memory import SessionMemory
if len(sys.argv) > 2:
    limit = int(sys.argv[2]) << 20
    resource.setrlimit(resource.RLIMIT_RSS, (limit, limit))
memory = SessionMemory.of({"CLASSDESK_MEMORY": sys.argv[1]})
memory.tell_programs()
print(memory.limit_mib, *resource.getrlimit(resource.RLIMIT_RSS))
"""


@pytest.mark.parametrize(
    ("arguments", "mib"),
    [
        pytest.param(["1536"], 1536, id="the hub's word"),
        pytest.param(["1536", "1024"], 1024, id="slurmd knows of less"),
        pytest.param(["", "1024"], 1024, id="a hub that does not say"),
        pytest.param(["lots", "1024"], 1024, id="no number"),
    ],
)
def test_programs_read_the_sessions_memory_where_dask_looks_for_it(arguments: list[str], mib: int) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    limit, soft, hard = done.stdout.split()
    assert (float(limit), int(soft), int(hard)) == (mib, mib * MIB, mib * MIB)


def test_where_nobody_knows_the_memory_programs_are_told_nothing() -> None:
    if resource.getrlimit(resource.RLIMIT_RSS)[1] != resource.RLIM_INFINITY:
        pytest.fail("these tests run with a limit of their own")
    done = subprocess.run([sys.executable, "-c", PROGRAM, ""], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "-1", "-1"]
