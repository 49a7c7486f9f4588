"""Messages of instructors: shown on the learner's pages and on the desktop until the learner has read them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.text import plain_text
from classdesk_desktop.server.channel import Channels, Listener, Message

LONGEST_TEXT: Final = 2000
MOST_UNREAD: Final = 20

Notify = Callable[[str, str], Awaitable[int]]
Withdraw = Callable[[int], Awaitable[None]]


class Messages:
    """The messages that the learner has not dismissed yet, the oldest first.

    Args:
        channels: where the learner's pages listen.
        memory: keeps them for the next server of the session.
        notify: shows a notification on the desktop, and returns its number; 0 where there is none.
        withdraw: takes one back.
    """

    def __init__(self, channels: Channels, memory: Memory, notify: Notify, withdraw: Withdraw) -> None:
        self._channels = channels
        self._memory = memory
        self._notify = notify
        self._withdraw = withdraw
        self._on_desktop: list[int] = []
        self._at_work: set[asyncio.Task[None]] = set()
        self._unread: list[Message] = memory.get("messages") or []
        channels.on("seen", self._seen)
        channels.on_open(self._show_unread)

    async def send(self, sender: str, given: object) -> int:
        """Show a message; returns the number of the learner's pages that show it now.

        Raises:
            TextError: the text cannot be taken.
        """
        text = plain_text(given, LONGEST_TEXT)
        return await self._show(f"Message from {sender}", text, {"from": sender, "text": text})

    async def tell(self, sentence: str, end: float | None = None) -> int:
        """Say what an instructor has done; stays like a message.

        Args:
            sentence: What it is.
            end: When the session ends now, in Unix seconds; pages say it by their reader's clock.

        Returns:
            The number of pages as `send` does.
        """
        until = "" if end is None else f" It ends at {time.strftime('%H:%M', time.localtime(end))}."
        return await self._show("Your session", f"{sentence}{until}", {"from": "", "text": sentence, "end": end})

    async def _show(self, title: str, on_desktop: str, told: Message) -> int:
        message: Message = {"type": "message", "id": secrets.token_hex(8), "time": time.time(), **told}
        self._keep([*self._unread, message][-MOST_UNREAD:])
        shown = self._channels.broadcast(message, to="owner")
        # Once: on the pages, and where none is open, on the desktop.
        if not shown and (number := await self._notify(title, on_desktop)):
            self._on_desktop.append(number)
        return shown

    def _keep(self, unread: list[Message]) -> None:
        self._unread = unread
        self._memory.set("messages", unread)

    def _show_unread(self, listener: Listener) -> None:
        if listener.is_owner:
            for message in self._unread:
                listener.send(message)
            task = asyncio.create_task(self._clear_desktop())
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

    async def _clear_desktop(self) -> None:
        """Take back what the page shows now."""
        while self._on_desktop:
            await self._withdraw(self._on_desktop.pop())

    def _seen(self, listener: Listener, message: Message) -> None:
        if listener.is_owner:
            seen = message.get("id")
            self._keep([kept for kept in self._unread if kept["id"] != seen])
            # The learner's other pages put it away, too.
            self._channels.broadcast({"type": "seen", "id": seen}, to="owner")
