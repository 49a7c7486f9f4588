"""What all handlers of the console have in common: who asks, what they may see, and errors as one sentence."""

import functools
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthenticated, UserNotAllowed, check_scopes
from tornado import web
from tornado.httpclient import HTTPClientError

from classdesk_hub.site.classes import ClassSettings

from .context import Context
from .hub_client import CallError

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

CHECK_AGAIN_S = 60.0
"""Seconds after which the rights of somebody who still looks are looked at again."""

_log = logging.getLogger("classdesk.console")

H = TypeVar("H", bound="ConsoleHandler")


class ConsoleHandler(HubOAuthenticated, web.RequestHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """Base of the handlers: nobody gets past it without the scope for the console.

    Attributes:
        user: The hub's model of who asks.
        token: Their own token; acts are done with it.
    """

    user: Mapping[str, Any]
    token: str
    needs_login = True
    is_page = False

    def initialize(self, context: Context) -> None:
        """Take what all handlers share."""
        self.context = context

    def set_default_headers(self) -> None:
        """Let no other site frame or read the console."""
        for name, value in SECURITY.items():
            self.set_header(name, value)

    async def prepare(self) -> None:
        """Find out who asks; refuse whom the hub does not let in."""
        if self.request.method not in {"GET", "HEAD"}:
            self.refuse_other_sites()
        try:
            # Cookies are accepted for what changes something only with the page's own XSRF token.
            model = await self.hub_auth.get_user(self, sync=False)
        except (web.HTTPError, HTTPClientError) as error:
            raise web.HTTPError(503, "The hub does not answer at the moment.") from error
        if model is None:
            if self.is_page:
                self.redirect(self.get_login_url())
                return
            raise web.HTTPError(403, "Please log in again: reload the page.")
        try:
            self.user = self.check_hub_user(model)
        except UserNotAllowed:
            raise web.HTTPError(403, "The console is for the instructors of a class.") from None
        self.token = self.hub_auth.get_token(self)

    def get_current_user(self) -> Any:
        """Return who asks; found out in `prepare`, without holding up others."""
        return getattr(self, "user", None)

    @property
    def user_name(self) -> str:
        """Name of who asks; empty while it is not known."""
        user = self.get_current_user()
        return str(user["name"]) if user else ""

    def may_see(self, name: str) -> bool:
        """Tell whether who asks is an instructor of a class, or more."""
        return bool(check_scopes({f"admin:servers!group={name}"}, set(self.user["scopes"])))

    def may_change_group(self, name: str) -> bool:
        """Tell whether who asks may change who is in any class: an administrator."""
        return bool(check_scopes({f"groups!group={name}"}, set(self.user["scopes"])))

    def class_(self, name: str) -> ClassSettings:
        """Return a class of who asks.

        Raises:
            tornado.web.HTTPError: 403 where there is none of this name, or it is somebody else's.
        """
        class_ = self.context.site.classes.get(name)
        if class_ is None or not self.may_see(name):
            raise web.HTTPError(403, f"There is no class “{name}” for you.")
        return class_

    async def check_member(self, name: str, learner: str) -> None:
        """Look whether somebody is a learner of a class of who asks.

        Raises:
            tornado.web.HTTPError: 403 where the class is not theirs, or the learner is not in it.
        """
        self.class_(name)
        view = self.context.view
        await view.fresh()
        if learner not in view.members.get(name, {}):
            raise web.HTTPError(403, "Not in your class.")

    async def still_allowed(self, name: str) -> bool:
        """Tell whether who asked for something that goes on is still an instructor of a class."""
        session_id = self.hub_auth.get_session_id(self)
        model = await self.hub_auth.user_for_token(self.token, sync=False, session_id=session_id)
        if model is None:
            return False
        self.user = model
        return self.may_see(name)

    def answer(self, data: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(data, separators=(",", ":")))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with one sentence, as JSON or as the error page."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        told = error.get_message() if isinstance(error, web.HTTPError) else ""
        message = told or "Something went wrong in the console; its log says what."
        if self.is_page:
            self.finish(
                self.context.page(
                    "error.html",
                    sentence=message,
                    status=status_code,
                    again="",
                    user=self.user_name,
                )
            )
        else:
            self.answer({"message": message}, status_code)

    def refuse_other_sites(self) -> None:
        """Refuse what a page of another site has sent.

        Raises:
            tornado.web.HTTPError: 403.
        """
        headers = self.request.headers
        site = headers.get("Sec-Fetch-Site")
        if site is not None:
            ok = site in {"same-origin", "none"}
        else:
            origin = headers.get("Origin")
            hosts = {headers.get("Host"), headers.get("X-Forwarded-Host")}
            ok = origin is None or urlsplit(origin).netloc in hosts
        if not ok:
            raise web.HTTPError(403, "The console does not accept requests from other sites.")


def translated(method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Let a handler answer with the sentence of a call that did not work."""

    @functools.wraps(method)
    async def wrapped(self: ConsoleHandler, *args: Any) -> None:
        try:
            await method(self, *args)
        except CallError as error:
            raise web.HTTPError(error.status or 503, error.sentence) from error

    return wrapped
