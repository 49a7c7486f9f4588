"""How a session's memory is shared out among its processes. Pure functions."""

import re
from collections.abc import Sequence
from pathlib import PurePath

_LOOKS = 8
_STILL = 0.01


def pss_mb(rollup: str) -> float:
    """Return the proportional set size in MB from a process's smaps_rollup; 0 for one that has no memory.

    Raises:
        ValueError: This is not an smaps_rollup.
    """
    if not rollup.strip():
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
    if not found:
        raise ValueError(f"no Pss in {rollup!r}")
    return int(found[1]) * 1024 / 1e6


def name_of(words: Sequence[str]) -> str:
    """Return a process's name for people: the script or module for an interpreter, else the program."""
    program = PurePath(words[0]).name if words else "?"
    if not re.fullmatch(r"(python|perl|sh|bash|dash)[\d.]*", program):
        return program
    text = " ".join(words[1:])
    if module := re.search(r"\bfrom ([\w.]+) import|-m ([\w.]+)", text):
        return f"{program}: {module[1] or module[2]}"
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    return f"{program}: {PurePath(script).name}" if script else program


def has_settled(totals: Sequence[float]) -> bool:
    """Tell whether the last looks at the sum differ by less than one percent."""
    last = totals[-_LOOKS:]
    return len(last) == _LOOKS and max(last) - min(last) <= _STILL * max(last)
