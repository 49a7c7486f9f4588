"""What the samples of probe and hub say of a span of time. Pure functions."""

import bisect
import math
from collections.abc import Iterable, Sequence

Sample = tuple[float, float]
"""Unix time in seconds, value."""


def read_samples(lines: Iterable[str], began: float, ended: float) -> list[Sample]:
    """Read lines of two numbers, and keep those of a span of time; a half-written last line is left out."""
    samples = []
    for line in lines:
        words = line.split()
        if len(words) == 2 and line.endswith("\n") and began <= float(words[0]) <= ended:
            samples.append((float(words[0]), float(words[1])))
    return samples


def read_probe(text: str, kind: str, began: float, ended: float) -> list[Sample]:
    """Read the samples of one kind, `latency` or `calls`, from what the probe wrote."""
    lines = text.splitlines(keepends=True)
    of_kind = [line.removeprefix(kind) for line in lines if line.startswith(f"{kind} ")]
    return sorted(read_samples(of_kind, began, ended))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent do not exceed; NaN where there is none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def most_in_a_second(counts: Sequence[Sample]) -> float:
    """Return by how much a growing count grew at most within any second.

    The count is looked at every 100 ms, so a second is what lies between two looks that are less than
    1.05 s apart.
    """
    most, first = 0.0, 0
    for when, count in counts:
        while when - counts[first][0] >= 1.05:
            first += 1
        most = max(most, count - counts[first][1])
    return most


def most_within_a_second(times: Sequence[float]) -> int:
    """Return how many of these moments lie within one second at most."""
    ordered = sorted(times)
    return max(
        (bisect.bisect_left(ordered, first + 1.0) - number for number, first in enumerate(ordered)),
        default=0,
    )
