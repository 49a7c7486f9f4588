"""What the hub shows and serves beyond JupyterHub's own: start form, lesson files."""

import asyncio
import logging
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jupyterhub.handlers import BaseHandler, default_handlers
from jupyterhub.handlers.login import LogoutHandler
from jupyterhub.handlers.pages import HomeHandler, SpawnHandler, TokenPageHandler
from tornado import web
from tornado.web import StaticFileHandler

from classdesk_desktop.protocol import HubPath
from classdesk_hub.site.file import Site
from classdesk_hub.site.reconnecting import reconnecting_page
from classdesk_spawner import CLASS_KEY, FIELD_LABELS, SessionError, replace_handler, shown

from . import class_api, sessions
from .home import LINK_KEY, HomePageHandler, OwnSessionHandler
from .lesson_files import LessonFileHandler
from .login import LogOutHandler
from .own_session import form_fields, ui_of, wanted
from .roles import CONSOLE
from .site_page import SitePage
from .upstream import SpawnPage

_FORM_FIELDS = {*FIELD_LABELS, CLASS_KEY}


class FormLinkHandler(SitePage, SpawnPage):
    """The start form, with links that preset it: `/hub/spawn?ui=desktop&cores=2&hours=3`.

    JupyterHub starts a server at once when a link has any argument. Here only its `opt-` arguments
    do; a link with our fields' plain names shows the form, filled in.
    """

    async def prepare(self) -> None:
        """Make text of bytes that are none, so that the validation refuses them in a sentence."""
        request = self.request
        for arguments in (request.query_arguments, request.body_arguments, request.arguments):
            for values in arguments.values():
                values[:] = [value.decode("utf-8", "replace").encode() for value in values]
        await super().prepare()

    def leads_elsewhere(self, user_name: str, server_name: str) -> bool:
        """Where another interface runs than a link is for, lead to the home page, which says so."""
        # *Back* must not show a form as if nothing ran.
        self.set_header("Cache-Control", "no-store")
        query = form_fields(self.request.query)
        wish = wanted(query, self.site)
        user = self.current_user
        if wish and user_name == user.name and not server_name and user.spawner.active:
            running = ui_of(user.spawner)
            if running and running != wish[0]:
                self.redirect(f"{self.hub.base_url}home?{urlencode({LINK_KEY: urlencode(query)})}")
                return True
        return False

    @property
    def template_namespace(self) -> dict[str, Any]:
        """What the page knows: also the form's own address, without what a link has preset."""
        after = self.get_query_argument("next", "")
        query = f"?{urlencode({'next': after})}" if after else ""
        return {**super().template_namespace, "form_address": f"{self.request.path}{query}"}

    def options_in(self, query: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return what is not one of our fields."""
        # An address with the form's token, from somebody's history, is not a wish to start something.
        plain = {*_FORM_FIELDS, "_xsrf"}
        return {key: value for key, value in query.items() if key not in plain}

    def spawn_single_user(self, *args: Any, **kwargs: Any) -> "asyncio.Future[None]":
        """Start a session; how it fails is kept with the session, so that nobody need ask the task."""
        start: asyncio.Future[None] = asyncio.ensure_future(self._start_once(*args, **kwargs))
        start.add_done_callback(lambda done: done.cancelled() or done.exception())
        return start

    async def _start_once(self, user: Any, server_name: str = "", display_name: str = "", options: Any = None) -> None:
        """Start a session. Of two presses at the same moment the second meets the first here, and waits on its page."""
        try:
            await super().spawn_single_user(user, server_name, display_name, options)
        except RuntimeError:
            if user.spawners[server_name].pending != "spawn":
                raise


class _RefusalsInOneLine(logging.Filter):
    """Leaves out the traceback of what is not a fault of the program: its sentence and detail say all."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, SessionError):
            record.msg, record.args = f"{record.getMessage()}: {error}", ()
            record.exc_info = record.exc_text = None
        return True


class _WithoutPulse(logging.Filter):
    """Leaves out what comes every few seconds from each session and each second from the console, and went well."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(_PULSE)


_PULSE = (f"200 POST /hub/api/{HubPath.REPORT} ", "200 GET /hub/api/classdesk/sessions?fresh=1 ")


class ConsoleIsStartingHandler(SitePage, BaseHandler):  # type: ignore[misc]  # as above
    """What the proxy sends to the hub while it has no way to the console: a page that tries again, not “404”.

    So it is for a moment after hub and proxy have started.
    """

    def get(self, path: str | None) -> None:
        """Lead to the same page of the console; where it was something else, to its first."""
        page = re.fullmatch(r"class/[a-z0-9_-]+", path or "")
        again = f"/services/{CONSOLE}/{page[0] if page else ''}"
        self.set_status(503)
        self.finish(reconnecting_page(self.site, again))


class NoSuchClassError(web.HTTPError):
    """The address of a class that the site does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(404)
        self.jupyterhub_message = f"There is no class {shown(name)}. Check the address, or ask your instructor for it."


class ClassLinkHandler(SitePage, BaseHandler):  # type: ignore[misc]  # as above
    """`GET /c/NAME`: a class's short address, which is read out and typed."""

    @web.authenticated
    async def get(self, name: str) -> None:
        """Lead to the form of the class.

        Raises:
            NoSuchClassError: There is no such class.
        """
        name = name.strip("/").lower()
        if name not in self.site.classes:
            raise NoSuchClassError(name)
        self.redirect(f"{self.hub.base_url}spawn?{urlencode({CLASS_KEY: name})}")


class OwnTokensHandler(SitePage, TokenPageHandler):  # type: ignore[misc]  # as above
    """JupyterHub's page of tokens, without those that a running session works with."""

    def render_template(self, name: str, sync: bool = False, **names: Any) -> Any:
        """Leave out what nobody has asked for, and what would cut a session off its hub."""
        if name == "token.html":
            names["api_tokens"] = [
                token for token in names["api_tokens"] if not (token.note or "").startswith(_SESSION_TOKENS)
            ]
            names["oauth_clients"] = [
                client
                for client in names["oauth_clients"]
                if client["client"].spawner is None and client["client"].identifier != _CONSOLE_CLIENT
            ]
        return super().render_template(name, sync=sync, **names)


_SESSION_TOKENS = "Server at "
"""How JupyterHub's note of the token begins that a session gets."""

_CONSOLE_CLIENT = f"service-{CONSOLE}"


def configure(c: Any, site: Site) -> None:
    """Set templates and handlers."""
    logging.getLogger("JupyterHub").addFilter(_RefusalsInOneLine())
    logging.getLogger("tornado.access").addFilter(_WithoutPulse())
    c.JupyterHub.template_paths = [str(_directory("classdesk_hub") / "templates")]
    c.JupyterHub.template_vars = {
        **c.JupyterHub.get("template_vars", {}),
        "site_name": site.hub.name,
        "site_has_logo": bool(site.hub.logo),
    }
    static = _directory("classdesk_hub") / "static"
    c.JupyterHub.logo_file = site.hub.logo or str(static / "logo.svg")
    ours: list[tuple[Any, ...]] = [
        (r"/c/(.+)", ClassLinkHandler, {"site": site}),
        (r"/classdesk/session", OwnSessionHandler, {"site": site}),
        (sessions.ROUTE, sessions.SessionsHandler, {"site": site}),
        (class_api.CLASSES_ROUTE, class_api.ClassesHandler, {"site": site}),
        (class_api.ROSTER_ROUTE, class_api.RosterHandler, {"site": site}),
        (class_api.VISIT_ROUTE, class_api.VisitHandler, {"site": site}),
        (r"/lessons/(.+)", LessonFileHandler, {"directories": site.all_lesson_directories}),
        (
            r"/classdesk/spawner/(.+)",
            StaticFileHandler,
            {"path": str(_directory("classdesk_spawner") / "form" / "static")},
        ),
        (
            r"/classdesk/static/(.+)",
            StaticFileHandler,
            {"path": str(static)},
        ),
    ]
    if site.classes:
        ours.append((rf"/services/{CONSOLE}(?:/(.*))?", ConsoleIsStartingHandler, {"site": site}))
    routes = {row[0] for row in ours}
    # JupyterHub reads this list when it starts. Its `extra_handlers` come too late to take a route over.
    default_handlers[:] = [row for row in default_handlers if row[0] not in routes] + ours
    for stock, instead in _INSTEAD.items():
        replace_handler(default_handlers, stock, instead, {"site": site})


_INSTEAD: Mapping[type, type] = {
    SpawnHandler: FormLinkHandler,
    HomeHandler: HomePageHandler,
    TokenPageHandler: OwnTokensHandler,
    LogoutHandler: LogOutHandler,
}
"""Our handlers, by JupyterHub's that they take the place of."""


def _directory(package: str) -> Path:
    return Path(str(files(package)))
