"""What the hub's home page says of a learner's session."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from classdesk_spawner import DesktopSpawner


def session_of(user: object) -> dict[str, Any]:
    """Return a user's session in words.

    Args:
        user: JupyterHub's user, or nobody.

    Returns:
        `state`: running, starting, stopping or none; `what`: interface, cores and hours, where they are known;
        `node`; `left` and `until`: its end; `sentence`: what is waited for, or how the last one ended; `pages`: in how
        many browser tabs it is open, None where that is not known.
    """
    spawner = getattr(user, "spawner", None)
    if not isinstance(spawner, DesktopSpawner):
        return {"state": "none", "what": "", "sentence": ""}
    facts: dict[str, Any] = {
        "what": _what(spawner),
        "sentence": "",
        "node": "",
        "left": "",
        "pages": None,
    }
    if spawner.pending == "stop":
        return {**facts, "state": "stopping"}
    if spawner.ready:
        job = spawner.job.seen if spawner.job else None
        end = spawner.job.end[0] if spawner.job else None
        if end is not None:
            facts |= {"left": _duration(end - time.time()), "until": _clock(end)}
        return {**facts, "state": "running", "node": job.node if job else ""}
    if spawner.active:
        return {**facts, "state": "starting", "sentence": spawner.progress_event()["message"]}
    return {**facts, "state": "none", "sentence": spawner.ending}


def _what(spawner: DesktopSpawner) -> str:
    """Return interface and size of what runs, or else of what was chosen last."""
    stored: Mapping[str, Any] = (
        spawner.orm_spawner.user_options or {} if spawner.orm_spawner else {}
    )
    options = spawner.options
    ui = options.ui if options else stored.get("ui")
    interface = spawner.settings.form.interfaces.get(ui) if isinstance(ui, str) else None
    if interface is None:
        return ""
    cores = options.cores if options else stored.get("cores")
    return (
        f"{interface.label}, {cores} core{'' if cores == 1 else 's'}" if cores else interface.label
    )


def _duration(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _clock(moment: float) -> str:
    """Return a time with its zone; learners may sit in another one."""
    when = datetime.fromtimestamp(moment).astimezone()
    today = when.date() == datetime.now().astimezone().date()
    return when.strftime("%H:%M %Z" if today else "%H:%M %Z on %d %b")
