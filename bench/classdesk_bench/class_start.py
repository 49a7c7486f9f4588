"""A class presses Start: ours beside the stock stack, on the same real Slurm."""

import argparse
import asyncio
import math
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from . import machine, samples, stack
from .command_line import CommandLine
from .crowd import ClassResult, start_class
from .probe import probing
from .report import Progress, Row, print_json, show
from .stack import Kind

SIZES = (10, 30, 100, 300)
_SETTLE_S = 1.0

COLUMNS = {
    "n": "learners",
    "stack": "stack",
    "ready_s": "all ready\ns",
    "p50_s": "median wait\ns",
    "refused": "pressed\nagain",
    "never": "never\nready",
    "worst_api_s": "worst API\nanswer, s",
    "squeue_per_s_max": "squeue/s\nmax",
    "loop_lag_p99_ms": "lag p99\nms",
    "loop_lag_max_ms": "lag max\nms",
    "hub_rss_mb": "hub\nMB",
    "hub_cpu_s": "CPU of\nhub, s",
    "commands_cpu_s": "of its\ncommands, s",
    "ratio": "ours /\nstock",
}


@dataclass(frozen=True)
class Figures:
    """What one run has shown; the meaning of each is in bench/README.md."""

    ready_s: float
    p50_s: float
    refused: int
    never: int
    worst_api_s: float
    squeue_per_s_max: float
    loop_lag_p99_ms: float
    loop_lag_max_ms: float
    hub_rss_mb: float
    hub_cpu_s: float
    commands_cpu_s: float

    def __str__(self) -> str:
        return (
            f"all ready after {'more than ' if self.never else ''}{self.ready_s:.2f} s, "
            f"median {self.p50_s:.2f} s, pressed again {self.refused}, never ready {self.never}, "
            f"worst API answer {self.worst_api_s:.2f} s, squeue/s {self.squeue_per_s_max:.0f}, "
            f"lag p99 {self.loop_lag_p99_ms:.0f} ms, max {self.loop_lag_max_ms:.0f} ms, hub {self.hub_rss_mb:.0f} MB, "
            f"CPU of hub {self.hub_cpu_s:.1f} s, of its commands {self.commands_cpu_s:.1f} s"
        )


def measure(
    kind: Kind,
    names: Sequence[str],
    slurm: machine.Slurm,
    options: argparse.Namespace,
    progress: Progress,
) -> Figures:
    """Run one class on one stack, with a fresh hub and a fresh Slurm."""
    environment = {"CLASSDESK_BENCH_LEAN": "1"} if options.lean_stock else {}
    with slurm.fresh(), stack.running(kind, options.python, environment) as running:
        try:
            with probing(stack.URL) as read_probe:
                result = asyncio.run(start_class(names, options.within, options.limit, progress.tell))
                time.sleep(_SETTLE_S)  # the hub writes its samples twice a second
                probe = read_probe()
                lag = (machine.DIRECTORY / "lag").read_text().splitlines(keepends=True)
                used = running.figures()
        finally:
            machine.end(running.hub)
            slurm.end_jobs()
            machine.keep_logs()
    for refusal, count in result.refusals.items():
        progress.end(f"{count} times: {refusal}")
    return figures_of(result, probe, lag, options.limit, used)


def figures_of(result: ClassResult, probe: str, lag: Sequence[str], limit_s: float, used: stack.HubFigures) -> Figures:
    """Put together what was measured between the first Start and the last answer, or the limit."""
    ready_s = min(result.seconds, limit_s)
    ended = result.began + ready_s
    latencies = samples.read_probe(probe, "latency", result.began, ended)
    calls = samples.read_probe(probe, "calls", result.began - 0.2, ended + 0.2)
    lags = [value * 1000 for _, value in samples.read_samples(lag, result.began, ended)]
    return Figures(
        ready_s=ready_s,
        p50_s=statistics.median(result.waits),
        refused=result.refused,
        never=result.never,
        worst_api_s=max((value for _, value in latencies), default=math.nan),
        squeue_per_s_max=samples.most_in_a_second(calls),
        loop_lag_p99_ms=samples.percentile(lags, 99),
        loop_lag_max_ms=max(lags, default=math.nan),
        hub_rss_mb=used.rss_mb,
        hub_cpu_s=used.cpu_s,
        commands_cpu_s=used.commands_cpu_s,
    )


def median(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure; of what must be 0, the sum."""
    values = {name: statistics.median(getattr(run, name) for run in runs) for name in Figures.__dataclass_fields__}
    for name in ("refused", "never"):
        values[name] = sum(getattr(run, name) for run in runs)
    return Figures(**values)


def row(n: int, ours: Figures, stock: Figures | None) -> Row:
    """Return one line of the table, which is also one object of the JSON."""
    found: dict[str, float | int | None] = {
        "n": n,
        "ours_s": ours.ready_s,
        "stock_s": stock.ready_s if stock else None,
        "ratio": ours.ready_s / stock.ready_s if stock else None,
        "worst_api_s": ours.worst_api_s,
        "squeue_per_s_max": ours.squeue_per_s_max,
        "loop_lag_p99_ms": ours.loop_lag_p99_ms,
        "hub_rss_mb": ours.hub_rss_mb,
    }
    more = ("p50_s", "refused", "never", "loop_lag_max_ms", "hub_cpu_s", "commands_cpu_s")
    same = ("worst_api_s", "squeue_per_s_max", "loop_lag_p99_ms", "hub_rss_mb")
    found |= {f"ours_{name}": getattr(ours, name) for name in more}
    found |= {f"stock_{name}": getattr(stock, name) if stock else None for name in more + same}
    return found


def main() -> None:
    """Run all sizes and print the table."""
    options = parse_arguments()
    machine.require_world()
    progress = Progress()
    progress.begin("preparing accounts and Slurm")
    os.setsid()
    machine.favour(os.getpid())
    names = machine.set_up(max(options.sizes))
    slurm = machine.Slurm()
    slurm.set_up()
    rows: list[Row] = []
    lines: list[Row] = []
    for n in options.sizes:
        runs: dict[Kind, list[Figures]] = {"ours": [], "stock": []}
        for turn in range(options.repeat):
            kinds: list[Kind] = ["ours"] if options.skip_stock else ["ours", "stock"]
            for kind in kinds if turn % 2 == 0 else reversed(kinds):
                progress.begin(f"{n} learners, {kind}, run {turn + 1} of {options.repeat}")
                figures = measure(kind, names[:n], slurm, options, progress)
                progress.end(str(figures))
                machine.require_nothing_left(len(names))
                runs[kind].append(figures)
        ours, stock = median(runs["ours"]), median(runs["stock"]) if runs["stock"] else None
        rows.append(row(n, ours, stock))
        lines.append({"n": n, "stack": "ours", **asdict(ours), "ratio": rows[-1]["ratio"]})
        if stock:
            lines.append({"n": n, "stack": "stock", **asdict(stock)})
    show(
        f"A class presses Start within {options.within:g} s on {os.cpu_count()} cores; "
        f"medians of {options.repeat} runs",
        COLUMNS,
        lines,
    )
    if options.json:
        print_json(rows)
    if any(line["ours_refused"] or line["ours_never"] for line in rows):
        raise SystemExit(1)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(
        "class_start",
        "A class of n learners presses Start: classdesk beside JupyterHub with stock "
        "batchspawner, on the same real Slurm, in a test world.",
    )
    parser.add_python()
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(word) for word in text.split(",")],
        default=list(SIZES),
        metavar="N,N,…",
        help=f"class sizes; default {','.join(map(str, SIZES))}",
    )
    parser.add_argument("--repeat", type=int, default=1, metavar="K", help="runs of each; medians are shown")
    parser.add_argument(
        "--within",
        type=float,
        default=1.0,
        metavar="S",
        help="seconds over which Starts are spread",
    )
    parser.add_argument("--limit", type=float, default=180.0, metavar="S", help="longest time of one run in seconds")
    parser.add_skip_stock()
    parser.add_argument("--lean-stock", action="store_true", help="stock without srun, as some sites have it")
    parser.add_json("the table as JSON")
    options = parser.parse_args()
    if not all(1 <= n <= machine.CPUS for n in options.sizes) or options.repeat < 1:
        parser.error(f"sizes are from 1 to {machine.CPUS}, and there is at least one run")
    return options


if __name__ == "__main__":
    main()
