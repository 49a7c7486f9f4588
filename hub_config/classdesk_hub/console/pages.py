"""The console's pages, and the classes that somebody sees."""

from typing import Any

from jupyterhub.services.auth import HubOAuthCallbackHandler
from tornado import web

from classdesk_hub.audit import ACT_TITLES

from .base import SECURITY, ConsoleHandler, translated
from .context import Context


class _Classes(ConsoleHandler):
    def classes(self) -> list[dict[str, Any]]:
        """Return the classes of who asks."""
        return [
            {
                "name": name,
                "title": class_.shown_title(name),
                "learners": len(self.context.view.members.get(name, {})),
                "preset": class_.preset.model_dump(),
            }
            for name, class_ in self.context.site.classes.items()
            if self.may_see(name)
        ]


class HomeHandler(_Classes):
    """Leads to the class, or shows the list where there are several."""

    is_page = True

    async def get(self) -> None:
        """Answer with the page."""
        classes = self.classes()
        if len(classes) == 1:
            self.redirect(f"{self.context.prefix}class/{classes[0]['name']}")
            return
        await self.context.view.fresh()
        self.finish(self.context.page("classes.html", classes=self.classes(), user=self.user_name))


class BoardHandler(_Classes):
    """The page of a class."""

    is_page = True

    def get(self, name: str) -> None:
        """Answer with the page; it reads the learners itself."""
        class_ = self.class_(name)
        desktop = self.context.site.desktop
        self.finish(
            self.context.page(
                "board.html",
                class_name=name,
                class_title=class_.shown_title(name),
                observe=desktop.observe,
                titles=ACT_TITLES,
                thumbnails=desktop.thumbnails,
                may_import=class_.may_import == "instructor" or self.may_change_group(name),
                user=self.user_name,
                xsrf_token=self.xsrf_token.decode(),
            )
        )


class ClassesHandler(_Classes):
    """`GET api/classes`."""

    @translated
    async def get(self) -> None:
        """Answer with the classes of who asks."""
        await self.context.view.fresh()
        self.answer(self.classes())


class CallbackHandler(HubOAuthCallbackHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """The last step of a log-in, with a page where it does not work: hub or console may have been restarted in it."""

    def initialize(self, context: Context) -> None:
        """Take what all handlers share."""
        self.context = context

    def set_default_headers(self) -> None:
        """Let no other site frame or read the console."""
        for name, value in SECURITY.items():
            self.set_header(name, value)

    def write_error(self, _status_code: int, **_kwargs: Any) -> None:
        """Lead to the page itself, which begins anew; an address with a code is good for once."""
        refused = bool(self.get_query_argument("error", ""))
        self.finish(
            self.context.page(
                "error.html",
                sentence="The hub does not let you into the console."
                if refused
                else "Your log-in did not come through: the hub or the console was restarted just now.",
                status=403 if refused else 503,
                again=self.context.prefix,
                user="",
            )
        )


class NowhereHandler(ConsoleHandler):
    """Everything else: who may not use the console does not learn what is there."""

    def initialize(self, context: Context) -> None:
        """Take what all handlers share; a person who has mistyped an address gets a page."""
        super().initialize(context)
        self.is_page = not self.request.path.startswith(f"{context.prefix}api/")

    async def prepare(self) -> None:
        """Find out who asks, then say that there is nothing."""
        await super().prepare()
        if not self._finished:
            raise web.HTTPError(404, "There is nothing here.")
