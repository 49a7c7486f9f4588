"""The call home of a session's server: "I listen on this port".

Takes the place of batchspawner's own handler, on the same route, so that its client works too. It
accepts one integer, from the session that owns the token, while that session starts. It sets
nothing else.
"""

import hmac
import json

from jupyterhub.apihandlers import APIHandler, default_handlers
from tornado import web

ROUTE = r"/api/batchspawner"

_LONGEST_BODY = 1024


class PortHandler(APIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """Accepts the port of a starting session."""

    @web.authenticated
    def post(self) -> None:
        """Take `{"port": N}` with 1024 <= N <= 65535; answer 201, 400, 403 or 409."""
        port = read_port(self.request.body)
        token = self.get_auth_token()
        user = self.current_user
        spawners = getattr(user, "spawners", {}).values() if token else ()
        spawner = next(
            (s for s in spawners if s.api_token and hmac.compare_digest(s.api_token, token)), None
        )
        # Imported late: the spawner's module imports this one.
        from ._spawner import DesktopSpawner

        if not isinstance(spawner, DesktopSpawner):
            raise web.HTTPError(403, "This token does not belong to a session of classdesk.")
        if not spawner.accept_port(port):
            raise web.HTTPError(409, "This session is not waiting for a port.")
        self.set_status(201)
        self.finish(json.dumps({"message": f"port {port} is noted"}))


def read_port(body: bytes) -> int:
    """Return the port from a request's body.

    Raises:
        tornado.web.HTTPError: 400 where the body is anything but `{"port": N}`.
    """
    try:
        data = json.loads(body) if len(body) <= _LONGEST_BODY else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or set(data) != {"port"}:
        raise web.HTTPError(400, 'Expected {"port": N} and nothing else.')
    port = data["port"]
    if not isinstance(port, int) or isinstance(port, bool) or not 1024 <= port <= 65535:
        raise web.HTTPError(400, "The port must be a whole number from 1024 to 65535.")
    return port


def install() -> None:
    """Put our handler in the place of batchspawner's, which importing batchspawner registered."""
    default_handlers[:] = [row for row in default_handlers if row[0] != ROUTE]
    default_handlers.append((ROUTE, PortHandler))
