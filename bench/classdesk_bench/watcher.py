"""300 sessions on a fake Slurm: how often each stack looks at the queue, and how late its event loop is.

The fake's commands are those of the unit tests. Jobs wait for a while, then run; nothing runs in them: one small
server in this process stands in for all sessions.
"""

import argparse
import asyncio
import contextlib
import math
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass

import aiohttp

from support.fake_slurm import FakeSlurm

from . import machine, samples, stack
from .command_line import CommandLine
from .crowd import start_class
from .probe import probing
from .report import Progress, Row, print_json, show
from .stack import Kind

COLUMNS = {
    "n": "sessions",
    "stack": "stack",
    "squeue_per_s_max": "squeue/s\nmax",
    "squeue_per_s_mean": "squeue/s\nmean",
    "loop_lag_p99_ms": "lag p99\nms",
    "loop_lag_max_ms": "lag max\nms",
    "worst_api_s": "worst API\nanswer, s",
    "hub_rss_mb": "hub\nMB",
    "hub_cpu_s": "CPU of\nhub, s",
    "commands_cpu_s": "of its\ncommands, s",
    "refused": "refused",
}
STAND_IN = "0.0.0.0"  # noqa: S104  # ours comes by the address of the fake's sinfo, stock by the name localhost
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@dataclass(frozen=True)
class Figures:
    """What one run has shown; the meaning of each is in bench/README.md."""

    squeue_per_s_max: float
    squeue_per_s_mean: float
    loop_lag_p99_ms: float
    loop_lag_max_ms: float
    worst_api_s: float
    hub_rss_mb: float
    hub_cpu_s: float
    commands_cpu_s: float
    refused: int


@contextlib.asynccontextmanager
async def stand_in() -> AsyncIterator[int]:
    """Serve all sessions; gives the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ANSWER)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, STAND_IN, 0, backlog=1024) as server:
        yield server.sockets[0].getsockname()[1]


async def run_jobs(slurm: FakeSlurm, pending_s: float, port: int) -> None:
    """Play Slurm: let each job wait, then run, and call home for it."""
    first_seen: dict[str, float] = {}
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as calls:
        while True:
            for job_id, job in slurm.jobs().items():
                seen = first_seen.setdefault(job_id, time.monotonic())
                if job["state"] == "PENDING" and time.monotonic() - seen >= pending_s:
                    slurm.change(job_id, state="RUNNING", node="localhost")
                    calls.create_task(call_home(http, job["variables"], port))
                await asyncio.sleep(0)
            await asyncio.sleep(0.5)


async def call_home(http: aiohttp.ClientSession, environment: dict[str, str], port: int) -> None:
    """Post the port until the hub takes it, as a session does."""
    headers = {"Authorization": f"token {environment['JUPYTERHUB_API_TOKEN']}"}
    while True:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            address = f"{environment['JUPYTERHUB_API_URL']}/batchspawner"
            async with http.post(address, json={"port": port}, headers=headers) as answer:
                if answer.ok:
                    return
        await asyncio.sleep(1)


async def run_class(
    names: Sequence[str], slurm: FakeSlurm, options: argparse.Namespace, progress: Progress
) -> tuple[float, int]:
    """Start all sessions and keep them; return the Unix time of the first Start and how many were refused."""
    async with stand_in() as port:
        jobs = asyncio.create_task(run_jobs(slurm, options.pending, port))
        result = await start_class(names, options.within, options.seconds, progress.tell)
        left = result.began + options.seconds - time.time()
        progress.tell(f"all are ready, {left:.0f} s to go")
        await asyncio.sleep(max(0.0, left) + 1)
        jobs.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await jobs
    for refusal, count in result.refusals.items():
        progress.end(f"{count} times: {refusal}")
    return result.began, result.refused


def measure(kind: Kind, names: Sequence[str], options: argparse.Namespace, progress: Progress) -> Figures:
    """Run all sessions on one stack, with a fresh hub and a fresh fake Slurm."""
    directory = machine.DIRECTORY / "slurm"
    shutil.rmtree(directory, ignore_errors=True)
    slurm = FakeSlurm.install(directory)
    directory.chmod(0o777)  # sbatch writes there as the learner
    (directory / "calls").touch()
    (directory / "calls").chmod(0o666)
    with (
        stack.running(kind, options.python, bin_directory=str(directory)) as running,
        probing(stack.URL) as read_probe,
    ):
        began, refused = asyncio.run(run_class(names, slurm, options, progress))
        ended = began + options.seconds
        probe, used = read_probe(), running.figures()
        lag = (machine.DIRECTORY / "lag").read_text().splitlines(keepends=True)
    machine.keep_logs()
    calls = [call["time"] for call in slurm.calls("squeue") if began <= call["time"] <= ended]
    lags = [value * 1000 for _, value in samples.read_samples(lag, began, ended)]
    latencies = samples.read_probe(probe, "latency", began, ended)
    return Figures(
        squeue_per_s_max=samples.most_within_a_second(calls),
        squeue_per_s_mean=len(calls) / options.seconds,
        loop_lag_p99_ms=samples.percentile(lags, 99),
        loop_lag_max_ms=max(lags, default=math.nan),
        worst_api_s=max((value for _, value in latencies), default=math.nan),
        hub_rss_mb=used.rss_mb,
        hub_cpu_s=used.cpu_s,
        commands_cpu_s=used.commands_cpu_s,
        refused=refused,
    )


def main() -> None:
    """Run both stacks and print the table."""
    options = parse_arguments()
    machine.require_world()
    progress = Progress()
    progress.begin("preparing accounts")
    names = machine.set_up(options.sessions)
    # The fake's sinfo says that the node has this address.
    machine.run("ip", "address", "add", "192.0.2.7/32", "dev", "lo")
    lines: list[Row] = []
    found: dict[str, float | int | None] = {"n": options.sessions}
    kinds: list[Kind] = ["ours"] if options.skip_stock else ["ours", "stock"]
    for kind in kinds:
        progress.begin(f"{options.sessions} sessions for {options.seconds:g} s, {kind}")
        figures = asdict(measure(kind, names, options, progress))
        progress.end(", ".join(f"{key} {value:.4g}" for key, value in figures.items()))
        lines.append({"n": options.sessions, "stack": kind, **figures})
        prefix = "" if kind == "ours" else "stock_"
        found |= {f"{prefix}{key}": value for key, value in figures.items()}
    title = f"{options.seconds:g} s, jobs wait for {options.pending:g} s, fake Slurm"
    show(title, COLUMNS, lines)
    if options.json:
        print_json([found])


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(
        "watcher",
        "Sessions on a fake Slurm: how often classdesk and stock batchspawner look at the queue, "
        "and how late their hubs' event loops are.",
    )
    parser.add_python()
    parser.add_sessions()
    parser.add_argument("--pending", type=float, default=20, metavar="S", help="jobs wait so long; default 20")
    parser.add_argument("--within", type=float, default=10, metavar="S", help="Starts are spread over; default 10")
    parser.add_skip_stock()
    parser.add_json("the table as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
