"""Slurm's commands as a learner has them in a session, and the jobs that are submitted there, on the real Slurm."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hub_client import HubClient
from support.session_shell import in_session, tried_in_session
from support.world import Hub, command, job_ids, slurm, wait_until

ADA = "learner01"
HOME = Path("/home", ADA)
PYTHON = "module load python\n"


@pytest.fixture(scope="module")
def session(_product: Hub) -> Iterator[str]:
    """A running session; returns its job's number."""
    with HubClient(_product, ADA) as client:
        yield client.start(ui="terminal")
        slurm("scancel", f"--user={ADA}", "--name=stays")


@pytest.fixture(autouse=True)
def _clean(session: str) -> Iterator[None]:
    yield
    for job in job_ids(ADA):
        if job != session:
            slurm("scancel", job)
    wait_until(lambda: job_ids(ADA) == [session], 30, "only the session is left")
    for path in HOME.glob("*.out"):
        path.unlink()


def write(name: str, text: str | bytes, mode: int = 0o644) -> Path:
    path = HOME / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    command("chown", f"{ADA}:{ADA}", str(path))
    return path


def submit(words: str, before: str = "") -> str:
    """Submit with sbatch, and return the job's number."""
    said = in_session(ADA, f"{before}sbatch {words}")
    found = re.search(r"Submitted batch job (\d+)", said)
    assert found, said
    return found.group(1)


def ended(job: str) -> dict[str, str]:
    """Wait for a job's end, and return what Slurm says of it."""

    def facts() -> dict[str, str] | None:
        shown = slurm("scontrol", "show", "job", job)
        pairs = dict(word.split("=", 1) for word in shown.split() if "=" in word)
        return pairs if pairs["JobState"] not in {"PENDING", "RUNNING", "COMPLETING"} else None

    found = wait_until(facts, 60, f"job {job} has ended")
    assert found
    return found


def output(job: str) -> str:
    return (HOME / f"slurm-{job}.out").read_text()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sinfo --noheader --format=%P", "jobs*"),
        ("squeue --noheader --format=%u", ADA),
        ("scontrol ping", "UP"),
        ("scontrol show config", "ClusterName"),
        ("sbatch --version", "slurm"),
        ("srun --help", "--ntasks"),
        ("sacct", "disabled"),
    ],
)
def test_commands_answer_as_on_a_log_in_node(line: str, told: str) -> None:
    _, said = tried_in_session(ADA, line)
    assert told in said


def test_a_command_that_the_node_lacks_says_so() -> None:
    status, said = tried_in_session(ADA, "seff 1")
    assert status == 127 or "Job" in said
    assert status != 127 or said == "seff: seff is not installed on this node.\n"


def test_the_session_looks_like_no_job() -> None:
    assert in_session(ADA, "env | grep ^SLURM || echo none") == "none"


def test_a_job_runs_in_the_image_with_arguments_and_ends_with_its_status() -> None:
    write("job.sh", '#!/bin/bash\n#SBATCH --job-name=mine\n#SBATCH -t 3\necho "$SLURM_JOB_NAME|$1|$2|$PWD"\n'
          "module load python\npython -c 'import dask, sys; print(sys.prefix)'\nlesson list | head -n 1\n"
          "squeue --noheader --jobs=$SLURM_JOB_ID --format=%j\nexit 7\n")  # fmt: skip
    job = submit("job.sh 'a b' '$HOME;*'")
    facts = ended(job)
    assert (facts["JobName"], facts["ExitCode"], facts["TimeLimit"]) == ("mine", "7:0", "00:03:00")
    lines = output(job).splitlines()
    assert lines[0] == f"mine|a b|$HOME;*|{HOME}"
    assert lines[1] == "/opt/python/3.13"
    assert "dask-delay" in lines[2]
    assert lines[3] == "mine"


def test_a_program_of_another_language_is_a_job_too() -> None:
    write("job.py", "#!/opt/python/3.13/bin/python\n#SBATCH --output=out-%j.out\nimport dask\nprint('dask', 1 + 1)\n")
    job = submit("job.py")
    assert ended(job)["JobState"] == "COMPLETED"
    assert (HOME / f"out-{job}.out").read_text() == "dask 2\n"


def test_wrap_arrays_and_standard_input() -> None:
    job = submit("--wrap='module load python; python -c \"print(6 * 7)\"'")
    assert (ended(job)["JobName"], output(job)) == ("wrap", "42\n")
    array = submit("--array=1-2 --wrap='echo task $SLURM_ARRAY_TASK_ID'")
    for task in ("1", "2"):
        wait_until(lambda task=task: (HOME / f"slurm-{array}_{task}.out").read_text() == f"task {task}\n", 60, task)  # type: ignore[misc]
    job = submit("<<'END'\n#!/bin/sh\necho from here\nEND")
    assert (ended(job)["JobName"], output(job)) == ("sbatch", "from here\n")


def test_variables_go_along_but_not_what_is_the_sessions_own() -> None:
    job = submit("--wrap='env'", "export COLOUR=blue\n")
    ended(job)
    variables = dict(line.partition("=")[::2] for line in output(job).splitlines())
    assert variables["COLOUR"] == "blue"
    assert variables["SLURM_JOB_ID"] == job
    assert [name for name in variables if name.startswith("JUPYTER")] == []
    job = submit("--export=NONE --wrap='module load python; python -c \"import dask; print(1)\"'")
    ended(job)
    assert output(job) == "1\n"


def test_signals_reach_the_script_once() -> None:
    traps = "trap 'echo got' USR1\ntrap 'echo over; exit 3' TERM\n"
    text = f"#!/bin/bash\n{traps}echo ready\nfor i in {{1..3000}}; do sleep 0.1; done\n"
    write("signals.sh", text)
    job = submit("signals.sh")
    wait_until(lambda: "ready" in output(job), 30, "it runs")
    in_session(ADA, f"scancel --batch --signal=USR1 {job}")
    wait_until(lambda: "got" in output(job), 10, "the signal has come")
    in_session(ADA, f"scancel --batch --signal=TERM {job}")
    assert ended(job)["ExitCode"] == "3:0"
    # Slurm itself tells of a SIGTERM.
    assert [line for line in output(job).splitlines() if "slurmstepd" not in line] == ["ready", "got", "over"]
    job = submit("--time=1 --signal=B:USR1@55 signals.sh")
    wait_until(lambda: "got" in output(job), 60, "the signal before the time limit has come")
    in_session(ADA, f"scancel {job}")
    assert ended(job)["JobState"] == "CANCELLED"


def test_srun_runs_tasks_in_the_image_in_order() -> None:
    write("rank.py", "import os, dask\nprint('rank', os.environ['SLURM_PROCID'])\n")
    said = in_session(ADA, f"{PYTHON}srun -n 2 --overcommit --label python rank.py | sort")
    assert said.splitlines() == ["0: rank 0", "1: rank 1"]
    assert in_session(ADA, "echo told | srun cat") == "told"
    assert in_session(ADA, "srun printf '%s|' 'a b' '$x' \"it's\"") == "a b|$x|it's|"
    assert tried_in_session(ADA, "srun sh -c 'exit 5'")[0] == 5
    status, said = tried_in_session(ADA, "srun no-such-program")
    assert status == 127
    assert "classdesk: no-such-program: command not found" in said


def test_a_step_in_a_job_uses_the_jobs_allocation() -> None:
    write(
        "steps.sh", "#!/bin/bash\n#SBATCH -n 2\nsrun sh -c 'echo $SLURM_JOB_ID $SLURM_STEP_ID $SLURM_PROCID' | sort\n"
    )
    job = submit("steps.sh")
    ended(job)
    assert output(job).splitlines() == [f"{job} 0 0", f"{job} 0 1"]


def test_salloc_gives_a_shell_here_with_an_allocation_there() -> None:
    status, said = tried_in_session(ADA, "salloc -n 1 bash -c 'echo job $SLURM_JOB_ID; srun echo in it; exit 4'")
    assert status == 4
    found = re.search(r"^job (\d+)$", said, re.MULTILINE)
    assert found, said
    assert "\nin it\n" in said
    assert f"Relinquishing job allocation {found.group(1)}" in said
    status, said = tried_in_session(ADA, "salloc -n 1 --time=1:00:00 -p nowhere true")
    assert status == 1
    assert "invalid partition" in said.lower()


def test_salloc_that_is_cancelled_ends_the_shell_here() -> None:
    said = tried_in_session(ADA, "salloc -n 1 bash -c 'scancel $SLURM_JOB_ID; sleep 60; echo never'", timeout=40)[1]
    assert "never" not in said


def test_outside_the_image() -> None:
    assert in_session(ADA, "srun cat /opt/classdesk/VERSION")
    assert tried_in_session(ADA, "CLASSDESK_OUTSIDE=1 srun cat /opt/classdesk/VERSION")[0] == 1
    job = submit("--wrap='ls /opt/classdesk/VERSION'", "export CLASSDESK_OUTSIDE=1\n")
    ended(job)
    assert "No such file" in output(job)


def test_a_terminal_of_a_job() -> None:
    said = in_session(ADA, "script -qec 'srun --pty bash -c \"test -t 0 && test -t 1 && echo a terminal\"' /dev/null")
    assert "a terminal" in said


def test_ctrl_c_ends_a_step() -> None:
    began = time.monotonic()
    tried_in_session(ADA, "timeout --signal=INT 3 srun --quit-on-interrupt sleep 100", timeout=40)
    wait_until(lambda: len(job_ids(ADA)) == 1, 20, "its job has ended")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("no-shebang.sh", "echo hi\n", "does not look like a batch script"),
        ("dos.sh", "#!/bin/bash\r\necho hi\r\n", "DOS line breaks"),
        ("empty.sh", "", "empty"),
        ("nul.sh", b"#!/bin/bash\necho a\0b\n", "NULL"),
    ],
)
def test_what_sbatch_refuses_it_refuses_here(name: str, text: str | bytes, told: str) -> None:
    write(name, text)
    status, said = tried_in_session(ADA, f"sbatch {name}")
    assert status == 1
    assert told in said


def test_options_after_the_first_command_do_not_count() -> None:
    write("late.sh", "#!/bin/bash\n\n# words\n#SBATCH --job-name=early\necho hi\n#SBATCH --job-name=late\n")
    assert ended(submit("late.sh"))["JobName"] == "early"


def test_odd_names_and_large_scripts() -> None:
    write('it\'s "odd"\n$(x).sh', "#!/bin/bash\necho fine\n")
    job = submit("$'it\\'s \"odd\"\\n$(x).sh'")
    ended(job)
    assert output(job) == "fine\n"
    write("large.sh", "#!/bin/bash\n" + "# filler\n" * 220_000 + "echo done\n")
    job = submit("large.sh")
    ended(job)
    assert output(job) == "done\n"
    status, said = tried_in_session(ADA, "sbatch missing.sh")
    assert status == 1
    assert "Unable to open file missing.sh" in said


def test_a_directory_of_the_sessions_own_is_told() -> None:
    said = in_session(ADA, "mkdir -p /tmp/mine; cd /tmp/mine; sbatch --wrap='pwd'")
    assert f"sbatch: /tmp/mine is this session's alone, so the job works in {HOME}." in said
    job = said.split()[-1]
    ended(job)
    assert output(job) == f"{HOME}\n"


def test_a_job_beside_a_session_has_the_processor_last() -> None:
    own = int(in_session(ADA, "nice"))
    job = submit("--wrap=nice")
    ended(job)
    assert int(output(job)) > own


def test_dask_believes_the_memory_of_the_job_and_spills_to_its_disk() -> None:
    look = "import distributed.system as s, dask; print(s.MEMORY_LIMIT >> 20, dask.config.get('temporary-directory'))"
    write("look.py", look)
    job = submit("--mem=300M --wrap='module load python; python look.py'")
    ended(job)
    assert output(job).split() == ["300", "/var/tmp"]
    assert in_session(ADA, f"{PYTHON}srun --mem=200M python look.py").split()[0] == "200"


def test_slurm_that_is_down_is_told_and_the_session_goes_on(hub: Hub) -> None:
    command("/opt/classdesk/venv/bin/supervisorctl", "-c", "/etc/classdesk/supervisord.conf", "stop", "slurmctld")
    try:
        status, said = tried_in_session(ADA, "export SLURM_CONF_X=1; timeout 60 squeue", timeout=90)
        assert status == 1
        assert "Unable to contact slurm controller" in said
    finally:
        command("/opt/classdesk/venv/bin/supervisorctl", "-c", "/etc/classdesk/supervisord.conf", "start", "slurmctld")
    wait_until(lambda: slurm("sinfo", "--noheader"), 30, "Slurm answers again")
    assert in_session(ADA, "squeue --noheader --format=%u") == ADA


CLUSTER = """
import sys, time
from dask.distributed import Client
from dask_jobqueue import SLURMCluster

if __name__ == "__main__":
    with SLURMCluster({arguments}) as cluster, Client(cluster) as client:
        assert "distributed.cli.dask_worker" in cluster.job_script()
        {scale}
        print("sum", client.submit(sum, [1, 2, 3]).result(timeout=90))
        client.wait_for_workers({workers}, timeout=90)
        print("hosts", len(client.scheduler_info()["workers"]))
"""


@pytest.mark.parametrize(
    ("arguments", "scale", "workers"),
    [
        ("", "cluster.scale(1)", 1),
        ('cores=1, memory="256M", walltime="00:05:00"', "cluster.scale(2)", 2),
        ('cores=1, memory="256M"', "cluster.adapt(minimum=1, maximum=2)", 1),
    ],
)
def test_a_cluster_of_slurm_jobs_computes_and_leaves_none(arguments: str, scale: str, workers: int) -> None:
    write("cluster.py", CLUSTER.format(arguments=arguments, scale=scale, workers=workers))
    status, said = tried_in_session(ADA, f"{PYTHON}python cluster.py", timeout=200)
    assert status == 0, said
    assert "sum 6" in said
    wait_until(lambda: len(job_ids(ADA)) == 1, 60, "the jobs of the workers have ended")


def test_a_cluster_that_slurm_refuses_or_lets_wait_says_so() -> None:
    write("refused.py", CLUSTER.format(arguments='queue="nowhere"', scale="cluster.scale(1)", workers=1))
    _, said = tried_in_session(ADA, f"{PYTHON}timeout 30 python refused.py", timeout=60)
    assert "SLURMCluster: Slurm does not take the job of a worker:" in said
    assert "invalid partition" in said
    arguments = 'job_extra_directives=["--begin=now+2hours"]'
    write("waits.py", CLUSTER.format(arguments=arguments, scale="cluster.scale(1)", workers=1))
    _, said = tried_in_session(ADA, f"{PYTHON}timeout 40 python waits.py", timeout=60)
    assert "SLURMCluster: jobs of workers wait in Slurm's queue: BeginTime" in said


def test_a_clusters_jobs_end_with_the_session_and_others_stay(hub: Hub) -> None:
    with HubClient(hub, "learner02") as bob:
        session = bob.start(ui="terminal")
        stays = in_session("learner02", "sbatch --parsable --begin=now+1hour --job-name=stays --wrap=true")
        worker = in_session(
            "learner02",
            "printf '#!/bin/bash\\npython -m distributed.cli.dask_worker tls://x:1\\n' >worker.sh\n"
            "sbatch --parsable --begin=now+1hour worker.sh",
        )
        assert set(job_ids("learner02")) == {session, stays, worker}
        bob.stop()
        wait_until(lambda: job_ids("learner02") == [stays], 30, "the worker's job has ended with the session")
    slurm("scancel", stays)


def test_a_session_leaves_no_door_behind(hub: Hub) -> None:
    with HubClient(hub, "learner03") as eve:
        before = set(Path("/tmp").glob("classdesk-door-*"))
        eve.start(ui="terminal")
        (door,) = set(Path("/tmp").glob("classdesk-door-*")) - before
        assert door.stat().st_mode & 0o777 == 0o700
        eve.stop()
        wait_until(lambda: not door.exists(), 20, "the door is gone")
