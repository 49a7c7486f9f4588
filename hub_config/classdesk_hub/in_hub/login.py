"""Log-in with the accounts of this machine, and the pages of log-in and log-out."""

import asyncio
import pwd
from typing import Any

from jupyterhub.auth import PAMAuthenticator
from jupyterhub.handlers.login import LoginHandler, LogoutHandler
from tornado import web

from .own_session import Session, session_of
from .site_page import SitePage

_NOT_ALLOWED = (
    "The password is right, but this account may not use the desktops here. "
    "Please ask your instructor to have it added."
)


def account_name(typed: str) -> str:
    """Return the name of the account that somebody means: in its own spelling, else in small letters.

    A phone begins a name with a capital letter, and some sites have accounts such as `S1234567`.
    """
    for name in (typed, typed.lower()):
        try:
            return pwd.getpwnam(name).pw_name
        except (KeyError, ValueError):  # a null byte is not a name
            continue
    return typed


class AccountAuthenticator(PAMAuthenticator):  # type: ignore[misc]  # jupyterhub has no type information
    """PAM, for accounts in any spelling; JupyterHub's own knows small letters only."""

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Return the account's name if the password is right."""
        typed = data.get("username", "").strip()
        name = await asyncio.to_thread(account_name, typed)
        found: str | None = await super().authenticate(handler, {**data, "username": name})
        return found

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:  # noqa: ARG002
        """Return the log-in page; JupyterHub takes it from here and not from its own list."""
        return [("/login", LogInHandler)]

    def normalize_username(self, username: str) -> str:
        """Return the name under which the hub knows an account."""
        name = account_name(username)
        return str(self.username_map.get(name, name))

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Tell whether somebody may log in; who may not and knows the password is told why.

        Raises:
            HTTPError: The account may not, or is known to PAM and not to this machine.
        """
        try:
            allowed: bool = super().check_allowed(username, authentication)
        except KeyError:
            self.log.warning("PAM let %r in, but this machine has no such account.", username)
            raise web.HTTPError(
                403, "The hub's machine does not know this account. Please tell the administrator."
            ) from None
        if not allowed:
            self.log.warning("%r may not log in: not in a group of login.allowed_groups.", username)
            raise web.HTTPError(403, _NOT_ALLOWED)
        return allowed


class LogInHandler(LoginHandler):  # type: ignore[misc]  # as above
    """JupyterHub's log-in page, which takes any form for one."""

    async def post(self) -> None:
        """Log somebody in, or show the page again with the reason."""
        for field in ("username", "password"):
            # JupyterHub reads them without asking whether they are there.
            self.request.body_arguments.setdefault(field, [b""])
            self.request.arguments.setdefault(field, [b""])
        await super().post()


class LogOutHandler(SitePage, LogoutHandler):  # type: ignore[misc]  # as above
    """JupyterHub's log-out, with a page that says what goes on without the learner."""

    _left: Session | None = None

    async def handle_logout(self) -> None:
        """Remember what runs: the page comes when nobody is logged in any more."""
        user = self.current_user
        if user is not None:
            self._left = session_of(user, self.site)

    async def render_logout_page(self) -> None:
        """Say that a session still runs, and until when."""
        self.set_header("Cache-Control", "no-store")
        self.finish(await self.render_template("logout.html", session=self._left))
