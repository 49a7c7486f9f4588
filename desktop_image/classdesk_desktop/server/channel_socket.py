"""The websocket of the channel: one for each open page."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Final

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from classdesk_desktop.server.channel import Channels, Message
from classdesk_desktop.server.identity import who_asks
from classdesk_desktop.session.environment import dashboard_link

# Nothing that a page has to say is longer.
_LONGEST_MESSAGE: Final = 16 << 10
_PING_SECONDS: Final = 10.0


class ChannelSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Carries the channel's messages; the page asks for it again whenever it closes."""

    name = ""
    is_owner = False

    # jupyter_server's own interval is in other units, and slower than a proxy's patience.
    ping_interval = _PING_SECONDS
    ping_timeout = _PING_SECONDS

    @property
    def max_message_size(self) -> int:
        """The most bytes that a page may send at once."""
        return _LONGEST_MESSAGE

    @ws_authenticated
    async def get(self) -> None:
        """Open the websocket for somebody who has logged in."""
        await super().get()

    def open(self) -> None:
        """Let the page listen."""
        self.set_nodelay(True)
        person = who_asks(self)
        self.name, self.is_owner = person.name, person.is_owner
        if self.is_owner and (origin := self.request.headers.get("Origin")):
            # Of all that knows the hub's address, only the browser knows it as the learner does. What starts later in
            # notebooks and terminals has it.
            os.environ.update(dashboard_link(os.environ, origin))
        self._channels.add(self)

    def on_message(self, message: str | bytes) -> None:
        """Hand the page's message on."""
        self._channels.receive(self, message)

    def on_close(self) -> None:
        """Forget the page."""
        self._channels.remove(self)

    def send(self, message: Message) -> None:
        """Send a message; to a page that has just gone it is lost."""
        try:
            sent = asyncio.ensure_future(self.write_message(json.dumps(message)))
        except WebSocketClosedError:
            return
        # Asked for, so that nobody complains of it: the connection's end is told by on_close.
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())

    @property
    def _channels(self) -> Channels:
        channels: Channels = self.settings["classdesk_channels"]
        return channels
