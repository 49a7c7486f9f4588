"""What an idle session takes of the node's memory, by process: ours beside the stock stack."""

import argparse
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Browser

from support.browser import chromium
from support.screen import session_processes
from support.world import Hub

from . import desktops, machine
from .command_line import CommandLine
from .report import Progress, Row, print_object, show
from .shares import has_settled, name_of, pss_mb
from .visit import Visit

_EVERY_S = 2.0
_LONGEST_S = 120.0
COLUMNS = {
    "process": "process",
    "ours": "ours\nMB",
    "stock": "stock\nMB",
}


def look(user: str) -> Mapping[str, float]:
    """Return the proportional memory of all processes of a user now, in MB, by name."""
    found: defaultdict[str, float] = defaultdict(float)
    for pid, arguments in session_processes(user).items():
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended in the meantime
        found[name_of(arguments.split())] += pss_mb(rollup)
    return found


def idle_session(browser: Browser, hub: Hub, name: str, progress: Progress) -> Mapping[str, float]:
    """Start a session, leave its page open, and look when it has settled."""
    visit = Visit.of(browser, hub, name)
    try:
        visit.take_picture()
        totals: list[float] = []
        end = time.monotonic() + _LONGEST_S
        while not has_settled(totals) and time.monotonic() < end:
            visit.learner.page.wait_for_timeout(1000 * _EVERY_S)
            totals.append(sum(look(name).values()))
            progress.tell(f"{totals[-1]:.0f} MB")
        return look(name)
    finally:
        visit.leave()


def rows_of(ours: Mapping[str, float], stock: Mapping[str, float]) -> Sequence[Row]:
    """Return the table's lines, the largest first, and the sums."""
    names = sorted({*ours, *stock}, key=lambda name: -max(ours.get(name, 0), stock.get(name, 0)))
    lines: list[Row] = [{"process": name, "ours": ours.get(name), "stock": stock.get(name)} for name in names]
    sums = {"ours": sum(ours.values()), "stock": sum(stock.values()) or None}
    return [*lines, {"process": "all of it", **sums}]


def main() -> None:
    """Look at one session of each stack, one after the other, and print the table."""
    options = parse_arguments()
    machine.require_world()
    progress = Progress()
    progress.begin("bringing up classdesk")
    ours_hub = desktops.ours()
    stock: Mapping[str, float] = {}
    with chromium() as browser:
        progress.begin("ours")
        ours = idle_session(browser, ours_hub, desktops.OURS_LEARNER, progress)
        progress.end(f"{sum(ours.values()):.0f} MB")
        if not options.skip_stock:
            progress.begin("stock")
            with desktops.stock(options.stock_root, ours_hub.accounts) as hub:
                stock = idle_session(browser, hub, desktops.STOCK_LEARNER, progress)
            progress.end(f"{sum(stock.values()):.0f} MB")
        desktops.keep_logs()
    show("An idle session's proportional memory (PSS)", COLUMNS, rows_of(ours, stock))
    if options.json:
        print_object(
            {
                "pss_mb": sum(ours.values()),
                "processes": ours,
                "stock_pss_mb": sum(stock.values()) if stock else None,
                "stock_processes": stock or None,
            }
        )


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(
        "memory",
        "The proportional memory (PSS) of all processes of one idle session whose page is open: "
        "classdesk beside the stock stack, in a test world.",
    )
    parser.add_stock_root()
    parser.add_skip_stock()
    parser.add_json()
    return parser.parse_args()


if __name__ == "__main__":
    main()
