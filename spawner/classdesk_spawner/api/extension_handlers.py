"""`POST …/classdesk/extend`, by a session, and `POST …/classdesk/users/NAME/extend`, by an instructor."""

from typing import Any

from jupyterhub.apihandlers import APIHandler
from tornado import web

from classdesk_desktop.messages import as_json
from classdesk_desktop.protocol import HubPath
from classdesk_spawner.session.extension import ExtensionError, extend, learners_minutes, read_minutes

from .session_handler import SessionHandler

EXTEND_ROUTE = f"/api/{HubPath.EXTEND}"
USER_EXTEND_ROUTE = r"/api/classdesk/users/([^/]+)/extend"


class ExtendHandler(SessionHandler):
    """A learner presses *Extend*; their session asks with its own token."""

    @web.authenticated
    async def post(self) -> None:
        """Take an `Extend` or nothing; answer with the `Extension`, or 403 or 409 with a sentence."""
        spawner = self.session()
        asked = _minutes(self)
        minutes = learners_minutes(spawner.settings.desktop, asked)
        self.finish(as_json(await extend(spawner, minutes)))


class UserExtendHandler(APIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """An instructor gives a learner more time."""

    @web.authenticated
    async def post(self, name: str) -> None:
        """Take an `Extend`; answer with the `Extension`, or 403 or 409 with a sentence."""
        if not self.has_scope(f"admin:servers!user={name}"):
            raise web.HTTPError(403, "You may not extend this session.")
        minutes = _minutes(self)
        if minutes is None:
            raise web.HTTPError(400, 'Expected {"minutes": N}.')
        user = self.find_user(name)
        spawner = user.spawners[""] if user else None
        if spawner is None:
            raise ExtensionError("The session is not running, so it cannot be extended.")
        self.finish(as_json(await extend(spawner, minutes)))


def _minutes(handler: Any) -> int | None:
    return read_minutes(handler.get_json_body(), lambda text: web.HTTPError(400, text))
