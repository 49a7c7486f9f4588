"""Who asks: the learner whose session this is, or a visitor whom the hub lets in.

A visitor is anybody else with the scope `access:servers` on this session: an instructor of the learner's class,
in practice. To JupyterHub that scope means everything, terminals and files included. Here it means the few calls
of `OPEN_TO_VISITORS`, and nothing else: whatever is added to the server is closed to visitors until it is listed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from jupyter_server.base.handlers import JupyterHandler
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider, JupyterHubUser
from tornado.web import Finish, HTTPError, RequestHandler

from classdesk_desktop.protocol import Refusal, SessionPath

OPEN_TO_VISITORS: Final[Mapping[str, frozenset[str]]] = {
    path: frozenset(methods.split())
    for path, methods in {
        SessionPath.CHANNEL: "GET",
        SessionPath.RESET: "POST",
        SessionPath.MESSAGE: "POST",
        SessionPath.ANNOUNCE: "POST",
        SessionPath.HAND: "DELETE POST",
        SessionPath.THUMBNAIL: "GET",
        SessionPath.SCREEN: "GET",
    }.items()
}
"""What visitors may call, through the hub's class console: paths below the session's own address, and methods."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in and whom the hub lets in.

    Attributes:
        name: the name of the hub's account.
        is_owner: whether the session is this person's own.
        is_service: whether it is a service of the hub, such as the one behind administrators' commands.
    """

    name: str
    is_owner: bool
    is_service: bool = False

    @property
    def shown(self) -> str:
        """What a learner reads: a service's name says nothing to them."""
        return "An administrator" if self.is_service else self.name


def who_asks(handler: JupyterHandler) -> Person:
    """The person behind a request that the server has let in.

    Without a hub there are no visitors: who has the token of such a server is its owner.
    """
    owner = os.environ.get("JUPYTERHUB_USER", "")
    user = handler.current_user
    if not isinstance(user, JupyterHubUser):
        return Person(owner, is_owner=True)
    is_service = user.hub_user.get("kind", "user") != "user"
    return Person(user.username, _is_owner(user.hub_user), is_service)


def only_visitors(handler: JupyterHandler) -> Person:
    """The visitor who asks.

    Raises:
        HTTPError: 403, it is the owner.
    """
    person = who_asks(handler)
    if person.is_owner:
        raise HTTPError(403, "Only your instructors can do this: you cannot do it in your own session.")
    return person


def _is_owner(hub_user: Mapping[str, Any]) -> bool:
    # A service of the hub may have the name of a user; it is not that user.
    is_user = hub_user.get("kind", "user") == "user"
    return is_user and hub_user.get("name") == os.environ.get("JUPYTERHUB_USER")


def is_open_to_visitors(base_url: str, path: str, method: str) -> bool:
    """Whether visitors may make a request. Only the exact addresses count: no pattern, no decoding."""
    if not path.startswith(base_url):
        return False
    return method in OPEN_TO_VISITORS.get(path[len(base_url) :], frozenset())


class SessionIdentityProvider(JupyterHubIdentityProvider):  # type: ignore[misc]
    """Lets in whom the hub lets in, and keeps visitors to what is open to them.

    Every handler of jupyter_server and its extensions asks this before anything else, be it for a page, a call or
    a websocket, with a token or with a cookie. What does not ask (static files, redirects) is open to the world.
    """

    async def get_user(self, handler: JupyterHandler) -> JupyterHubUser | None:
        """The user who asks, or None.

        Raises:
            Finish: it is a visitor, and this is not open to visitors; the request is answered already.
        """
        user = await super().get_user(handler)
        if user is None or _is_owner(user.hub_user):
            return user
        request = handler.request
        if is_open_to_visitors(handler.base_url, request.path, request.method or ""):
            return user
        self.log.warning("Refused to the visitor %s: %s %s", user.username, request.method, request.path)
        _refuse(handler)
        raise Finish


def _refuse(handler: RequestHandler) -> None:
    """Answer a request with a sentence.

    Not by raising an error: then it is for the handler to tell it, and one of JupyterLab's never answers.
    """
    sentence = "Visitors can see a session's desktop in the class console, and nothing else of the session."
    is_for_a_person = "text/html" in handler.request.headers.get("Accept", "")
    RequestHandler.set_status(handler, 403)
    RequestHandler.set_header(handler, "Content-Type", "text/plain" if is_for_a_person else "application/json")
    RequestHandler.finish(handler, sentence if is_for_a_person else asdict(Refusal(sentence)))
