"""From pressing Start in Chromium to a painted MATE desktop in its page: ours beside the stock stack."""

import argparse
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Browser

from support.browser import chromium
from support.world import Hub

from . import desktops, machine
from .marks import PHASES, Picture
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


def take_picture(browser: Browser, hub: Hub, name: str) -> Picture:
    """Start once, unmeasured, so that the files are warm; learn what the painted desktop looks like."""
    visit = Visit.of(browser, hub, name, None)
    try:
        return visit.take_picture()
    finally:
        visit.leave()


def start_once(browser: Browser, hub: Hub, name: str, picture: Picture) -> Phases:
    """Start once, measured."""
    visit = Visit.of(browser, hub, name, picture)
    try:
        return visit.start()
    finally:
        visit.leave()


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
    hubs = {"ours": (ours_hub, desktops.OURS_LEARNER)}
    found: dict[str, list[Phases]] = {"ours": [], "stock": []}
    with desktops.stock(options.stock_root, ours_hub.accounts) as stock_hub, chromium() as browser:
        if not options.skip_stock:
            hubs["stock"] = (stock_hub, desktops.STOCK_LEARNER)
        pictures = {}
        for kind, (hub, name) in hubs.items():
            progress.begin(f"{kind}: a start that is not measured")
            pictures[kind] = take_picture(browser, hub, name)
        for turn in range(options.repeat):
            for kind, (hub, name) in hubs.items():
                progress.begin(f"{kind}, run {turn + 1} of {options.repeat}")
                run = start_once(browser, hub, name, pictures[kind])
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
    parser = argparse.ArgumentParser(
        prog="bench/start_to_desktop",
        description="From pressing Start in Chromium to a painted MATE desktop in the page: classdesk beside "
        "JupyterHub, batchspawner and jupyter-remote-desktop-proxy as they come, on the same Slurm, in a test "
        "world. Needs root. See bench/README.md.",
    )
    parser.add_argument("--stock-root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--repeat", type=int, default=5, metavar="K", help="measured starts of each; default 5"
    )
    parser.add_argument("--skip-stock", action="store_true", help="measure ours only")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    options = parser.parse_args()
    if options.repeat < 1:
        parser.error("there is at least one run")
    return options


if __name__ == "__main__":
    main()
