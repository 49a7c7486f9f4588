"""What follows the end of a desktop: pure, so that every case is a line in a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

# A desktop that was usable for so long had no fault at its start: its end was an accident.
HEALTHY_SECONDS: Final = 10.0
# Faults in a row, until the learner's own settings are left out, and then until there is no point in going on.
FAULTS: Final = 3
# The waits after the first and the second fault.
BACK_OFF_SECONDS: Final = (0.0, 0.5)

Cause = Literal["asked for", "log-out", "fault"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a desktop ended.

    Attributes:
        cause: a new one was asked for, the learner logged out, or anything else.
        detail: a sentence that says what ended.
        usable_seconds: for how long the learner saw a desktop; 0 if it was never painted.
    """

    cause: Cause
    detail: str
    usable_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NextStart:
    """How the next desktop starts: after how many seconds, and whether with private settings."""

    delay: float = 0.0
    safe: bool = False


@dataclass(slots=True)
class RestartPolicy:
    """Counts the desktops that had a fault at their start, one after the other."""

    faults: int = field(default=0)
    safe: bool = field(default=False)

    def after(self, ending: Ending) -> NextStart | None:
        """How to go on after an end; None where starting again is pointless."""
        if ending.cause != "fault":
            # Somebody wants a new one, so it may be that the reason for the faults is mended.
            self.faults, self.safe = 0, False
            return NextStart()
        if ending.usable_seconds >= HEALTHY_SECONDS:
            self.faults = 0
            return NextStart(safe=self.safe)
        self.faults += 1
        if self.faults < FAULTS:
            return NextStart(BACK_OFF_SECONDS[self.faults - 1], self.safe)
        self.faults = 0
        if self.safe:
            return None
        self.safe = True
        return NextStart(safe=True)
