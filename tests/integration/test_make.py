"""The commands that an administrator types, on a real Slurm and a real hub."""

import http.server
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support import world
from support.hub_client import HubClient
from support.world import Hub, make, slurm, wait_until

SLEEP = "exec sleep 600"


def submit(user: str, cores: int, script: str) -> str:
    """Submits a job in a user's home and returns its number."""
    return slurm(
        "sbatch",
        "--parsable",
        "--partition=class",
        f"--chdir=/home/{user}",
        f"--cpus-per-task={cores}",
        "--mem=256",
        f"--output=/home/{user}/job-%j.out",
        f"--wrap={script}",
        user=user,
    )


def says(file: Path, text: str) -> bool:
    """Whether a file has exactly this text."""
    return file.read_text() == text


def is_quiet(user: str) -> bool:
    """Whether a user has no process."""
    return not world.processes(user)


def listeners() -> set[str]:
    """The addresses at which something listens."""
    return {line.split()[3] for line in world.command("ss", "-ltn").splitlines()[1:]}


@pytest.fixture
def _restored(hub: Hub, make_up: Callable[[], Hub]) -> object:
    yield
    make_up()


def test_up_again_changes_nothing(hub: Hub) -> None:
    before = {
        path: path.stat().st_mtime_ns
        for folder in ("/etc/classdesk", "/etc/slurm", "/etc/sudoers.d", "/etc/pam.d")
        for path in Path(folder).iterdir()
    }
    services = world.command("ps", "-o", "pid=", "-C", "supervisord,slurmctld,slurmd,munged")
    result = make("up")
    assert result.returncode == 0, result.stdout
    assert hub.url in result.stdout
    assert all(f"{name} " in result.stdout for name in hub.accounts)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert world.command("ps", "-o", "pid=", "-C", "supervisord,slurmctld,slurmd,munged") == services


@pytest.mark.parametrize("service", ["hub", "proxy"])
def test_a_thousand_waiting_pages_are_not_too_many_open_files(hub: Hub, service: str) -> None:
    supervisorctl = (
        "/opt/classdesk/venv/bin/supervisorctl",
        "-c",
        "/etc/classdesk/supervisord.conf",
    )
    pid = world.command(*supervisorctl, "pid", service).strip()
    (line,) = [
        line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max open files")
    ]
    assert int(line.split()[3]) >= 4096, f"{service} of {hub.url}: {line}"


def test_everything_listens_on_loopback_only(hub: Hub) -> None:
    assert listeners()
    assert {address.rpartition(":")[0] for address in listeners()} <= {"127.0.0.1", "[::1]"}


def test_status_names_services_sessions_address_and_logs(hub: Hub) -> None:
    text = make("status").stdout
    for service in ("munged", "slurmctld", "slurmd", "proxy", "hub"):
        assert any(line.split()[:2] == [service, "running"] for line in text.splitlines()), text
    assert f"answers at {hub.url}" in text
    assert str(hub.logs / "hub.log") in text
    with HubClient(hub, "learner04") as learner:
        job = learner.start(ui="terminal")
        shown = make("status").stdout
        (line,) = [line for line in shown.splitlines() if line.split()[:2] == ["learner04", job]]
        assert line.split()[2].lower() == "running"  # Slurm's own word where the hub is too slow to answer


def test_accounts_are_five_with_a_password_each_and_for_root_only(hub: Hub) -> None:
    assert list(hub.accounts) == ["instructor", *(f"learner0{n}" for n in range(1, 5))]
    assert len(set(hub.accounts.values())) == 5
    assert all(len(password) >= 14 for password in hub.accounts.values())
    assert stat.S_IMODE((hub.state / "accounts").stat().st_mode) == 0o600
    for name in hub.accounts:
        assert stat.S_IMODE(hub.home(name).stat().st_mode) == 0o700
        assert "classdesk-users" in world.command("id", "-nG", name).split()
    refused = world.command("runuser", "-u", "learner01", "--", "cat", hub.state / "accounts", check=False)
    assert "Permission denied" in refused


def test_hub_and_proxy_are_not_root_and_have_no_variables_of_the_caller(hub: Hub) -> None:
    found = world.command("ps", "-o", "pid=", "-U", "classdesk").split()
    assert found
    for pid in found:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        names = {entry.partition(b"=")[0].decode() for entry in environment} - {""}
        assert not {name for name in names if name.startswith(("PIP_", "SSH_", "SUDO_", "SLURM_"))}
    # The hub may submit and cancel as a learner, and nothing else.
    for command in (["-u", "root", "/usr/bin/sbatch"], ["-u", "learner01", "/bin/sh"]):
        said = world.command("runuser", "-u", "classdesk", "--", "sudo", "-n", *command, check=False)
        assert "password is required" in said or "not allowed" in said


def test_two_sessions_of_two_cores_and_one_of_one_run_at_the_same_time(hub: Hub) -> None:
    jobs = {
        ("learner01", 2): submit("learner01", 2, f"nproc; {SLEEP}"),
        ("learner02", 2): submit("learner02", 2, f"nproc; {SLEEP}"),
        ("learner03", 1): submit("learner03", 1, f"nproc; {SLEEP}"),
    }
    for (user, cores), job in jobs.items():
        output = hub.home(user) / f"job-{job}.out"
        wait_until(partial(says, output, f"{cores}\n"), 20, f"{user} has {cores} cores")
    assert set(slurm("squeue", "--noheader", "--format=%T").split()) == {"RUNNING"}
    slurm("scancel", *jobs.values())
    for user, _ in jobs:
        wait_until(partial(is_quiet, user), 20, f"no process of {user} is left")


def test_a_session_outlives_a_restart_of_slurmd_and_slurmctld(hub: Hub) -> None:
    job = submit("learner01", 1, SLEEP)
    wait_until(lambda: world.processes("learner01"), 20, "the session runs")
    control = ("/opt/classdesk/venv/bin/supervisorctl", "-c", "/etc/classdesk/supervisord.conf")
    world.command(*control, "restart", "slurmd", "slurmctld")
    wait_until(
        lambda: slurm("squeue", "--noheader", "--format=%i %T", f"--jobs={job}") == f"{job} RUNNING",
        20,
        "Slurm knows the session after the restart",
    )
    assert any("sleep 600" in line for line in world.processes("learner01"))
    slurm("scancel", job)
    wait_until(partial(is_quiet, "learner01"), 20, "the session has ended")
    wait_until(lambda: not world.job_ids("learner01"), 20, "Slurm has forgotten it")


@pytest.mark.usefixtures("_restored")
def test_down_ends_sessions_and_leaves_no_process(hub: Hub) -> None:
    submit("learner02", 2, SLEEP)
    wait_until(lambda: world.processes("learner02"), 20, "the session runs")
    result = make("down")
    assert result.returncode == 0, result.stdout
    assert "no process is left" in result.stdout
    everything = world.command("ps", "-eo", "user:20=,comm=")
    for name in (
        "munged",
        "slurmctld",
        "slurmd",
        "slurmstepd",
        "supervisord",
        "classdesk",
        "learner02",
    ):
        assert name not in everything
    assert not listeners()
    text = make("status").stdout
    assert "nothing is running" in text
    assert "does not answer" in text


def test_a_process_whose_status_nobody_takes_has_ended() -> None:
    """As in a container whose first process is not an init: `make down` need not wait for such a one."""

    def ended(pid: int) -> bool:
        words = f"source {world.REPOSITORY}/cluster/lib.sh; ended {pid}"
        return subprocess.run(["bash", "-c", words], check=False).returncode == 0

    with subprocess.Popen(["sleep", "600"]) as process:
        assert not ended(process.pid)
        process.kill()
        wait_until(partial(ended, process.pid), 10, "it counts as ended")
        assert Path(f"/proc/{process.pid}").exists(), "its status is still to be taken"
    assert ended(process.pid)


@pytest.mark.usefixtures("hub")
def test_purge_without_a_terminal_refuses_unless_told_not_to_ask() -> None:
    result = make("purge")
    assert result.returncode != 0
    assert "make purge YES=1" in result.stdout
    assert Path("/etc/classdesk/site.toml").exists()


def test_a_failing_step_names_itself_the_cause_and_its_log(hub: Hub) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        port = other.server_address[1]
        result = make("up", f"PORT={port}")
        other.shutdown()
        thread.join()
    assert result.returncode != 0
    assert "00-check" in result.stdout
    assert f"port {port} on 127.0.0.1 is taken by process" in result.stdout
    assert "/var/log/classdesk/up/00-check.log" in result.stdout
    assert hub.url in make("status").stdout


@pytest.mark.parametrize("port", ["0", "65536", "8000x"], ids=["zero", "too-large", "no-number"])
def test_an_impossible_port_is_refused(hub: Hub, port: str) -> None:
    result = make("up", f"PORT={port}")
    assert result.returncode != 0
    assert f"PORT={port} is not a port" in result.stdout


@pytest.mark.usefixtures("_restored")
def test_another_port_takes_effect_and_an_edited_site_file_is_kept(hub: Hub) -> None:
    site = Path("/etc/classdesk/site.toml")
    original = site.read_text()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site.write_text(f"# mine\n{original}")
    result = make("up", f"PORT={port}")
    assert f"http://127.0.0.1:{port}/" in result.stdout
    assert site.read_text() == f"# mine\n{original}".replace(":8000", f":{port}")
    assert f"127.0.0.1:{port}" in listeners()
    assert "127.0.0.1:8000" not in listeners()
    result = make("up", "PORT=8000")
    assert result.returncode == 0, result.stdout
    site.write_text(original)


@pytest.mark.parametrize("target", ["up", "down", "accounts", "purge", "status", "logs"])
@pytest.mark.usefixtures("hub")
def test_without_root_each_command_says_so(target: str) -> None:
    # As a learner the repository may be out of reach, so the script goes to a shell that root opened.
    script = world.REPOSITORY / "cluster" / target
    result = subprocess.run(
        ["unshare", "--user", str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode != 0
    assert "needs root" in result.stderr


# In a world of its own, as nothing is left for other tests. Its images are the machine's own, which cannot be written;
# below that mount is the world's view of them. As on a bare root, its own name has no address there;
# and the last line of /etc/hosts has no end.
PURGE = """
set -e
printf '127.0.0.1 localhost' >/etc/hosts
cluster/up >/dev/null
umount /var/lib/classdesk/images
make purge YES=1
echo "--- left:"
ls -d /opt/classdesk /usr/local/bin/classdesk /etc/classdesk /var/lib/classdesk /var/log/classdesk /run/classdesk* \
  /etc/slurm/slurm.conf /etc/slurm/cgroup.conf /etc/sudoers.d/classdesk /etc/pam.d/classdesk \
  /home/learner* /home/instructor 2>/dev/null || true
getent passwd classdesk instructor learner01 learner02 learner03 learner04 || true
getent group classdesk classdesk-users || true
ps -eo comm= | grep -E 'slurm|munge|superv|node|jupyter' || true
cat /etc/hosts
"""


@pytest.mark.usefixtures("hub")
def test_purge_undoes_what_up_did() -> None:
    said = world.command("tests/support/world", "bash", "-c", PURGE, timeout=180)
    assert "removed the user learner01 and its home" in said
    assert said.partition("--- left:\n")[2] == "/run/classdesk-world\n127.0.0.1 localhost\n"
