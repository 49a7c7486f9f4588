"""Messages of instructors: shown on the learner's pages and on the desktop until the learner has read them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.text import plain_text
from classdesk_desktop.server.channel import Channels, Listener, Message

LONGEST_TEXT: Final = 2000
MOST_UNREAD: Final = 20

Notify = Callable[[str, str], Awaitable[object]]


class Messages:
    """The messages that the learner has not dismissed yet, the oldest first."""

    def __init__(self, channels: Channels, memory: Memory, notify: Notify) -> None:
        self._channels = channels
        self._memory = memory
        self._notify = notify
        self._unread: list[Message] = memory.get("messages") or []
        channels.on("seen", self._seen)
        channels.on_open(self._show_unread)

    async def send(self, sender: str, given: object) -> int:
        """Show a message; returns the number of the learner's pages that show it now.

        Raises:
            TextError: the text cannot be taken.
        """
        text = plain_text(given, LONGEST_TEXT)
        return await self._show(sender, text, f"Message from {sender}")

    async def tell(self, sentence: str) -> int:
        """Say what an instructor has done; stays like a message. Returns the number of pages as `send` does."""
        return await self._show("", sentence, "Your session")

    async def _show(self, sender: str, text: str, title: str) -> int:
        message: Message = {
            "type": "message",
            "id": secrets.token_hex(8),
            "from": sender,
            "text": text,
            "time": time.time(),
        }
        self._keep([*self._unread, message][-MOST_UNREAD:])
        shown = self._channels.broadcast(message, to="owner")
        # Once: on the pages, and where none is open, on the desktop.
        if not shown:
            await self._notify(title, text)
        return shown

    def _keep(self, unread: list[Message]) -> None:
        self._unread = unread
        self._memory.set("messages", unread)

    def _show_unread(self, listener: Listener) -> None:
        if listener.is_owner:
            for message in self._unread:
                listener.send(message)

    def _seen(self, listener: Listener, message: Message) -> None:
        if listener.is_owner:
            seen = message.get("id")
            self._keep([kept for kept in self._unread if kept["id"] != seen])
            # The learner's other pages put it away, too.
            self._channels.broadcast({"type": "seen", "id": seen}, to="owner")
