"""Hub and proxy of one stack: started with fresh state, measured, ended."""

import contextlib
import os
import resource
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .machine import DIRECTORY, MEMORY_MIB, STATE, daemon, end, favour, wait_for

Kind = Literal["ours", "stock"]
URL = "http://127.0.0.1:8000"
API_URL = "http://127.0.0.1:8081/hub/api"
_OPEN_FILES = 16_384  # a thousand waiting pages are a thousand sockets

_SITE = """
[session]
bind_address = "127.0.0.1"

[runtime]
kind = "host"

[slurm]
bin_directory = "{bin_directory}"

[form.interfaces.terminal]
memory_mib = {memory}
"""


@dataclass(frozen=True)
class HubFigures:
    """What a hub process has used.

    Attributes:
        rss_mb: Its largest resident memory in MB (VmHWM).
        cpu_s: CPU seconds of the hub process itself.
        commands_cpu_s: CPU seconds of the commands that it ran: sudo, sbatch, squeue.
    """

    rss_mb: float
    cpu_s: float
    commands_cpu_s: float


@dataclass(frozen=True)
class Stack:
    """A running hub with its proxy.

    Attributes:
        kind: Ours or the stock one.
        hub: The hub's process.
    """

    kind: Kind
    hub: "subprocess.Popen[bytes]"

    def figures(self) -> HubFigures:
        """Read what the hub has used so far."""
        process = Path(f"/proc/{self.hub.pid}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        # The fields of proc(5) after the program's name: utime, stime, cutime, cstime are 14 to 17.
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        user, system, children_user, children_system = (int(field) / ticks for field in fields[11:15])
        return HubFigures(
            rss_mb=int(status["VmHWM"].split()[0]) * 1024 / 1e6,
            cpu_s=user + system,
            commands_cpu_s=children_user + children_system,
        )


@contextlib.contextmanager
def running(
    kind: Kind,
    python: str,
    environment: Mapping[str, str] | None = None,
    bin_directory: str = "",
    more_site: str = "",
) -> Iterator[Stack]:
    """Run hub and proxy with an empty state; end both.

    Args:
        kind: Which stack.
        python: The environment of hub and proxy, `…/bin/python`.
        environment: Further variables of the hub's process.
        bin_directory: Where Slurm's commands are; empty: /usr/bin.
        more_site: What the site file has besides, in TOML.
    """
    site = DIRECTORY / "site.toml"
    site.write_text(
        _SITE.format(bin_directory=bin_directory or "/usr/bin", memory=MEMORY_MIB) + more_site,
        encoding="utf-8",
    )
    state = STATE / "hub"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(mode=0o700)
    shutil.chown(state, "classdesk", "classdesk")
    token = state / "proxy_token"  # proxy and hub make one themselves; the stock hub would not find it in time
    token.write_text(secrets.token_hex(32), encoding="ascii")
    token.chmod(0o600)
    shutil.chown(token, "classdesk", "classdesk")
    lag = DIRECTORY / "lag"
    lag.write_text("")
    shutil.chown(lag, "classdesk", "classdesk")
    # As supervisord and systemd start it: a clean environment, nothing of the caller's.
    clean = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(state),
        "PYTHONPATH": str(DIRECTORY),
        "CLASSDESK_BENCH": str(DIRECTORY),
        "CLASSDESK_SITE": str(site),
        **(environment or {}),
    }
    if bin_directory:
        clean["CLASSDESK_BENCH_SLURM"] = bin_directory

    def as_service(name: str, *command: str) -> "subprocess.Popen[bytes]":
        process = daemon(
            name,
            *command,
            env=clean,
            cwd=str(state),
            user="classdesk",
            group="classdesk",
            extra_groups=[],
            preexec_fn=_allow_open_files,
        )
        favour(process.pid)
        return process

    classdesk = str(Path(python).with_name("classdesk"))
    proxy = as_service("proxy", classdesk, "run", "proxy")
    try:
        hub = as_service(f"hub-{kind}", python, "-m", "jupyterhub", "--config", str(DIRECTORY / f"{kind}.py"))
        try:
            wait_for("the hub answers", lambda: hub.poll() is not None or _hub_answers(), 60)
            if hub.poll() is not None:
                log = (DIRECTORY / f"hub-{kind}.log").read_text(errors="replace")
                raise RuntimeError(f"the hub has ended; its log:\n{log[-3000:]}")
            yield Stack(kind, hub)
        finally:
            end(hub)
    finally:
        end(proxy)


def _allow_open_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _hub_answers() -> bool:
    try:
        with urllib.request.urlopen(f"{URL}/hub/api/", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
