"""The sessions of the hub, from the watcher's snapshot: `GET /hub/api/classdesk/sessions`."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope
from sqlalchemy import Text, type_coerce

from classdesk_hub.learner_facts import HUB_SESSIONS, HubSession, HubSessions, State
from classdesk_hub.site.file import Site
from classdesk_spawner import Cluster, DesktopSpawner, cluster_for

from .figures import start_figures
from .learner_state import is_news, learner_state, places

ROUTE = r"/api/classdesk/sessions"

SERVICE = "classdesk-status"
"""Name of the hub's service account whose token `classdesk sessions` uses."""

SCOPES = ("list:users", "read:servers", "read:metrics")

_FRESH_S = 2.0


class SessionsHandler(APIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """Tells which sessions there are, of those users whom the asker may read."""

    def initialize(self, site: Site) -> None:
        """Take the site, whose Slurm settings name the cluster."""
        super().initialize()
        self.site = site

    @needs_scope("read:servers", post_filter=True)  # type: ignore[untyped-decorator]  # as above
    async def get(self) -> None:
        """Answer with the sessions, the age of what is known of them, and whether Slurm answers.

        With `?fresh=1` the queue is looked at as often as while a session starts: somebody looks on.
        """
        cluster = cluster_for(self.site.slurm)
        if self.get_argument("fresh", ""):
            await _freshen(cluster)
        self._recall_ended()
        may_read = self.get_scope_filter("read:servers")
        spawners = [
            spawner for user in self.users.values() if may_read(user, kind="user") for spawner in user.spawners.values()
        ]
        told = hub_sessions(cluster, spawners, self.site.desktop.idle_minutes * 60)
        self.set_header("Content-Type", "application/json")
        self.finish(HUB_SESSIONS.dump_json(told))

    def _recall_ended(self) -> None:
        """Take those sessions up that have ended by themselves; JupyterHub forgets them, but for its database."""
        state = type_coerce(orm.Spawner.state, Text)  # as it is stored: JSON
        ended = (
            self.db.query(orm.User.name, orm.Spawner.name, state)
            .join(orm.Spawner, orm.Spawner.user_id == orm.User.id)
            .filter(orm.Spawner.server_id.is_(None), state.contains('"ending"'))
        )
        for user, server, stored in ended:
            if is_news(json.loads(stored).get("classdesk", {}).get("ended", 0)):
                self.users[user].spawners[server]  # made where it is missing


async def _freshen(cluster: Cluster) -> None:
    """Let the watcher look at the queue now, if what it knows is older than a tick or two."""
    watcher = cluster.watcher
    latest = watcher.latest
    if watcher.has_work and (latest is None or time.monotonic() - latest.began > _FRESH_S / 2):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FRESH_S):
                await watcher.newer_than(latest.began if latest else 0.0)


def hub_sessions(cluster: Cluster, spawners: Iterable[Any], idle_after_s: float) -> HubSessions:
    """Return what the hub tells of its sessions.

    Args:
        cluster: Whose snapshot is read; Slurm is not asked.
        spawners: The hub's spawners; those of other kinds are left out.
        idle_after_s: Seconds without input after which a session counts as idle.
    """
    watcher = cluster.watcher
    snapshot = watcher.latest
    place_of = places(snapshot.jobs if snapshot else {})
    sessions = (
        HubSession(spawner.user.name, spawner.name, learner_state(spawner, place_of, idle_after_s))
        for spawner in spawners
        if isinstance(spawner, DesktopSpawner)
    )
    return HubSessions(
        age_s=None if snapshot is None else round(time.monotonic() - snapshot.began, 1),
        stale=watcher.failure is not None,
        sessions=tuple(sorted(filter(_is_to_tell, sessions), key=lambda one: (one.user, one.server))),
        figures=start_figures(),
    )


def _is_to_tell(session: HubSession) -> bool:
    return session.learner.state is not State.NOT_STARTED or session.learner.sentence != ""
