"""What integration and browser tests share: the product, brought up once in a test world, and helpers to look at it."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

REPOSITORY = Path(__file__).resolve().parents[2]
ARTIFACTS = REPOSITORY / "build/artifacts"
LOGS = Path("/var/log/classdesk")
STATE = Path("/var/lib/classdesk")
WORLD = Path("/run/classdesk-world")
PATIENCE = float(os.environ.get("CLASSDESK_TEST_PATIENCE", "1"))
"""How many times longer than usual a test waits before it gives up: more where other worlds work beside this one."""

ADVICE = (
    "This test needs a test world, in which it can start Slurm and the hub without touching the machine. "
    "Run it with `make test`, or alone with `tests/run integration -k NAME` (or `tests/run browser …`)."
)


@dataclass(frozen=True)
class Hub:
    """A running hub with its demo accounts."""

    url: str
    """Base address, without a slash at the end."""
    accounts: Mapping[str, str]
    """Passwords by account name."""
    logs: Path = LOGS
    state: Path = field(default=STATE)

    def home(self, name: str) -> Path:
        """The home directory of an account."""
        return Path("/home", name)


def require_world() -> None:
    """Fails the test when it does not run in a test world."""
    if not WORLD.exists():
        pytest.fail(ADVICE, pytrace=False)


def command(*words: str | Path, timeout: float = 60, check: bool = True, **options: str) -> str:
    """Runs a command and returns what it printed on both channels.

    Raises:
        AssertionError: It failed and `check` is set; the text has all it printed.
    """
    result = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE * timeout,
        check=False,
        cwd=options.get("cwd", str(REPOSITORY)),
    )
    if check and result.returncode:
        raise AssertionError(f"{' '.join(map(str, words))} ended with {result.returncode}:\n{result.stdout}")
    return result.stdout


def make(target: str, *variables: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs `make TARGET VARIABLE=VALUE…` without a terminal; the exit code is not checked."""
    return subprocess.run(
        ["make", "--no-print-directory", target, *variables],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE * timeout,
        check=False,
    )


def slurm(program: str, *arguments: str, user: str | None = None) -> str:
    """Runs a Slurm command, as root or as a user, and returns what it printed without the last newline."""
    words: Sequence[str] = (program, *arguments)
    if user:
        words = ("/usr/sbin/runuser", "-u", user, "--", *words)
    return command(*words, timeout=20, cwd="/").rstrip("\n")


def job_ids(user: str) -> list[str]:
    """The jobs of a user that Slurm still lists."""
    return slurm("squeue", "--noheader", "--format=%i", f"--user={user}").split()


def processes(user: str) -> list[str]:
    """The processes of a user, a line each; empty when there are none."""
    return command("ps", "-ww", "-o", "pid=,args=", "-U", user, check=False).splitlines()


def log_tails(lines: int = 25) -> str:
    """The ends of all logs: what a failed wait has to show."""
    parts = []
    homes = sorted(Path("/home").glob("*/.local/state/classdesk/session-*.log"))
    for log in [*sorted(LOGS.glob("*.log")), *homes]:
        tail = log.read_text(errors="replace").splitlines()[-lines:]
        parts.append(f"--- {log}\n" + "\n".join(tail))
    return "\n".join(parts)


def wait_until(predicate: Callable[[], T], timeout: float, what: str, *, every: float = 0.1) -> T:
    """Polls until the predicate is true, and returns its value.

    Args:
        predicate: May raise AssertionError, LookupError or OSError, which count as not yet.
        timeout: Seconds, on a machine that does nothing else.
        what: What is waited for, for the message.
        every: Seconds between two looks.

    Raises:
        AssertionError: The deadline passed; with the last value or error, and the ends of all logs.
    """
    end = time.monotonic() + PATIENCE * timeout
    while True:
        seen: object
        try:
            value = predicate()
            if value:
                return value
            seen = value
        except (AssertionError, LookupError, OSError) as error:
            seen = f"{type(error).__name__}: {error}"
        if time.monotonic() > end:
            print(log_tails())  # pytest shows it with the failure
            raise AssertionError(f"not within {PATIENCE * timeout:g} s: {what}; last seen: {seen!r}")
        time.sleep(every)


def stays(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Looks again and again, for what must not change in a while; fails at once when it does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"within {seconds:g} s it is no longer so: {what}"
        time.sleep(0.1)


def read_accounts() -> dict[str, str]:
    """The demo accounts as `make accounts` prints them."""
    pairs = re.findall(r"^(\S+) (\S+)$", command(REPOSITORY / "cluster/accounts"), re.MULTILINE)
    return dict(pairs)


def bring_up() -> Hub:
    """Runs `make up` and returns the hub."""
    result = make("up", timeout=300)
    if result.returncode:
        raise AssertionError(f"make up failed:\n{result.stdout}\n{log_tails()}")
    found = re.search(r"answers at\s+(http://\S+?)/?\s", result.stdout)
    assert found, result.stdout
    return Hub(url=found.group(1), accounts=read_accounts())
