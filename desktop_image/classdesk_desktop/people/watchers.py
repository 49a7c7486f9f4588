"""Who looks at the desktop, who asks to, and who has keyboard and mouse besides the learner.

A visitor's connection asks here before it shows anything (`Watchers.admit`) and is told here when to end. The learner's
pages hear of everything through the channel's state, and answer through the channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Final, Protocol

from classdesk_desktop import protocol
from classdesk_desktop.people.hand import Hand
from classdesk_desktop.people.record import Record
from classdesk_desktop.protocol import Observe, VisitReason, VisitState
from classdesk_desktop.server.channel import Channels, Listener, Message

ANSWER_SECONDS: Final = 60.0
"""How long a learner has to answer a visitor who asks to look."""

NOBODY_SECONDS: Final = 5.0
"""How long a learner may have no page open before a visitor's question is given up: a reload takes less."""

RETURN_SECONDS: Final = 60.0
"""How long a visitor whose connection was lost may come back without being announced, or asking, again."""

_LOOK_SECONDS: Final = 0.5

Notify = Callable[[str, str], Awaitable[object]]


class RefusedError(Exception):
    """A visitor may not look at the desktop; the text is the reason.

    Attributes:
        reason: for the console's page.
    """

    def __init__(self, reason: VisitReason) -> None:
        super().__init__(reason)
        self.reason: VisitReason = reason


class Visit(Protocol):
    """One connection of a visitor to the desktop."""

    def set_control(self, allowed: bool) -> None:
        """Let keyboard and mouse pass, or stop them and release what is pressed."""

    def end(self, reason: str) -> None:
        """Close the connection."""


class _Watcher:
    """One person who looks, with one connection or several."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.since = time.time()
        self.control = False
        self.visits: list[Visit] = []

    def facts(self) -> dict[str, object]:
        return {**asdict(protocol.Watcher(self.name, self.control)), "since": self.since}


class _Question:
    """A visitor's question that the learner has not answered yet; connections of the same visitor share it."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.waiting = 0


class Watchers:
    """All visitors who look at the desktop or ask to.

    Args:
        channels: where the learner's and the visitors' pages listen.
        policy: the site's `observe`.
        notify: shows a notification on the desktop.
        hand: the learner's raised hand: who comes to help may look without a question, where the learner has said so.
        record: takes down what was asked, given, refused and ended.
    """

    def __init__(self, channels: Channels, policy: Observe, notify: Notify, hand: Hand, record: Record) -> None:
        self._channels = channels
        self._hand = hand
        self._record = record
        self._policy = policy
        self._notify = notify
        self._watchers: dict[str, _Watcher] = {}
        self._questions: dict[str, _Question] = {}
        self._asks_for_control: str | None = None
        self._left: dict[str, float] = {}  # when somebody who had been admitted lost the last connection
        self._at_work: set[asyncio.Future[object]] = set()
        channels.on("view", self._view_answered)
        channels.on(protocol.Control.type, self._control_answered)
        self._publish()

    @asynccontextmanager
    async def admit(self, name: str, visit: Visit) -> AsyncIterator[None]:
        """Let a visitor look for as long as the context lasts.

        Raises:
            RefusedError: the site or the learner does not allow it, or the learner did not answer.
        """
        if not self._is_known(name):
            try:
                await self._allow(name)
            except RefusedError as refusal:
                self._record.note(name, "observe", refusal.reason)
                self._tell(name, "refused", refusal.reason)
                raise
        if not self._is_known(name):
            self._announce(name)
        self._hand.take(name)
        watcher = self._watchers.setdefault(name, _Watcher(name))
        watcher.visits.append(visit)
        visit.set_control(watcher.control)
        self._tell(name, "watching")
        self._publish()
        try:
            yield
        finally:
            self._leave(watcher, visit)

    def _is_known(self, name: str) -> bool:
        """Whether somebody looks already, or was admitted and lost the connection a moment ago."""
        left = self._left.get(name)
        just_left = left is not None and time.monotonic() - left < RETURN_SECONDS
        return name in self._watchers or just_left

    async def _allow(self, name: str) -> None:
        if self._policy == "off":
            raise RefusedError("off")
        if self._policy == "notify" or self._hand.lets_look:
            return
        question = self._questions.get(name)
        if question is None:
            question = self._questions[name] = _Question()
            self._publish()
            self._tell(name, "asking")
        question.waiting += 1
        try:
            allowed = await self._answer_to(question)
        finally:
            question.waiting -= 1
            if question.answer.done() or not question.waiting:
                self._questions.pop(name, None)
                self._publish()
        if not allowed:
            raise RefusedError("not now")

    async def _answer_to(self, question: _Question) -> bool:
        """Wait for the learner's answer, for as long as there is a page to answer on.

        Raises:
            RefusedError: nobody has answered, or nobody can.
        """
        seen = time.monotonic()
        give_up = seen + ANSWER_SECONDS
        while not question.answer.done():
            now = time.monotonic()
            if any(listener.is_owner for listener in self._channels):
                seen = now
            if now - seen >= NOBODY_SECONDS:
                raise RefusedError("no page")
            if now >= give_up:
                raise RefusedError("no answer")
            # Of two connections of the same visitor one may end: `wait` leaves the answer to the other.
            await asyncio.wait({question.answer}, timeout=min(_LOOK_SECONDS, give_up - now))
        return question.answer.result()

    def _leave(self, watcher: _Watcher, visit: Visit) -> None:
        with contextlib.suppress(ValueError):
            watcher.visits.remove(visit)
        if not watcher.visits and self._watchers.get(watcher.name) is watcher:
            del self._watchers[watcher.name]
            self._left[watcher.name] = time.monotonic()
            if watcher.control:
                self._record.note(watcher.name, "control", "ended")
            if self._asks_for_control == watcher.name:
                self._asks_for_control = None
        self._publish()

    # What the pages say ------------------------------------------------------------------------------------------

    def _view_answered(self, listener: Listener, message: Message) -> None:
        """The learner lets somebody look, or does not, or ends it."""
        name, answer = message.get("name"), message.get("answer")
        if not listener.is_owner or not isinstance(name, str):
            return
        question = self._questions.get(name)
        if answer in {"allow", "refuse"} and question and not question.answer.done():
            question.answer.set_result(answer == "allow")
        elif answer == "end" and self._policy == "ask" and (watcher := self._watchers.get(name)):
            self._end_view(watcher)

    def _end_view(self, watcher: _Watcher) -> None:
        if watcher.control:
            self._record.note(watcher.name, "control", "ended")
        visits, watcher.visits = watcher.visits, []
        del self._watchers[watcher.name]
        self._left.pop(watcher.name, None)
        if self._asks_for_control == watcher.name:
            self._asks_for_control = None
        self._tell(watcher.name, "refused", "ended")
        for visit in visits:
            visit.end("ended")
        self._publish()

    def _control_answered(self, listener: Listener, message: Message) -> None:
        if listener.is_owner:
            self._owner_decides(message.get("answer"), message.get("name"))
        else:
            self._visitor_wants(listener.name, message.get("want"))

    def _owner_decides(self, answer: object, name: object) -> None:
        asking = self._asks_for_control
        if answer in {"allow", "refuse"} and asking and name in {None, asking}:
            self._asks_for_control = None
            if answer == "allow":
                self._set_control(asking, "control given to another")
            else:
                self._record.note(asking, "control", "refused")
                self._tell(asking, "watching", "control refused")
        elif answer == "end":
            self._set_control(None, "control taken back")
        self._publish()

    def _visitor_wants(self, name: str, want: object) -> None:
        watcher = self._watchers.get(name)
        if watcher is None:
            return
        if want is True and not watcher.control:
            if self._asks_for_control in {None, name}:
                if not self._asks_for_control:
                    self._record.note(name, "control", "asked")
                self._asks_for_control = name
            else:
                self._tell(name, "watching", "control asked by another")
        elif want is False:
            if self._asks_for_control == name:
                self._asks_for_control = None
            if watcher.control:
                self._set_control(None)
        self._publish()

    def _set_control(self, name: str | None, reason: VisitReason = "") -> None:
        """Give keyboard and mouse to one visitor, or to nobody besides the learner.

        Args:
            name: the visitor.
            reason: what a visitor who had them until now is told.
        """
        for watcher in self._watchers.values():
            control = watcher.name == name
            if control != watcher.control:
                watcher.control = control
                self._record.note(watcher.name, "control", "given" if control else "ended")
                for visit in tuple(watcher.visits):
                    visit.set_control(control)
                self._tell(watcher.name, "watching", "" if control else reason)

    # What the pages hear -----------------------------------------------------------------------------------------

    def _publish(self) -> None:
        self._channels.state.update(
            watchers=[watcher.facts() for watcher in self._watchers.values()],
            view_asked_by=sorted(self._questions),
            control_asked_by=self._asks_for_control,
        )

    def _announce(self, name: str) -> None:
        """Say in the desktop who looks, without waiting for it; once: where a page is open, that says it."""
        if any(listener.is_owner for listener in self._channels):
            return
        task = asyncio.ensure_future(
            self._notify(f"{name} is looking at your desktop", "View only: keyboard and mouse stay yours.")
        )
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    def _tell(self, name: str, state: VisitState, reason: VisitReason = "") -> None:
        self._channels.broadcast(asdict(protocol.Visit(state, reason)), to=name)
