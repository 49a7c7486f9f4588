"""What the hub itself puts on record: acts on others' sessions that do not come from the console, and who watches."""

import functools
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers import default_handlers
from jupyterhub.apihandlers.users import UserServerAPIHandler

from classdesk_hub.audit import AuditLog, audit_log
from classdesk_hub.site.file import Site
from classdesk_spawner import DesktopSpawner, Event, ServerHandler, replace_handler

from .roles import COMMAND_LINE, CONSOLE
from .upstream import asker_of

_ACTS = {"POST": "start", "DELETE": "stop"}


class RecordedServerHandler(ServerHandler):
    """Starts and stops, with a record where it is somebody else's session and the console did not ask."""

    site: Site

    def on_finish(self) -> None:
        """Write the record, whatever the answer was."""
        super().on_finish()
        act = _ACTS.get(self.request.method)
        who = asker_of(self)
        whom = (self.path_args or [""])[0]
        if act is None or who is None or who.name == whom or self._by_console(who):
            return
        done = self.get_status() < 300
        audit_log(self.site).write(
            class_name_of(self.site, who.name, whom, self.db),
            who.name,
            act,
            [whom],
            "done" if done else "refused",
            detail=f"by the hub's API or admin page, status {self.get_status()}",
        )

    def _by_console(self, who: Any) -> bool:
        if who.name == COMMAND_LINE:
            return True
        token = self.get_auth_token()
        found = orm.APIToken.find(self.db, token) if token else None
        return found is not None and found.client_id == f"service-{CONSOLE}"


def class_name_of(site: Site, who: str, learner: str, db: Any) -> str:
    """Return the class in which somebody acts on a learner: one that they teach, if there is one.

    Empty where the learner is in none.
    """
    user = orm.User.find(db, learner)
    groups = {group.name for group in user.groups} if user else set()
    names = [name for name in site.classes if name in groups]
    taught = [name for name in names if who in site.classes[name].instructors]
    return next(iter([*taught, *names]), "")


def record_visits(
    site: Site,
    spawner: DesktopSpawner,
    came: Collection[str],
    left: Collection[str],
    events: Sequence[Event] = (),
) -> None:
    """Put on record who has begun and who has ended to watch a session, and what they asked there and got.

    A session is its learner's and may tell anything: of names it can make up none, and it cannot fill the record,
    whose oldest files go.
    """
    learner, db = spawner.user.name, spawner.user.db
    log: AuditLog = audit_log(site)
    job_id = spawner.job.job_id if spawner.job else ""
    # A hub that was started anew hears of old events again.
    known = {event.get("act_id") for event in log.newest(None, _LOOK_BACK)} if events else set()
    for who, act, result, act_id in [
        *((who, "observe", "began", "") for who in sorted(came)),
        *((e.who, e.act, e.result, f"{job_id}.{e.number}") for e in events),
        *((who, "observe", "ended", "") for who in sorted(left)),
    ]:
        if orm.User.find(db, who) is None or (act_id and act_id in known):
            continue
        if not _MOST_VISITS.allows(learner):
            spawner.log.warning("%s's session tells of too many visits; not on record", learner)
            return
        log.write(class_name_of(site, who, learner, db), who, act, [learner], result, act_id=act_id)


@dataclass
class _Limit:
    """So many events an hour of one learner."""

    most: int
    moments: dict[str, deque[float]] = field(default_factory=dict)

    def allows(self, learner: str) -> bool:
        """Tell whether one more is within the limit, and count it."""
        kept = self.moments.setdefault(learner, deque(maxlen=self.most))
        now = time.monotonic()
        if len(kept) == self.most and now - kept[0] < _HOUR_S:
            return False
        kept.append(now)
        return True


_HOUR_S = 3600
_LOOK_BACK = 2000
"""So many of the newest events are looked through for one that is there already."""
_MOST_VISITS = _Limit(200)


def configure(c: Any, site: Site) -> None:
    """Put our handler into JupyterHub's list, in the place of its own, and listen to the sessions."""
    c.DesktopSpawner.visits_changed = functools.partial(record_visits, site)
    handler = type("ServerHandler", (RecordedServerHandler,), {"site": site})
    replace_handler(default_handlers, UserServerAPIHandler, handler)
