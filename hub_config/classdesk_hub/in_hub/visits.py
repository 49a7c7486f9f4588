"""Where an instructor's browser comes to a learner's session, it is led to the console, which shows the desktop.

What a session serves is its learner's: a page of it, opened by an instructor, could do all that the instructor may do.
So the log-in of a session, through which every browser comes to it, is for its learner alone; an instructor gets the
console's own page. The console's calls come with a token of their own and need no log-in.
"""

from urllib.parse import quote

from jupyterhub import orm
from jupyterhub.apihandlers import default_handlers
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.utils import url_path_join

from classdesk_hub.site.file import Site
from classdesk_spawner import replace_handler

from .audit_hooks import class_name_of
from .roles import CONSOLE


class VisitorAuthorizeHandler(OAuthAuthorizeHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """JupyterHub's own, but for visits to a session of a class."""

    site: Site

    async def prepare(self) -> None:
        """Lead an instructor away, before anything is given out."""
        await super().prepare()
        page = self._watching_page()
        if page and not self._finished:
            self.redirect(page)

    def _watching_page(self) -> str:
        """Return the console's page for the session that is asked for; empty where JupyterHub is to decide."""
        client = self.get_argument("client_id", "")
        server = self.db.query(orm.OAuthClient).filter_by(identifier=client).one_or_none()
        who = self.current_user
        if who is None or server is None or server.spawner is None:
            return ""
        learner = server.spawner.user.name
        name = class_name_of(self.site, who.name, learner, self.db)
        if learner == who.name or not name or not self.has_scope(f"admin:servers!group={name}"):
            return ""
        path = f"class/{name}/watch/{quote(learner, safe='')}"
        return str(url_path_join(self.base_url, "services", CONSOLE, path))


def configure(site: Site) -> None:
    """Put our handler into JupyterHub's list, in the place of its own."""
    handler = type("VisitorAuthorizeHandler", (VisitorAuthorizeHandler,), {"site": site})
    replace_handler(default_handlers, OAuthAuthorizeHandler, handler)
