"""Tells a page whether a terminal has the desktop's keyboard: a Mac's Cmd + C is another key there than elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from classdesk_desktop import protocol
from classdesk_desktop.server.channel import Channels, Listener, Message
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.session.x11 import XConnection
from classdesk_desktop.supervisor.display import ask_x


class Focus:
    """Looks when a page asks, and only then; the answer takes a millisecond. Of visitors, those who look hear it."""

    def __init__(self, channels: Channels, runtime: RuntimeDirectory) -> None:
        self._runtime = runtime
        self._state = channels.state
        channels.on(protocol.FocusQuestion.type, self._answer)

    async def _answer(self, page: Listener, _message: Message) -> None:
        if page.is_owner or self._is_watching(page.name):
            program = await asyncio.to_thread(ask_x, self._runtime, XConnection.active_class)
            page.send(asdict(protocol.Focus("terminal" in (program or "").lower())))

    def _is_watching(self, name: str) -> bool:
        return any(watcher["name"] == name for watcher in self._state.snapshot().get("watchers", ()))
