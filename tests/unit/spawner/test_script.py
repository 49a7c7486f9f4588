"""The batch script and sbatch's arguments. Refresh the golden files with `pytest --refresh-golden`."""

import fcntl
import getpass
import json
import os
import re
import shutil
import subprocess
import tempfile
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from classdesk_spawner import RuntimeSettings, SessionOptions, SlurmSettings
from classdesk_spawner.session import node_door
from classdesk_spawner.session.runtimes import RUNTIMES, RuntimeCommand, runtime_command
from classdesk_spawner.session.script import render_batch_script, sbatch_arguments

GOLDEN = Path(__file__).parent / "golden"
OPTIONS = SessionOptions(ui="desktop", kind="desktop", cores=2, minutes=180, memory_mib=2048)


def _script(kind: str) -> str:
    runtime = RuntimeSettings.model_validate({"kind": kind, "binds": ["/scratch", "/data:/data:ro"]})
    lessons = ("/srv/a class's/lessons", "/srv/lessons")
    return render_batch_script(
        OPTIONS, runtime_command(runtime, "/home/ada", lessons), "/home/ada", "/usr/bin", own_network=True
    )


@pytest.mark.parametrize("kind", RUNTIMES)
def test_script_is_the_golden_one(kind: str, pytestconfig: pytest.Config) -> None:
    golden = GOLDEN / f"{kind}.sh"
    # What is Python in it has tests of its own.
    script = _script(kind).replace(Path(node_door.__file__).read_text().rstrip(), "(node_door.py)")
    if pytestconfig.getoption("--refresh-golden"):
        golden.write_text(script)
    assert script == golden.read_text()


@pytest.mark.parametrize("kind", RUNTIMES)
def test_script_passes_shellcheck(kind: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text(_script(kind))
    checked = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def _run(script: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **variables,
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "SLURM_JOB_ID": "7",
        "SBATCH_EXPORT": "NONE",
    }
    return subprocess.run(
        ["bash"],
        input=script,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def _echoing(kind: str, home: Path) -> str:
    report = "env; cat <&11; cat <&12" if kind == "accounts" else "env"
    command = RuntimeCommand(("/bin/bash", "-c", report), needs_accounts=kind == "accounts")
    return render_batch_script(OPTIONS, command, str(home))


def _values(home: Path) -> dict[str, str]:
    log = (home / ".local/state/classdesk/session-7.log").read_text()
    return dict(line.split("=", 1) for line in log.splitlines() if "=" in line)


def test_script_gives_the_session_a_directory_on_the_nodes_disk_and_removes_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = _echoing("plain", tmp_path).replace("-c env", "-c 'env; stat -c MODE=%a \"$CLASSDESK_SCRATCH\"'")
    assert _run(script, tmp_path, TMPDIR=str(disk)).returncode == 0
    values = _values(tmp_path)
    assert Path(values["CLASSDESK_SCRATCH"]).parent == disk
    assert values["MODE"] == "700"
    assert not [*disk.iterdir()]


def test_script_takes_no_memory_for_a_disk(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        assert _run(_echoing("plain", tmp_path), tmp_path, TMPDIR=memory).returncode == 0
    assert not _values(tmp_path)["CLASSDESK_SCRATCH"].startswith("/dev/shm")


def test_script_removes_what_killed_sessions_have_left_and_nothing_of_others(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    left, in_use = (disk / f"classdesk-scratch-{os.getuid()}-{name}" for name in ("left", "in-use"))
    for directory in (left, in_use):
        directory.mkdir(parents=True)
        (directory / "spilt").touch()
        os.utime(directory, (0, 0))
    held = os.open(in_use, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert _run(_echoing("plain", tmp_path), tmp_path, TMPDIR=str(disk)).returncode == 0
    finally:
        os.close(held)
    assert [*disk.iterdir()] == [in_use]


def test_script_ends_in_order_when_slurm_asks_it_to(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = RuntimeCommand(("/bin/bash", "-c", "trap 'exit 0' TERM; kill -TERM $PPID $$; sleep 9"))
    done = _run(render_batch_script(OPTIONS, command, str(tmp_path)), tmp_path, TMPDIR=str(disk))
    assert done.returncode == 0
    assert not [*disk.iterdir()]


def test_script_tells_the_session_its_interface_and_end(tmp_path: Path) -> None:
    assert _run(_echoing("plain", tmp_path), tmp_path).returncode == 0
    values = _values(tmp_path)
    assert values["CLASSDESK_INTERFACE"] == "desktop"
    assert values["CLASSDESK_MEMORY"] == "2048"
    assert int(values["CLASSDESK_END"]) > 180 * 60
    assert "SBATCH_EXPORT" not in values


@pytest.mark.parametrize(
    ("localtime", "timezone", "told"),
    [
        pytest.param("usr/share/zoneinfo/US/Eastern", None, "US/Eastern", id="a link"),
        pytest.param("usr/share/zoneinfo/US/Eastern", "UTC", "US/Eastern", id="a link beside another name"),
        pytest.param(None, "America/Halifax", "America/Halifax", id="a copied file with its name beside it"),
        pytest.param(None, None, "America/Halifax", id="a copied file"),
    ],
)
def test_script_tells_the_session_the_nodes_time_zone(
    tmp_path: Path, localtime: str | None, timezone: str | None, told: str
) -> None:
    if localtime:
        (tmp_path / localtime).parent.mkdir(parents=True)
        (tmp_path / localtime).touch()
        (tmp_path / "localtime").symlink_to(tmp_path / localtime)
    else:
        (tmp_path / "localtime").write_text("of Halifax")
    for name in ("UTC", "posix/America/Halifax", "America/Halifax"):
        file = tmp_path / "share/zoneinfo" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("of Halifax" if "Halifax" in name else "elsewhere.")
    if timezone:
        (tmp_path / "timezone").write_text(f"{timezone}\n")
    script = _echoing("plain", tmp_path)
    for name, instead in (("etc/localtime", "localtime"), ("etc/timezone", "timezone"), ("usr/share", "share")):
        script = script.replace(f"/{name}", str(tmp_path / instead))
    _run(script, tmp_path)
    log = (tmp_path / ".local/state/classdesk/session-7.log").read_text()
    assert f"\nCLASSDESK_TIME_ZONE={told}\n" in log


def test_script_hands_over_the_accounts(tmp_path: Path) -> None:
    _run(_echoing("accounts", tmp_path), tmp_path)
    log = (tmp_path / ".local/state/classdesk/session-7.log").read_text()
    assert "root:x:0:0:" in log
    assert "root:x:0:\n" in log


def test_script_runs_where_the_home_can_not_be_written_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    command = RuntimeCommand(("/bin/bash", "-c", 'env >"$1"', "-", str(tmp_path / "seen")))
    outcome = _run(
        render_batch_script(OPTIONS, command, "/proc"),
        tmp_path,
        TMPDIR=str(tmp_path / "tmp"),
    )
    assert outcome.returncode == 0
    assert "CLASSDESK_INTERFACE=desktop" in (tmp_path / "seen").read_text()
    assert not list((tmp_path / "tmp").iterdir())


class _Hub(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    posts: ClassVar[list[tuple[str, str | None, str]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.posts.append((self.path, self.headers["Authorization"], b64decode(body["log"]).decode()))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output free of the server's."""


@pytest.mark.parametrize("home", ["writable", "not writable"])
def test_a_failed_session_sends_the_end_of_its_log(tmp_path: Path, home: str) -> None:
    directory = tmp_path if home == "writable" else Path("/proc")
    command = RuntimeCommand(("/bin/bash", "-c", "echo cannot open the image; exit 3"))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        outcome = _run(
            render_batch_script(OPTIONS, command, str(directory)),
            tmp_path,
            JUPYTERHUB_API_URL=f"http://127.0.0.1:{hub.server_port}/hub/api",
            JUPYTERHUB_API_TOKEN="t0ken",
        )
        hub.shutdown()
    assert outcome.returncode == 3
    path, authorization, log = _Hub.posts.pop()
    assert (path, authorization) == ("/hub/api/classdesk/last-words", "token t0ken")
    assert log.endswith("cannot open the image\nclassdesk: the session ended with status 3\n")


@pytest.mark.parametrize(
    ("home", "fact"),
    [("missing", "it does not exist"), ("file", "it belongs to root and has mode 640")],
)
def test_a_home_that_can_not_be_opened_is_told_before_the_image_is(tmp_path: Path, home: str, fact: str) -> None:
    owner = getpass.getuser()
    (tmp_path / "file").write_text("")
    (tmp_path / "file").chmod(0o640)
    command = RuntimeCommand(("/bin/touch", str(tmp_path / "opened")))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        outcome = _run(
            render_batch_script(OPTIONS, command, str(tmp_path / home)),
            tmp_path,
            JUPYTERHUB_API_URL=f"http://127.0.0.1:{hub.server_port}/hub/api",
        )
        hub.shutdown()
    assert outcome.returncode == 1
    assert not (tmp_path / "opened").exists()
    _, _, log = _Hub.posts.pop()
    assert f"{tmp_path / home} cannot be opened here: {fact.replace('root', owner)}\n" in log


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/hub/api", "https://hub/api", "http://no such host"])
def test_a_hub_that_can_not_be_told_does_not_change_how_the_job_ends(tmp_path: Path, url: str) -> None:
    command = RuntimeCommand(("/bin/false",))
    outcome = _run(render_batch_script(OPTIONS, command, str(tmp_path)), tmp_path, JUPYTERHUB_API_URL=url)
    assert outcome.returncode == 1


def test_script_keeps_the_last_five_logs_and_the_learners_other_files(tmp_path: Path) -> None:
    logs = tmp_path / ".local/state/classdesk"
    logs.mkdir(parents=True)
    for age in range(8):
        old = logs / f"session-{100 + age}.log"
        old.write_text("old")
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    (logs / "notes.txt").write_text("mine")
    _run(_echoing("plain", tmp_path), tmp_path)
    kept = sorted(path.name for path in logs.iterdir())
    assert kept == [
        "notes.txt",
        *(f"session-{n}.log" for n in (100, 101, 102, 103)),
        "session-7.log",
    ]


def test_arguments_carry_what_was_asked_for() -> None:
    options = OPTIONS.model_copy(update={"partition": "main", "account": "course", "gpus": 1})
    arguments = sbatch_arguments(SlurmSettings(), options, "my%20server:5ub@hub")
    assert {
        "--cpus-per-task=2",
        "--mem=2048M",
        "--time=180",
        "--partition=main",
        "--account=course",
        "--comment=my%20server:5ub@hub",
        "--gres=gpu:1",
        "--export=ALL",
    } <= set(arguments)
    assert not [a for a in arguments if a.startswith(("--qos", "--reservation", "--oversubscribe"))]


def test_arguments_end_with_what_site_interface_and_class_add() -> None:
    slurm = SlurmSettings.model_validate({"options": ["--constraint=ssd", "--exclusive"]})
    arguments = sbatch_arguments(slurm, OPTIONS, "", ["--constraint=big memory", "--nice"])
    assert arguments[-4:] == ["--constraint=ssd", "--exclusive", "--constraint=big memory", "--nice"]


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("-C ssd", "is not a long option"),
        ("--constraint ssd", "is not a long option"),
        ("--constraint=", "is not a long option"),
        ("--constraint=a\nb", "is not a long option"),
        ("constraint=ssd", "is not a long option"),
        ("--time=1", "--time is set by the form's field for hours"),
        ("--tim=1", "is set by the form's field for hours"),
        ("--part=other", "--partition is set by slurm.partition"),
        ("--mem", "--mem is set by the form's field for memory"),
        ("--wrap=id", "so it cannot be changed"),
        ("--uid=0", "so it cannot be changed"),
    ],
)
def test_an_option_that_the_session_needs_or_that_is_none_is_refused(option: str, why: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(why)):
        SlurmSettings.model_validate({"options": [option]})


@pytest.mark.parametrize(
    "environment", [{"PATH": "/x"}, {"SLURM_TIME_FORMAT": "x"}, {"SLURM_CONF": "a\nb"}, {"SLURM_CONF": ""}]
)
def test_other_variables_than_slurms_are_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="environment"):
        SlurmSettings.model_validate({"environment": environment})


def test_arguments_name_the_type_of_gpu() -> None:
    options = OPTIONS.model_copy(update={"gpus": 2, "gpu_type": "a100"})
    assert "--gres=gpu:a100:2" in sbatch_arguments(SlurmSettings(), options, "")
    assert not [word for word in sbatch_arguments(SlurmSettings(), OPTIONS, "") if word.startswith("--gres")]


def test_script_tells_apptainer_of_the_nodes_gpus() -> None:
    assert "export APPTAINER_NV=1" in _script("apptainer")
    assert "export APPTAINER_ROCM=1" in _script("apptainer")
    assert "APPTAINER_NV" not in _script("bubblewrap")


LIBRARIES = """\
3 libs found in cache
\tlibcuda.so.1 (libc6,x86-64) => {0}/libcuda.so.1
\tlibcuda.so.1 (libc6) => {0}/32/libcuda.so.1
\tlibnvidia-ml.so.1 (libc6,x86-64, OS ABI: Linux 2.3.99) => {0}/libnvidia-ml.so.1
\tlibm.so.6 (libc6,x86-64) => {0}/libm.so.6
"""


def test_script_gives_bubblewrap_the_jobs_devices_and_the_drivers_libraries(tmp_path: Path) -> None:
    node = tmp_path / "node"
    (node / "dev/dri").mkdir(parents=True)
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        (node / "dev" / name).touch()
    ldconfig = node / "ldconfig"
    ldconfig.write_text(f"#!/bin/sh\ncat <<'END'\n{LIBRARIES.format(node)}END\n")
    ldconfig.chmod(0o755)
    show = ("/bin/bash", "-c", "tr '\\0' '\\n' <&14")
    script = render_batch_script(OPTIONS, RuntimeCommand(show, gpus="arguments"), str(tmp_path))
    # In the place of the node's own parts.
    block = script[script.index("gpu_arguments() {") : script.index("exec 14<")]
    faked = block.replace("/dev/", f"{node}/dev/").replace("/sbin/ldconfig", str(ldconfig))

    def arguments(**variables: str) -> list[str]:
        assert _run(script.replace(block, faked), tmp_path, **variables).returncode == 0
        log = (tmp_path / ".local/state/classdesk/session-7.log").read_text().splitlines()
        return [line for line in log if line.startswith(("--", "/"))]

    assert arguments() == []
    assert arguments(SLURM_JOB_GPUS="0") == [
        *("--dev-bind", f"{node}/dev/nvidia-uvm", f"{node}/dev/nvidia-uvm"),
        *("--dev-bind", f"{node}/dev/nvidia0", f"{node}/dev/nvidia0"),
        *("--dev-bind", f"{node}/dev/nvidiactl", f"{node}/dev/nvidiactl"),
        *("--dev-bind", f"{node}/dev/dri", f"{node}/dev/dri"),
        *("--ro-bind", f"{node}/libcuda.so.1", "/run/classdesk-gpu/lib/libcuda.so.1"),
        *("--ro-bind", f"{node}/libnvidia-ml.so.1", "/run/classdesk-gpu/lib/libnvidia-ml.so.1"),
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1))
@example("@door@")
def test_no_path_becomes_shell_text(tmp_path: Path, text: str) -> None:
    result = tmp_path / "result"
    command = RuntimeCommand(("/bin/bash", "-c", 'printf "%s" "$1" >"$2"', "-", text, str(result)))
    home = tmp_path / f"home{text.replace('/', '-')[:40]}"
    home.mkdir()
    script = render_batch_script(OPTIONS, command, str(home))
    outcome = subprocess.run(["bash"], input=script.encode(), cwd=tmp_path, capture_output=True, check=False)
    assert outcome.returncode == 0
    assert result.read_bytes() == text.encode()
    result.unlink()
    assert [path.name for path in home.iterdir()] == [".local"], "its log"
    shutil.rmtree(home)
    assert not list(tmp_path.iterdir())
