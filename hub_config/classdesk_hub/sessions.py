"""The sessions of the hub, from the watcher's snapshot: `GET /hub/api/classdesk/sessions`."""

import json
import time
from collections.abc import Mapping
from typing import Any

from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope

from classdesk_spawner import Cluster, DesktopSpawner, cluster_for

from .site import Site

ROUTE = r"/api/classdesk/sessions"

SERVICE = "classdesk-status"
"""Name of the hub's service account whose token `classdesk sessions` uses."""

SCOPES = ("list:users", "read:servers")


class SessionsHandler(APIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """Tells administrators and the status command which sessions there are."""

    def initialize(self, site: Site) -> None:
        """Take the site, whose Slurm settings name the cluster."""
        super().initialize()
        self.site = site

    @needs_scope("list:users")  # type: ignore[untyped-decorator]  # as above
    def get(self) -> None:
        """Answer with the sessions, the age of what is known of them, and whether Slurm answers."""
        cluster = cluster_for(self.site.slurm)
        spawners = [spawner for user in self.users.values() for spawner in user.spawners.values()]
        self.finish(json.dumps(sessions_model(cluster, spawners)))


def sessions_model(cluster: Cluster, spawners: list[Any]) -> Mapping[str, Any]:
    """Return the sessions as JSON values; pure apart from the clock.

    Args:
        cluster: Whose snapshot is read; Slurm is not asked.
        spawners: The hub's spawners.
    """
    watcher = cluster.watcher
    snapshot = watcher.latest
    sessions = []
    for spawner in spawners:
        if not isinstance(spawner, DesktopSpawner) or spawner.job is None:
            continue
        job = spawner.job.seen
        sessions.append(
            {
                "user": spawner.user.name,
                "server": spawner.name,
                "job_id": spawner.job.job_id,
                "ready": bool(spawner.ready),
                "state": job.state if job else "UNKNOWN",
                "node": job.node if job else "",
                "start": job.start if job else None,
                "end": job.end if job else None,
                "text": "ready" if spawner.ready else spawner.progress_event()["message"],
            }
        )
    return {
        "age_s": None if snapshot is None else round(time.monotonic() - snapshot.began, 1),
        "stale": watcher.failure is not None,
        "sessions": sorted(sessions, key=lambda session: (session["user"], session["server"])),
    }
