"""The hub's home page: what runs, what ran last, and the classes of who looks; and what runs, for a session's page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.handlers.pages import HomeHandler
from tornado import web

from .own_session import form_fields, last_choice, session_of, wanted
from .roles import CONSOLE
from .site_page import SitePage

LINK_KEY = "link"
"""The argument that says which link to the form another session is in the way of."""


@dataclass(frozen=True)
class Group:
    """A class on somebody's home page.

    Attributes:
        title: What the pages call it.
        address: The page to open: the console, or the form.
        running: How many of its sessions run; None for a learner.
        members: How many learners it has.
    """

    title: str
    address: str
    running: int | None = None
    members: int = 0


class HomePageHandler(SitePage, HomeHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """`GET /hub/home`: JupyterHub's handler, with what our page shows."""

    def render_template(self, name: str, sync: bool = False, **names: Any) -> Any:
        """Render the page, with the session's facts."""
        facts = self._facts() if name == "home.html" else {}
        return super().render_template(name, sync=sync, **names, **facts)

    def _facts(self) -> dict[str, Any]:
        user, site = self.current_user, self.site
        self.set_header("Cache-Control", "no-store")
        link = form_fields(self.get_query_argument(LINK_KEY, "")[:500])
        return {
            "session": session_of(user, site),
            "last": last_choice(user.spawner.user_options or {}, site),
            "taught": self._taught(),
            "learned": self._learned(),
            "link": wanted(link, site),
            "link_query": urlencode(link),
            "cancelled": self.get_query_argument("cancelled", "") == "1",
        }

    def _taught(self) -> list[Group]:
        classes = []
        for name, class_ in self.site.classes.items():
            if self.current_user.name not in class_.instructors:
                continue
            group = orm.Group.find(self.db, name)
            members = [user.name for user in group.users] if group else []
            running = sum(
                bool(spawner.ready)
                for member in members
                if member in self.users
                for spawner in self.users[member].spawners.values()
            )
            address = f"{self.base_url}services/{CONSOLE}/class/{quote(name)}"
            classes.append(Group(class_.shown_title(name), address, running, len(members)))
        return classes

    def _learned(self) -> list[Group]:
        names = {group.name for group in self.current_user.orm_user.groups}
        return [
            Group(class_.shown_title(name), f"{self.base_url}c/{quote(name)}")
            for name, class_ in self.site.classes.items()
            if name in names
        ]


class OwnSessionHandler(SitePage, BaseHandler):  # type: ignore[misc]  # as above
    """`GET /hub/classdesk/session`: whose browser asks, and how their session is.

    The page of a session that takes it for nobody's any more asks: it is opened again once that leads to a session.
    """

    @web.authenticated
    async def get(self) -> None:
        """Answer with the name of the user, and the state of their session in a word of `own_session.Session`."""
        self.set_header("Cache-Control", "no-store")
        self.finish({"user": self.current_user.name, "state": session_of(self.current_user, self.site).state})
