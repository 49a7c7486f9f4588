"""What the hub's pages say of a learner's own session, and of what was chosen last. Pure, apart from the clock."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from classdesk_hub.learner_facts import State
from classdesk_hub.site.file import Site
from classdesk_spawner import CLASS_KEY, FIELD_LABELS, ClassForm, DesktopSpawner, cluster_for, moment_text

from .learner_state import is_news, learner_state, places

_STATES = {
    State.QUEUED: "waiting",
    State.STARTING: "waiting",
    State.RUNNING: "running",
    State.FROZEN: "running",
    State.IDLE: "running",
    State.STOPPING: "stopping",
    State.FAILED: "none",
    State.NOT_STARTED: "none",
}


@dataclass(frozen=True)
class Session:
    """A learner's session as the pages show it.

    Attributes:
        state: One of `waiting`, `running`, `stopping`, `none`.
        sentence: What is to be said of it; empty: nothing.
        failed: Whether the last one failed, which the sentence tells.
        interface: What it opens, as the form names it; empty where it is not known.
        facts: Cores, node, and so on, as words.
        end: When it ends, in Unix seconds; None where it is not known.
    """

    state: str = "none"
    sentence: str = ""
    failed: bool = False
    interface: str = ""
    facts: tuple[str, ...] = ()
    end: float | None = None

    @property
    def end_iso(self) -> str:
        """The end for a page's script, which says it in the browser's own time zone."""
        return datetime.fromtimestamp(self.end or 0, UTC).isoformat()

    @property
    def end_clock(self) -> str:
        """The end in the hub's time zone, for a page without scripts."""
        return moment_text(self.end or 0)

    @property
    def left(self) -> str:
        """What is left of it, in words."""
        return span((self.end or 0) - time.time())


@dataclass(frozen=True)
class LastChoice:
    """What a learner started last.

    Attributes:
        words: Interface, cores, hours and class, as words.
        query: The query of a link to the form with all of it.
    """

    words: str
    query: str


def span(seconds: float) -> str:
    """Return a time that is left in words: `2 h 41 min`."""
    minutes = max(0, int(seconds // 60))
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def session_of(user: Any, site: Site) -> Session:
    """Return a user's default session."""
    spawner = user.spawner
    if not isinstance(spawner, DesktopSpawner):
        return Session()
    snapshot = cluster_for(site.slurm).watcher.latest
    facts = learner_state(spawner, places(snapshot.jobs if snapshot else {}), site.desktop.idle_minutes * 60)
    words = []
    if facts.cores:
        words.append(count(facts.cores, "core"))
    if facts.node:
        words.append(f"on {facts.node}")
    if facts.is_live and facts.pages is not None:
        words.append(f"{count(facts.pages, 'open page')}" if facts.pages else "no page open")
    return Session(
        _STATES[facts.state],
        facts.sentence or _ending(spawner),
        facts.state is State.FAILED,
        interface_label(ui_of(spawner), site),
        tuple(words),
        facts.end,
    )


def _ending(spawner: DesktopSpawner) -> str:
    is_over = spawner.job is None and not spawner.pending
    return str(spawner.ending) if is_over and is_news(spawner.ended) else ""


def ui_of(spawner: DesktopSpawner) -> str:
    """Return the key of the interface that a session opens, also one that an earlier hub started."""
    if spawner.options is not None:
        return spawner.options.ui
    return str((spawner.user_options or {}).get("ui", ""))


def interface_label(key: str, site: Site) -> str:
    """Return what the form calls an interface; empty for one that it does not have."""
    interface = site.form.interfaces.get(key)
    return interface.label if interface else ""


def last_choice(stored: Mapping[str, Any], site: Site) -> LastChoice | None:
    """Return what was chosen last, from what JupyterHub has stored; None where that cannot be told."""
    label = interface_label(str(stored.get("ui", "")), site)
    cores, hours = stored.get("cores"), stored.get("hours")
    if not label or not isinstance(cores, int) or not isinstance(hours, int | float):
        return None
    words = f"{label}, {count(cores, 'core')}, {hours:g} {'hour' if hours == 1 else 'hours'}"
    name = stored.get(CLASS_KEY)
    if isinstance(name, str) and name in site.classes:
        title = site.classes[name].shown_title(name)
        return LastChoice(f"{words}, for {title}", urlencode({CLASS_KEY: name}))
    chosen = {"ui": stored["ui"], "cores": cores, "hours": f"{hours:g}"}
    return LastChoice(words, urlencode(chosen))


def count(number: int, what: str) -> str:
    """Return a number of things: `1 core`, `2 cores`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def wanted(query: Mapping[str, str], site: Site) -> tuple[str, str] | None:
    """Return for which interface a link to the form is, as key and in words; None: for any.

    Args:
        query: The link's fields.
        site: The site; what it does not have is not a wish.
    """
    name = query.get(CLASS_KEY, "")
    if name in site.classes:
        class_ = site.classes[name]
        locked, _ = ClassForm(class_.shown_title(name), class_.preset).lock(site.form, site.slurm)
        key = locked.default_interface
        return key, f"{class_.shown_title(name)} ({interface_label(key, site)})"
    key = query.get("ui", "")
    return (key, interface_label(key, site)) if key in site.form.offer else None


def form_fields(query: str) -> dict[str, str]:
    """Return the form's fields in a link's query, and nothing else of it; of one that comes twice, the last."""
    fields = {*FIELD_LABELS, CLASS_KEY}
    given = parse_qsl(query, errors="replace", max_num_fields=100)
    return {key: value for key, value in given if key in fields}
