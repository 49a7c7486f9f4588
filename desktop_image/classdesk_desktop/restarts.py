"""When to start an ended desktop again: pure, so that every case is a line in a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

# A desktop that lived this long was usable: its end is a log-out or an accident, not a fault at start.
HEALTHY_SECONDS: Final = 20.0
# The waits after the first, second … quick end in a row. After the last one the desktop has failed.
BACK_OFF_SECONDS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)


@dataclass(slots=True)
class RestartPolicy:
    """Counts the desktops that ended soon after their start, one after the other."""

    quick_ends: int = field(default=0)

    def next_delay(self, lived_seconds: float) -> float | None:
        """Seconds to wait before the next start, or None where starting again is pointless."""
        if lived_seconds >= HEALTHY_SECONDS:
            self.quick_ends = 0
            return 0.0
        if self.quick_ends >= len(BACK_OFF_SECONDS):
            return None
        delay = BACK_OFF_SECONDS[self.quick_ends]
        self.quick_ends += 1
        return delay

    def reset(self) -> None:
        """Forget the past: somebody asked for a new start."""
        self.quick_ends = 0
