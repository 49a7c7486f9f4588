"""Tells a page whether a terminal has the desktop's keyboard: a Mac's Cmd + C is another key there than elsewhere."""

from __future__ import annotations

import asyncio

from classdesk_desktop.server.channel import Channels, Listener, Message
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.session.x11 import XConnection
from classdesk_desktop.supervisor.display import ask_x


class Focus:
    """Looks when the learner's page asks, and only then; the answer takes a millisecond."""

    def __init__(self, channels: Channels, runtime: RuntimeDirectory) -> None:
        self._runtime = runtime
        channels.on("focus", self._answer)

    async def _answer(self, page: Listener, _message: Message) -> None:
        if page.is_owner:
            program = await asyncio.to_thread(ask_x, self._runtime, XConnection.active_class)
            page.send({"type": "focus", "terminal": "terminal" in (program or "").lower()})
