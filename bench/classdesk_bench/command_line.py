"""The options that several benchmarks have, each said once."""

import argparse
from pathlib import Path

from . import machine


class CommandLine(argparse.ArgumentParser):
    """The command line of one benchmark; each calls for the shared options that it has."""

    def __init__(self, name: str, what: str) -> None:
        """Begin with a benchmark's name and a sentence that says what it measures."""
        super().__init__(prog=f"bench/{name}", description=f"{what} Needs root. See bench/README.md.")

    def add_python(self) -> None:
        """What `in_world` gives: the Python in which hub and console run."""
        self.add_argument("--python", required=True, help=argparse.SUPPRESS)

    def add_stock_root(self, *, required: bool = True) -> None:
        """What `with_desktops` gives: the stock stack's root file system."""
        self.add_argument("--stock-root", type=Path, required=required, help=argparse.SUPPRESS)

    def add_sessions(self) -> None:
        """How many sessions, and for how long."""
        self.add_argument("--sessions", type=_sessions, default=300, metavar="N", help="default 300")
        self.add_argument("--seconds", type=float, default=60, metavar="S", help="how long; default 60")

    def add_skip_stock(self) -> None:
        """Ours alone."""
        self.add_argument("--skip-stock", action="store_true", help="measure ours only")

    def add_json(self, what: str = "one JSON object") -> None:
        """A last line for programs."""
        self.add_argument("--json", action="store_true", help=f"the last line is {what}")


def _sessions(text: str) -> int:
    number = int(text)
    if not 1 <= number <= machine.CPUS:
        raise argparse.ArgumentTypeError(f"sessions are from 1 to {machine.CPUS}, not {number}")
    return number
