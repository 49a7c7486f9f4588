"""The two stacks of the benchmarks of desktops, side by side in one test world.

Ours is as `make up` runs it. Both submit to the same Slurm. Each has a learner of its own: their homes do not mix.
"""

import contextlib
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from support import world
from support.world import Hub

from . import machine

STOCK_URL = "http://127.0.0.1:9000"
OURS_LEARNER, STOCK_LEARNER = "learner01", "learner02"
_SOFTWARE = Path("/opt/classdesk")
_STATE = Path("/var/lib/classdesk-bench")
_SUDOERS = Path("/etc/sudoers.d/classdesk-bench")


def ours() -> Hub:
    """Bring up the product and return its hub."""
    machine.DIRECTORY.mkdir(mode=0o755, exist_ok=True)
    return world.bring_up()


@contextlib.contextmanager
def stock(root: Path, accounts: Mapping[str, str]) -> Iterator[Hub]:
    """Run the stock stack's hub, with its proxy, beside ours; end both.

    Args:
        root: Root file system of its sessions, made by bench/stock/build.
        accounts: The learners, who have Unix accounts already.
    """
    shutil.copy(machine.REPOSITORY / "bench/hub/stock_desktop.py", machine.DIRECTORY)
    session = machine.DIRECTORY / "stock-session"
    shutil.copy(machine.REPOSITORY / "bench/stock/session", session)
    session.chmod(0o755)
    # Beside the product's rules, which name sbatch and scancel: batchspawner asks for the queue as the learner.
    _SUDOERS.write_text("classdesk ALL=(%classdesk-users) NOPASSWD:SETENV: /usr/bin/squeue\n")
    _SUDOERS.chmod(0o440)
    _STATE.mkdir(mode=0o700)
    shutil.chown(_STATE, "classdesk", "classdesk")
    node = _SOFTWARE / "venv/bin/node"
    proxy = next((_SOFTWARE / "proxy").glob("node_modules/configurable-http-proxy/bin/*proxy"))
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(_STATE),
        "CLASSDESK_BENCH_URL": STOCK_URL,
        "CLASSDESK_BENCH_PROXY": f"{node} {proxy}",
        "CLASSDESK_BENCH_SESSION": f"{session} {root}",
        "CLASSDESK_BENCH_MEMORY": str(_session_memory()),
    }
    hub = machine.daemon(
        "hub-stock",
        _SOFTWARE / "venv/bin/python",
        *("-m", "jupyterhub", "--config", machine.DIRECTORY / "stock_desktop.py"),
        env=environment,
        cwd=str(_STATE),
        user="classdesk",
        group="classdesk",
        extra_groups=[],
    )
    try:
        machine.wait_for("the stock hub answers", lambda: _ready(hub), 60)
        yield Hub(url=STOCK_URL, accounts=accounts)
    finally:
        machine.end(hub)
        keep_logs()


def _ready(hub: "subprocess.Popen[bytes]") -> bool:
    if hub.poll() is not None:
        log = (machine.DIRECTORY / "hub-stock.log").read_text(errors="replace")
        raise RuntimeError(f"the stock hub has ended; its log:\n{log[-3000:]}")
    return machine.succeeds("curl", "--silent", "--fail", f"{STOCK_URL}/hub/api/")


def _session_memory() -> int:
    """Return how many MiB `make up` gives to a desktop."""
    site = tomllib.loads(Path("/etc/classdesk/site.toml").read_text(encoding="utf-8"))
    return int(site["form"]["interfaces"]["desktop"]["memory_mib"])


def keep_logs() -> None:
    """Copy the logs of hubs and sessions to build/artifacts/bench, which outlives the world."""
    kept = machine.REPOSITORY / "build/artifacts/bench"
    kept.mkdir(parents=True, exist_ok=True)
    homes = Path("/home")
    logs = [
        *machine.DIRECTORY.glob("*.log"),
        *world.LOGS.glob("*.log"),
        *homes.glob("*/.local/state/classdesk/session-*.log"),
        *homes.glob("*/jupyterhub_slurmspawner_*.log"),
    ]
    for log in sorted(logs, key=os.path.getmtime):
        shutil.copy(log, kept)
