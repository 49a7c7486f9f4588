"""What the hub itself puts on record: acts on others' sessions that do not come from the console, and who watches."""

import functools
from collections.abc import Collection
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers import default_handlers
from jupyterhub.apihandlers.users import UserServerAPIHandler

from classdesk_spawner import DesktopSpawner

from .audit import AuditLog, audit_log
from .classes import COMMAND_LINE, CONSOLE
from .site import Site

_ACTS = {"POST": "start", "DELETE": "stop"}


class RecordedServerHandler(UserServerAPIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """Starts and stops, with a record where it is somebody else's session and the console did not ask."""

    site: Site

    def on_finish(self) -> None:
        """Write the record, whatever the answer was."""
        super().on_finish()
        act = _ACTS.get(self.request.method)
        who = getattr(self, "_jupyterhub_user", None)
        whom = (self.path_args or [""])[0]
        if act is None or who is None or who.name == whom or self._by_console(who):
            return
        done = self.get_status() < 300
        audit_log(self.site).write(
            class_name_of(self.site, whom, self.db),
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


def class_name_of(site: Site, learner: str, db: Any) -> str:
    """Return a class that a learner is in; empty where there is none."""
    user = orm.User.find(db, learner)
    groups = {group.name for group in user.groups} if user else set()
    return next((name for name in site.classes if name in groups), "")


def record_watchers(
    site: Site, spawner: DesktopSpawner, came: Collection[str], left: Collection[str]
) -> None:
    """Put on record who has begun and who has ended to watch a session, as the session tells it."""
    learner = spawner.user.name
    log: AuditLog = audit_log(site)
    name = class_name_of(site, learner, spawner.user.db)
    for who in sorted(came):
        log.write(name, who, "observe", [learner], "began")
    for who in sorted(left):
        log.write(name, who, "observe", [learner], "ended")


def configure(c: Any, site: Site) -> None:
    """Put our handler into JupyterHub's list, in the place of its own, and listen to the sessions."""
    c.DesktopSpawner.watchers_changed = functools.partial(record_watchers, site)
    handler = type("ServerHandler", (RecordedServerHandler,), {"site": site})
    default_handlers[:] = [
        (row[0], handler, *row[2:]) if issubclass(row[1], UserServerAPIHandler) else row
        for row in default_handlers
    ]
