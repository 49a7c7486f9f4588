"""What the benchmarks print: progress while they run, a table, and one line of JSON."""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

Row = Mapping[str, float | int | str | None]


class Progress:
    """One line that says how far a run is; on a terminal it is written over, elsewhere each thing is said once."""

    def __init__(self) -> None:
        self.title = ""
        self._live = sys.stderr.isatty()

    def begin(self, title: str) -> None:
        """Begin a new part."""
        self.title = title
        print(f"{title}; load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)

    def tell(self, text: str) -> None:
        """Say how far the part is; only a person at a terminal reads this."""
        if self._live:
            print(f"\r\033[K{self.title}: {text}", end="", file=sys.stderr, flush=True)

    def end(self, text: str) -> None:
        """Say what came out of the part."""
        start = "\r\033[K" if self._live else ""
        print(f"{start}  {text}", file=sys.stderr, flush=True)


def show(title: str, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Print a table.

    Args:
        title: Above it.
        columns: Headings by key.
        rows: Values by key; None is shown as a dash.
    """
    table = Table(title=title)
    for heading in columns.values():
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    # As wide as it is: with no terminal, or a narrow one, headings would be cut off.
    Console(width=Console(width=1000).measure(table).maximum).print(table)


def print_json(rows: Sequence[Row]) -> None:
    """Print all rows as one line of JSON; what was not measured is null."""
    print(json.dumps([{key: _plain(value) for key, value in row.items()} for row in rows]), flush=True)


def print_object(found: Mapping[str, object]) -> None:
    """Print one JSON object in one line, figures rounded to milliseconds or thousandths."""
    print(json.dumps(_rounded(found)), flush=True)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return _plain(value)
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value


def _cell(value: float | str | None) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
    return "-" if value is None else str(value)


def _plain(value: float | str | None) -> float | str | None:
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None
    return value
