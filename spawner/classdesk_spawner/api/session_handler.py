"""Who asks, where a session calls the hub."""

from jupyterhub.apihandlers import APIHandler
from tornado import web

from classdesk_spawner.spawner import DesktopSpawner


class SessionHandler(APIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """Base of what a session asks of the hub, with its own token."""

    def session(self) -> DesktopSpawner:
        """Return the session that owns the request's token.

        Raises:
            tornado.web.HTTPError: 403 where it is not the token of a session.
        """
        token = self.get_auth_token()
        spawners = getattr(self.current_user, "spawners", {}).values() if token else ()
        for spawner in spawners:
            if isinstance(spawner, DesktopSpawner) and spawner.job and spawner.job.owns_token(token):
                return spawner
        raise web.HTTPError(403, "This token does not belong to a session of classdesk.")
