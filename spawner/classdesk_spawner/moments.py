"""Moments in sentences, by the hub's clock, and what a page needs to say them by its own. Pure."""

from collections.abc import Mapping
from datetime import datetime


def moment_text(moment: float) -> str:
    """Return a moment as one says it: with the clock's zone, and the day where it is not today."""
    when = datetime.fromtimestamp(moment).astimezone()
    today = when.date() == datetime.now().astimezone().date()
    return when.strftime("%H:%M %Z" if today else "%H:%M %Z on %d %b")


def by_words(*moments: float | None) -> Mapping[str, float]:
    """Return moments, in Unix seconds, by the words that say them; None is none."""
    return {moment_text(moment): moment for moment in moments if moment}
