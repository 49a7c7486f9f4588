"""Where an instructor's browser comes to a learner's session, it is led to the console, which shows the desktop.

What a session serves is its learner's: a page of it, opened by an instructor, could do all that the instructor may do.
So the log-in of a session, through which every browser comes to it, is for its learner alone; an instructor gets the
console's own page. The console's calls come with a token of their own and need no log-in. Where no session runs, its
address is the hub's, and leads an instructor to the same page, which says so and can start one.
"""

from urllib.parse import quote

from jupyterhub import orm
from jupyterhub.apihandlers import default_handlers as api_handlers
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.handlers import BaseHandler, default_handlers
from jupyterhub.handlers.base import UserUrlHandler
from jupyterhub.utils import url_path_join

from classdesk_hub.site.file import Site
from classdesk_spawner import replace_handler

from .audit_hooks import class_name_of
from .roles import CONSOLE


class _LedAway(BaseHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """A handler of JupyterHub's, but for an instructor who comes to a session of their class."""

    site: Site

    async def prepare(self) -> None:
        """Lead an instructor away, before anything is given out."""
        await super().prepare()
        learner = self.session_of()
        if learner and not self._finished and (page := self._watching_page(learner)):
            self.redirect(page)

    def session_of(self) -> str:
        """Return the name of the learner whose session is asked for; empty where it is nobody's."""
        raise NotImplementedError

    def _watching_page(self, learner: str) -> str:
        """Return the console's page for a session; empty where JupyterHub is to decide."""
        who = self.current_user
        if who is None or learner == who.name:
            return ""
        name = class_name_of(self.site, who.name, learner, self.db)
        if not name or not self.has_scope(f"admin:servers!group={name}"):
            return ""
        path = f"class/{name}/watch/{quote(learner, safe='')}"
        return str(url_path_join(self.base_url, "services", CONSOLE, path))


class VisitorAuthorizeHandler(_LedAway, OAuthAuthorizeHandler):  # type: ignore[misc]  # as above
    """The log-in of a session."""

    def session_of(self) -> str:
        """Return whose session wants to know who comes."""
        client = self.get_argument("client_id", "")
        server = self.db.query(orm.OAuthClient).filter_by(identifier=client).one_or_none()
        return str(server.spawner.user.name) if server is not None and server.spawner is not None else ""


class VisitorAddressHandler(_LedAway, UserUrlHandler):  # type: ignore[misc]  # as above
    """The address of a session that does not run."""

    def session_of(self) -> str:
        """Return whose address a browser opens; the calls of programs are answered as JupyterHub does."""
        return str(self.path_kwargs["user_name"]) if self.request.method == "GET" else ""


def configure(site: Site) -> None:
    """Put our handlers into JupyterHub's lists, in the place of its own."""
    for handlers, stock, ours in (
        (api_handlers, OAuthAuthorizeHandler, VisitorAuthorizeHandler),
        (default_handlers, UserUrlHandler, VisitorAddressHandler),
    ):
        replace_handler(handlers, stock, type(ours.__name__, (ours,), {"site": site}))
