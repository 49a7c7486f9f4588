"""JupyterHub's start and stop of a session, where *Cancel* can be pressed in two tabs."""

from typing import Any

from jupyterhub.apihandlers.users import UserServerAPIHandler

from .upstream import stop_of


class ServerHandler(UserServerAPIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """JupyterHub's own handler, in which a second stop is not an exception."""

    async def stop_single_user(self, user: Any, server_name: str = "") -> Any:
        """Stop a session, or join the stop that somebody else has begun while this one let the start end."""
        spawner = user.spawners[server_name]
        if spawner.pending == "stop":
            return stop_of(spawner)
        return await super().stop_single_user(user, server_name)
