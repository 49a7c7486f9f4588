"""Moments as Slurm's commands print them. Pure."""

import re
from datetime import datetime


def unix_time(text: str) -> int | None:
    """Return a moment in Unix seconds; None where there is none, such as `N/A`.

    With SLURM_TIME_FORMAT=%s that is what Slurm prints. sudo hands over no such variable: whoever asks as another
    account, as Slurm's operator, gets the machine's local time.
    """
    if re.fullmatch(r"[0-9]{1,15}", text):
        return int(text)
    try:
        return round(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").astimezone().timestamp())
    except (ValueError, OverflowError):
        return None
