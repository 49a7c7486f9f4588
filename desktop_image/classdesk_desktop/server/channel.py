"""The channel between the session and its pages: what changes is told at once, in small JSON messages.

A part of the session that has something to tell puts it into `Channels.state`, or sends a message of its own
with `Channels.broadcast`; one that wants to be told something registers itself with `Channels.on`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

from classdesk_desktop.protocol import Ping, Pong, SessionFacts
from classdesk_desktop.session.runtime import read_state

Message = dict[str, Any]

# Facts that no page has a use for.
_FOR_THE_HUB: Final = frozenset({"pages", "ending"})
# The state file is looked at, by its time stamp, only while somebody listens.
_LOOK_SECONDS: Final = 0.2

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Somebody at the other end of the channel.

    Attributes:
        name: who it is, by the hub's user name.
        is_owner: whether the session is this person's own.
    """

    name: str
    is_owner: bool

    def send(self, message: Message) -> None:
        """Send a message; one that cannot be sent any more is lost."""


Handler = Callable[[Listener, Message], Awaitable[None] | None]
ListenersHandler = Callable[[Listener], None]


class SessionState:
    """What is known of the session: the desktop's state file, and what parts of the server add to it."""

    def __init__(self, state_file: Path, **facts: object) -> None:
        self._file = state_file
        self._mark: tuple[int, int] | None = None
        self._desktop: dict[str, object] = read_state(state_file)
        self._facts = facts
        self._changed: list[Callable[[], None]] = []

    def update(self, **facts: object) -> None:
        """Set some of the facts; whoever watches is told, if one of them is new."""
        new = {**self._facts, **facts}
        if new != self._facts:
            self._facts = new
            self._tell()

    def refresh(self) -> None:
        """Read the state file again, if it has been written since; whoever watches is told."""
        try:
            status = self._file.stat()
            mark = (status.st_mtime_ns, status.st_ino)
        except OSError:
            return
        if mark != self._mark:
            self._mark = mark
            before, self._desktop = self._desktop, read_state(self._file)
            if self._desktop != before:
                self._tell()

    def snapshot(self) -> dict[str, Any]:
        """All facts as they are now."""
        self.refresh()
        return {"safe": False, "safe_reason": "", **self._desktop, **self._facts}

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call a function after each change."""
        self._changed.append(tell)

    def _tell(self) -> None:
        for tell in self._changed:
            tell()


class Channels:
    """All open channels of the session.

    Attributes:
        state: what the pages are told at their start and at each change.
        has_ended: whether the session has said goodbye.
        announced: what an instructor has said they are about to do to the session, as a sentence, and when (monotonic).
    """

    def __init__(self, state: SessionState) -> None:
        self.state = state
        self.has_ended = False
        self.announced: tuple[str, float] = ("", 0.0)
        self._listeners: list[Listener] = []
        self._handlers: dict[str, list[Handler]] = defaultdict(list)
        self._opened: list[ListenersHandler] = []
        self._closed: list[ListenersHandler] = []
        self._told: dict[str, Any] = {}
        self._looking: asyncio.Task[None] | None = None
        self._at_work: set[asyncio.Task[None]] = set()
        state.on_change(self._tell_state)
        self.on(Ping.type, _answer_ping)

    def __iter__(self) -> Iterator[Listener]:
        """The listeners who are there now."""
        return iter(tuple(self._listeners))

    def broadcast(self, message: Message, to: str = "all") -> int:
        """Send a message to some of the pages.

        Args:
            message: what to send, with its "type".
            to: "all", "owner" (the owner's pages), or a person's name.

        Returns:
            The number of pages that it was sent to.
        """
        chosen = [
            listener
            for listener in self
            if to == "all" or (listener.is_owner if to == "owner" else listener.name == to)
        ]
        for listener in chosen:
            listener.send(message)
        return len(chosen)

    def on(self, kind: str, handler: Handler) -> None:
        """Call a function for each message of a type; it must check what the sender may do."""
        self._handlers[kind].append(handler)

    def on_open(self, handler: ListenersHandler) -> None:
        """Call a function when a page has opened its channel, after the state was sent."""
        self._opened.append(handler)

    def on_close(self, handler: ListenersHandler) -> None:
        """Call a function when a page's channel has closed."""
        self._closed.append(handler)

    def add(self, listener: Listener) -> None:
        """Let a page listen; the first thing it hears is the state."""
        self.state.refresh()
        self._listeners.append(listener)
        self._told = self._facts()
        listener.send(self.state_message())
        for handler in self._opened:
            handler(listener)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    def remove(self, listener: Listener) -> None:
        """Forget a page."""
        with contextlib.suppress(ValueError):
            self._listeners.remove(listener)
            for handler in self._closed:
                handler(listener)
        if not self._listeners and self._looking:
            self._looking.cancel()

    def receive(self, listener: Listener, text: str | bytes) -> None:
        """Hand a page's message to those who wait for its type. What is not a message is dropped."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        for handler in self._handlers.get(str(message.get("type")), ()):
            work = handler(listener, message)
            if work is not None:
                task = asyncio.ensure_future(_logged(work))
                self._at_work.add(task)
                task.add_done_callback(self._at_work.discard)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.state.refresh()

    def _tell_state(self) -> None:
        facts = self._facts()
        if facts != self._told:
            self._told = facts
            self.broadcast(self.state_message())

    def _facts(self) -> dict[str, Any]:
        return {key: fact for key, fact in self.state.snapshot().items() if key not in _FOR_THE_HUB}

    def state_message(self) -> Message:
        """The state, and the time by which its other times count: clocks of laptops are often wrong."""
        return {"type": SessionFacts.type, "now": time.time(), **self._facts()}


def _answer_ping(listener: Listener, message: Message) -> None:
    listener.send(asdict(Pong(message.get("t", 0.0))))


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - one part's fault must not silence the others
        _log.exception("A message of the page could not be dealt with.")
