"""The sessions of the hub, from the watcher's snapshot: `GET /hub/api/classdesk/sessions`."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope
from sqlalchemy import Text, type_coerce

from classdesk_hub.site.file import Site
from classdesk_spawner import Cluster, DesktopSpawner, cluster_for

from .figures import start_figures
from .learner_state import FAILED, is_news, learner_state, places

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
        idle_after_s = self.site.desktop.idle_minutes * 60
        model = sessions_model(cluster, spawners, idle_after_s)
        self.finish(json.dumps({**model, "figures": start_figures()}))

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
            await asyncio.wait_for(watcher.newer_than(latest.began if latest else 0.0), _FRESH_S)


def sessions_model(cluster: Cluster, spawners: list[Any], idle_after_s: float = 600) -> Mapping[str, Any]:
    """Return the sessions as JSON values; pure apart from the clock.

    Args:
        cluster: Whose snapshot is read; Slurm is not asked.
        spawners: The hub's spawners.
        idle_after_s: Seconds without input after which a session counts as idle.
    """
    watcher = cluster.watcher
    snapshot = watcher.latest
    place_of = places(snapshot.jobs if snapshot else {})
    sessions, without = [], []
    for spawner in spawners:
        if not isinstance(spawner, DesktopSpawner):
            continue
        facts = learner_state(spawner, place_of, idle_after_s)
        who = {"user": spawner.user.name, "server": spawner.name}
        if spawner.job is None:
            if facts["state"] == FAILED or facts["sentence"] or spawner.pending:
                without.append({**who, "learner": facts})
            continue
        job = spawner.job.seen
        sessions.append(
            {
                **who,
                "job_id": spawner.job.job_id,
                "ready": bool(spawner.ready),
                "state": job.state if job else "UNKNOWN",
                "node": job.node if job else "",
                "start": job.start if job else None,
                "end": spawner.job.end[0],
                "text": "ready" if spawner.ready else facts["sentence"],
                "learner": facts,
            }
        )
    return {
        "age_s": None if snapshot is None else round(time.monotonic() - snapshot.began, 1),
        "stale": watcher.failure is not None,
        "sessions": sorted(sessions, key=_by_name),
        "without_job": sorted(without, key=_by_name),
    }


def _by_name(session: Mapping[str, Any]) -> tuple[str, str]:
    return session["user"], session["server"]
