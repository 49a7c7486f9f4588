"""What others may know of a session: its report, its size, why it could not be started."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from classdesk_desktop.protocol import PROTOCOL
from classdesk_desktop.version import VERSION
from classdesk_spawner.form.options import SessionOptions
from classdesk_spawner.hub.upstream import start_of
from classdesk_spawner.settings.models import SpawnerSettings

from .report import Event, ReceivedReport, SessionReport, note_activity, receive

_log = logging.getLogger("jupyterhub.classdesk.sessions")


class ReportedSession:
    """The part of `DesktopSpawner` that is told by the session, and asked by the console.

    Attributes:
        report: What the session has said of itself last; None before its first report.
    """

    report: ReceivedReport | None = None
    options: SessionOptions | None
    settings: SpawnerSettings
    visits_changed: "Callable[[Any, set[str], set[str], Sequence[Event]], None] | None"
    active: bool
    user_options: Mapping[str, object]
    orm_spawner: Any
    user: Any

    def chosen(self, key: str) -> str:
        """Return the partition, reservation and so on that the session was started with; empty: Slurm's choice."""
        value = getattr(self.options, key) if self.options else self.user_options.get(key)
        return value if isinstance(value, str) and value else getattr(self.settings.slurm, key)

    @property
    def cores(self) -> int | None:
        """Cores of the session, where they are known: an earlier hub process may have started it."""
        if self.options is not None:
            return self.options.cores
        stored = self.user_options.get("cores")
        return stored if isinstance(stored, int) else None

    @property
    def memory_mib(self) -> int | None:
        """Memory of the session in MiB, where it is known."""
        return self.options.memory_mib if self.options is not None else None

    @property
    def start_failure(self) -> BaseException | None:
        """Why the last start failed; None where it did not, or where there was none."""
        start = start_of(self)
        if self.active or start is None or not start.done() or start.cancelled():
            return None
        return start.exception()

    @property
    def measures_activity(self) -> bool:
        """Whether the session itself tells when its learner was active."""
        return self.report is not None and self.report.report.idle_s is not None

    def take_report(self, report: SessionReport) -> None:
        """Keep what the session says of itself, and store when its learner was active."""
        if self.report is None and (report.version, report.protocol) != (VERSION, PROTOCOL):
            _log.warning(
                "The session of %s runs classdesk %s (protocol %d), the hub %s (protocol %d)",
                self.user.name,
                report.version or "of an unknown version",
                report.protocol,
                VERSION,
                PROTOCOL,
            )
        old = self.report.report if self.report else SessionReport()
        self.report = receive(report, self.report)
        before, watchers = set(old.watchers), set(report.watchers)
        told = max((event.number for event in old.events), default=0)
        events = [event for event in report.events if event.number > told]
        if (watchers != before or events) and self.visits_changed is not None:
            self.visits_changed(self, watchers - before, before - watchers, events)
        moment = self.report.active_at(idle_cpu=self.settings.desktop.idle_cpu)
        if moment is not None and note_activity(self.orm_spawner, moment):
            self.user.db.commit()
