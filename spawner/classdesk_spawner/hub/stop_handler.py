"""JupyterHub's start and stop of a session: *Cancel* can be pressed in two tabs, and learners read who stopped it."""

from typing import Any

from jupyterhub.apihandlers.users import UserServerAPIHandler
from jupyterhub.user import User

from .upstream import stop_of

_A_SERVICE = "An administrator"
"""Whom the learner reads of where a command or a service of the site asked."""


class ServerHandler(UserServerAPIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """JupyterHub's own handler, in which a second stop is not an exception."""

    async def stop_single_user(self, user: Any, server_name: str = "") -> Any:
        """Stop a session, or join the stop that somebody else has begun while this one let the start end."""
        spawner = user.spawners[server_name]
        if spawner.pending == "stop":
            return stop_of(spawner)
        who = self.current_user
        spawner.stopped_by = "" if who.name == user.name else who.name if isinstance(who, User) else _A_SERVICE
        return await super().stop_single_user(user, server_name)
