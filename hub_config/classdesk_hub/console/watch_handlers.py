"""The page on which an instructor looks at a learner's desktop, and the two websockets that bring the desktop to it.

An instructor's browser never opens what a learner's session serves: that could do all that the instructor may do. So
the page is the console's, and of the session it gets the picture's bytes, which noVNC draws, and a few checked words.
"""

import asyncio
import hmac
from typing import Any, Final

from tornado import web
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, WebSocketHandler

from classdesk_desktop.protocol import NOT_ALLOWED, TRY_AGAIN_LATER, SessionPath

from . import watched_session
from .base import CHECK_AGAIN_S, ConsoleHandler
from .hub_client import CallError

_LONGEST_PICTURE: Final = 1 << 22
_LONGEST_MESSAGE: Final = 1 << 16
_PING_S: Final = 30.0


class WatchHandler(ConsoleHandler):
    """The page."""

    is_page = True

    async def get(self, name: str, learner: str) -> None:
        """Answer with the page; it asks for the desktop itself."""
        await self.check_member(name, learner)
        class_ = self.class_(name)
        self.finish(
            self.context.page(
                "watch.html",
                class_name=name,
                class_title=class_.shown_title(name),
                learner=learner,
                user=self.user_name,
                may_paste=self.context.site.desktop.clipboard_in,
                xsrf_token=self.xsrf_token.decode(),
            )
        )


class NoVncHandler(web.StaticFileHandler):
    """noVNC's modules, from the hub's own installation."""

    def get_content_type(self) -> str:
        """Return the type that modules must have, whatever this machine's tables say."""
        return "text/javascript"


class _SessionSocket(ConsoleHandler, WebSocketHandler):
    """Carries messages between an instructor's page and a websocket of a learner's session, as long as both are there.

    Neither side is read faster than the other takes it, so that a slow one fills no memory here.
    """

    path: str
    longest: int
    ping_interval = _PING_S
    ping_timeout = _PING_S
    _session: WebSocketClientConnection | None = None
    _is_over = False

    def initialize(self, context: Any) -> None:
        """Take what all handlers share."""
        super().initialize(context)
        self._work: list[asyncio.Task[None]] = []

    @property
    def max_message_size(self) -> int:
        """The most bytes that a page may send at once."""
        return _LONGEST_MESSAGE

    async def prepare(self) -> None:
        """Find out who asks. JupyterHub lets websockets in by their cookie alone, which pages of sessions have, too."""
        self.refuse_other_sites()
        await super().prepare()
        by_cookie = not getattr(self, "_token_authenticated", False)
        given = self.get_query_argument("_xsrf", "").encode()
        if by_cookie and not hmac.compare_digest(given, self.xsrf_token):
            raise web.HTTPError(403, "Please reload the page.")

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002
        """Let it pass: `prepare` has looked, and knows of web servers before the proxy."""
        return True

    async def get(self, name: str, learner: str) -> None:
        """Open the websocket for an instructor of the learner's class."""
        await self.check_member(name, learner)
        if self.context.site.desktop.observe == "off":
            raise web.HTTPError(403, "This site does not allow instructors to view learners' desktops.")
        await super().get(name, learner)

    async def open(self, name: str, learner: str) -> None:
        """Connect to the session; where that does not work, close so that the page comes again."""
        self.set_nodelay(True)
        try:
            session = await self.context.hub.socket(learner, self.path, self.token, self.longest)
        except CallError:
            self.close(TRY_AGAIN_LATER)
            return
        if self._is_over:
            session.close()
            return
        self._session = session
        self._work = [
            asyncio.create_task(self._carry(session)),
            asyncio.create_task(self._keep_checking(name, learner)),
        ]

    async def on_message(self, message: str | bytes) -> None:
        """Hand on what the page says."""
        passed = self.from_page(message)
        if self._session is None or passed is None:
            return
        try:
            await self._session.write_message(passed, binary=isinstance(passed, bytes))
        except WebSocketClosedError:
            self.close(TRY_AGAIN_LATER)

    def on_close(self) -> None:
        """Leave the session."""
        self._is_over = True
        for task in self._work:
            task.cancel()
        if self._session is not None:
            self._session.close()

    def from_page(self, message: str | bytes) -> str | bytes | None:
        """Return what of a page's message goes to the session."""
        raise NotImplementedError

    def from_session(self, message: str | bytes) -> str | bytes | None:
        """Return what of a session's message goes to the page."""
        raise NotImplementedError

    async def _carry(self, session: WebSocketClientConnection) -> None:
        try:
            while (message := await session.read_message()) is not None:
                passed = self.from_session(message)
                if passed is not None:
                    await self.write_message(passed, binary=isinstance(passed, bytes))
        except WebSocketClosedError:
            return
        self.close(NOT_ALLOWED if session.close_code == NOT_ALLOWED else TRY_AGAIN_LATER)

    async def _keep_checking(self, name: str, learner: str) -> None:
        while True:
            await asyncio.sleep(CHECK_AGAIN_S)
            try:
                allowed = await self.still_allowed(name)
            except (web.HTTPError, HTTPClientError):
                continue  # the hub does not answer: it restarts, and what goes on goes on
            if not allowed or learner not in self.context.view.members.get(name, {}):
                self.close(NOT_ALLOWED)
                return


class PictureHandler(_SessionSocket):
    """The desktop's VNC connection. The session itself asks its learner, and lets no key pass before a yes."""

    path = SessionPath.SCREEN
    longest = _LONGEST_PICTURE

    def from_page(self, message: str | bytes) -> bytes | None:
        """Return bytes as they are."""
        return message if isinstance(message, bytes) else None

    def from_session(self, message: str | bytes) -> bytes | None:
        """Return bytes as they are; noVNC draws them, and the page takes nothing else of them."""
        return message if isinstance(message, bytes) else None


class ChannelHandler(_SessionSocket):
    """How the visit stands, and the wish for control."""

    path = SessionPath.CHANNEL
    longest = _LONGEST_MESSAGE

    def from_page(self, message: str | bytes) -> str | None:
        """Return what is known."""
        return watched_session.from_page(message)

    def from_session(self, message: str | bytes) -> str | None:
        """Return what is known."""
        return watched_session.from_session(message, self.user_name)
