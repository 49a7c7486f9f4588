"""Prints where MATE's panels are in a learner's session: `python -m classdesk_bench.panels NAME`, a list of JSON.

A process of its own: python-xlib keeps the numbers of one X server's events, and those of the two stacks differ.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from support.screen import XServer

from .marks import Area


def panels_of(name: str) -> Sequence[Area]:
    """Return where the panels are; nothing while there are none."""
    program = [sys.executable, "-m", "classdesk_bench.panels", name]
    said = subprocess.run(program, capture_output=True, text=True, timeout=20, check=False)
    return json.loads(said.stdout) if said.returncode == 0 else []


if __name__ == "__main__":
    windows = XServer.of(sys.argv[1]).windows()
    print(json.dumps([(w.x, w.y, w.width, w.height) for w in windows if w.kind == "mate-panel"]))
