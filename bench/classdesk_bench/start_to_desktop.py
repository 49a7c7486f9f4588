"""From pressing Start in Chromium to a painted MATE desktop in its page: ours beside the stock stack."""

import argparse
import functools
import os
import statistics
from collections.abc import Mapping, Sequence

from playwright.sync_api import Browser

from support.browser import chromium
from support.world import Hub

from . import desktops, machine
from .command_line import CommandLine
from .marks import PHASES
from .report import Progress, Row, print_object, show
from .visit import Visit

Phases = Mapping[str, float]

COLUMNS = {
    "stack": "stack",
    "runs": "runs",
    "accepted": "waiting page\ns",
    "ready": "session's\npage asked, s",
    "page": "loaded\ns",
    "canvas": "connected\ns",
    "painted": "painted\ns",
    "slowest": "slowest\ns",
    "ratio": "ours /\nstock",
}


class Stack:
    """One of the two, with a learner in front of it.

    Args:
        browser: Chromium.
        hub: The stack's.
        name: The learner.
        empty_cache: Whether each start has a browser that was never here.
    """

    def __init__(self, browser: Browser, hub: Hub, name: str, *, empty_cache: bool) -> None:
        self._sit_down = functools.partial(Visit.of, browser, hub, name)
        self._empty_cache = empty_cache
        # One start, unmeasured, so that files are warm, and it is known what the painted desktop looks like.
        self._visit = self._sit_down()
        self._picture = self._visit.take_picture()
        self._visit.end_session()

    def start(self) -> Phases:
        """Start once, measured, and end the session."""
        if self._empty_cache:
            self._visit.leave()
            self._visit = self._sit_down(self._picture)
        found = self._visit.start()
        self._visit.end_session()
        return found


def medians(runs: Sequence[Phases]) -> Phases:
    """Return the median of each phase's end."""
    return {name: statistics.median(run[name] for run in runs) for name in PHASES}


def figures(ours: Sequence[Phases], stock: Sequence[Phases]) -> dict[str, object]:
    """Return the object of the JSON."""
    ours_s = statistics.median(run["painted"] for run in ours)
    stock_s = statistics.median(run["painted"] for run in stock) if stock else None
    return {
        "ours_s": ours_s,
        "stock_s": stock_s,
        "ratio": ours_s / stock_s if stock_s else None,
        "runs": len(ours),
        "ours_runs_s": [run["painted"] for run in ours],
        "stock_runs_s": [run["painted"] for run in stock],
        "ours_phases_s": medians(ours),
        "stock_phases_s": medians(stock) if stock else None,
    }


def main() -> None:
    """Run both stacks in turns and print the table."""
    options = parse_arguments()
    machine.require_world()
    progress = Progress()
    progress.begin("bringing up classdesk")
    ours_hub = desktops.ours()
    found: dict[str, list[Phases]] = {"ours": [], "stock": []}
    with desktops.stock(options.stock_root, ours_hub.accounts) as stock_hub, chromium() as browser:
        hubs = {"ours": (ours_hub, desktops.OURS_LEARNER)}
        if not options.skip_stock:
            hubs["stock"] = (stock_hub, desktops.STOCK_LEARNER)
        stacks = {}
        for kind, (hub, name) in hubs.items():
            progress.begin(f"{kind}: a start that is not measured")
            stacks[kind] = Stack(browser, hub, name, empty_cache=options.empty_cache)
        for turn in range(options.repeat):
            for kind, stack in stacks.items():
                progress.begin(f"{kind}, run {turn + 1} of {options.repeat}")
                run = stack.start()
                progress.end(", ".join(f"{phase} {run[phase]:.2f} s" for phase in PHASES))
                found[kind].append(run)
        desktops.keep_logs()
    result = figures(found["ours"], found["stock"])
    ratio = result["ratio"]
    rows: list[Row] = [
        {
            "stack": kind,
            "runs": len(runs),
            **medians(runs),
            "slowest": max(run["painted"] for run in runs),
            "ratio": ratio if kind == "ours" and isinstance(ratio, float) else None,
        }
        for kind, runs in found.items()
        if runs
    ]
    title = f"From Start to a painted desktop on {os.cpu_count()} cores; medians"
    show(title, COLUMNS, rows)
    if options.json:
        print_object(result)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(
        "start_to_desktop",
        "From pressing Start in Chromium to a painted MATE desktop in the page: classdesk beside "
        "JupyterHub, batchspawner and jupyter-remote-desktop-proxy as they come, on the same Slurm, in a test "
        "world.",
    )
    parser.add_stock_root()
    parser.add_argument("--repeat", type=int, default=9, metavar="K", help="measured starts of each; default 9")
    parser.add_argument("--empty-cache", action="store_true", help="each start with a browser that was never here")
    parser.add_skip_stock()
    parser.add_json()
    options = parser.parse_args()
    if options.repeat < 1:
        parser.error("there is at least one run")
    return options


if __name__ == "__main__":
    main()
