"""One act for one learner, and the sentence that says what came of it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol
from urllib.parse import quote

from classdesk_desktop.messages import read
from classdesk_desktop.protocol import (
    AnnouncedAct,
    Announcement,
    DesktopReset,
    Extend,
    Extension,
    HandAnswer,
    LessonReset,
    Message,
    MessageAnswer,
    Reset,
    SessionPath,
)
from classdesk_hub.learner_facts import ACT_STATES, LIVE, PAINTED, WITHOUT_SESSION, LearnerFacts, State
from classdesk_spawner import CLASS_KEY

from .act_request import ActRequest
from .hub_client import CallError, HubClient, one_line
from .view import View
from .voice import for_instructor

_ANNOUNCE_S = 3.0
_FIRST_REPORT_S = 5.0
_PAINT_PATIENCE_S = 60.0
_QUEUE_PATIENCE_S = 20.0
_START_PATIENCE_S = 180.0
_STOP_PATIENCE_S = 60.0
_OLD_NEWS = 2
_ON_THE_WAY = frozenset({State.QUEUED, State.STARTING})
_COMPLETE = frozenset({PAINTED, "no desktop"})
"""Of other interfaces than the desktop, the page is all."""


class _Slot(Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What came of an act for a learner.

    Attributes:
        message: A sentence for the instructor.
        partly: Whether less came of it than was asked for.
        end: When the session ends now, in Unix seconds, where that is what came of it; who shows it has a clock.
    """

    message: str
    partly: bool = False
    end: float | None = None


@dataclass(frozen=True)
class Performer:
    """Does acts by calls to the hub and to sessions.

    Args:
        hub: Where to call.
        view: Where to see what came of it.
    """

    hub: HubClient
    view: View

    async def perform(self, class_name: str, request: ActRequest, name: str, token: str, slot: _Slot) -> Outcome:
        """Do an act for a learner and return what came of it, for the instructor.

        Args:
            class_name: The class; the hub knows its preset.
            request: What to do.
            name: The learner.
            token: The instructor's token.
            slot: The place among those that are at work; given up where only waiting is left.

        Raises:
            CallError: It did not work, with the sentence that says why.
        """
        await self.view.fresh()
        if request.act == "start":
            return Outcome(await self._start(name, token, {CLASS_KEY: class_name}, slot))
        if request.act == "stop":
            return Outcome(await self._stop(name, token, "stop"))
        if request.act == "restart":
            await self._stop(name, token, "restart")
            # No options: the hub starts it with those of the last time.
            return Outcome(await self._start(name, token, None, slot))
        if self._state(name) not in ACT_STATES[request.act]:
            raise CallError(f"{_SENTENCES.get(self._state(name), 'The session is not ready')}.", 409)
        if request.act == "extend":
            return await self._extend(name, token, request.minutes)
        if request.act == "reset-desktop":
            return Outcome(await self._reset_desktop(name, token, slot))
        return Outcome(await self._in_session(name, token, request))

    async def tell_of_restart(self, name: str, token: str) -> None:
        """Let the learner read whose restart it was, as soon as the new session is there: it may have to queue."""
        while self._state(name) in _ON_THE_WAY:
            await self.view.next_tick()
        if self._state(name) in LIVE:
            await self._announce(name, token, "restarted")

    async def _in_session(self, name: str, token: str, request: ActRequest) -> str:
        if request.act == "message":
            message = asdict(Message(request.text))
            shown = read(MessageAnswer, await self._call("POST", name, SessionPath.MESSAGE, token, message)).shown
            return (
                "No page of the learner is open: it is on the desktop, and on the next page they open."
                if shown == 0
                else "Shown above the desktop."
            )
        if request.act == "take-hand":
            answer = read(HandAnswer, await self._call("POST", name, SessionPath.HAND, token, {}))
            helper = one_line(answer.helper)
            return f"{helper} comes to help." if helper else "The hand is down already."
        if request.act == "lower-hand":
            await self._call("DELETE", name, SessionPath.HAND, token, None)
            return "The hand is lowered."
        done = read(LessonReset, await self._call("POST", name, SessionPath.RESET, token, asdict(Reset("lesson"))))
        restored, kept = _names(done.restored), _names(done.kept)
        if not restored:
            return "All files of the lesson were unchanged already."
        told = f"Fresh copies: {', '.join(restored)}."
        return f"{told} The learner's own are kept: {', '.join(kept)}." if kept else told

    async def _reset_desktop(self, name: str, token: str, slot: _Slot) -> str:
        before = self._facts(name).starts
        done = read(DesktopReset, await self._call("POST", name, SessionPath.RESET, token, asdict(Reset("desktop"))))
        await slot.aclose()
        # Images that do not count their desktops: it is done when it was taken.
        if before and not await self._until(
            name,
            lambda facts: facts.starts > before and facts.desktop == PAINTED,
            _PAINT_PATIENCE_S,
        ):
            raise CallError(
                f"The new desktop was not there after {_PAINT_PATIENCE_S:.0f} s; the row says how far it is.",
                504,
            )
        kept = one_line(done.kept)
        told = "A fresh desktop is there"
        return f"{told}; the old settings are kept in {kept}." if kept else f"{told}."

    async def _announce(self, name: str, token: str, act: AnnouncedAct) -> None:
        """Let the learner read whose act it is; a session that does not answer keeps nobody from it."""
        with contextlib.suppress(CallError, TimeoutError):
            async with asyncio.timeout(_ANNOUNCE_S):
                await self._call("POST", name, SessionPath.ANNOUNCE, token, asdict(Announcement(act)))

    async def _call(
        self, method: str, name: str, path: SessionPath, token: str, body: Mapping[str, Any] | None
    ) -> object:
        return await self.hub.session(method, name, path, token, body)

    async def _extend(self, name: str, token: str, minutes: int) -> Outcome:
        path = f"/classdesk/users/{quote(name, safe='')}/extend"
        answer = read(Extension, await self.hub.hub("POST", path, token, asdict(Extend(minutes))))
        await self._announce(name, token, "extend")
        end, given = answer.end, answer.minutes
        if given >= minutes:
            return Outcome(f"{_span(given)} more.", end=end)
        return Outcome(f"{_span(given)} instead of {_span(minutes)}: {answer.limited_by}.", partly=True, end=end)

    # Start and stop --------------------------------------------------------------------------

    async def _start(self, name: str, token: str, options: Mapping[str, Any] | None, slot: _Slot) -> str:
        if self._state(name) is State.STOPPING:
            await self._until(name, lambda facts: facts.state is not State.STOPPING, _STOP_PATIENCE_S)
        if self._state(name) not in ACT_STATES["start"]:
            return f"Nothing to do: the session is {self._state(name)} already."
        body = None if options is None else dict(options)
        path = f"/users/{quote(name, safe='')}/server"
        call = asyncio.ensure_future(self.hub.hub("POST", path, token, body))
        try:
            # The hub answers after ten seconds, or when the session runs. Its job is seen earlier.
            while not call.done() and not self._facts(name).job_id:
                tick = asyncio.ensure_future(self.view.next_tick())
                await asyncio.wait([call, tick], return_when=asyncio.FIRST_COMPLETED)
                tick.cancel()
            await slot.aclose()
            return await self._until_started(name, call)
        finally:
            if not call.done():
                call.cancel()
            with contextlib.suppress(CallError, asyncio.CancelledError):
                await call

    async def _until_started(self, name: str, call: "asyncio.Future[Any]") -> str:
        began = time.monotonic()
        ran = 0.0
        news = 0  # looks at the sessions since the hub has taken the start
        while True:
            if call.done():
                call.result()  # raises what went wrong
                news += 1
            facts = self._facts(name)
            state, waited = facts.state, time.monotonic() - began
            if state in LIVE:
                ran = ran or time.monotonic()
                if _is_complete(facts, time.monotonic() - ran):
                    return f"Running on {facts.node}." if facts.node else "Running."
                if time.monotonic() - ran > _PAINT_PATIENCE_S:
                    return "Running; its desktop is not complete yet."
            # The first look may have begun before the hub took the start.
            if state in WITHOUT_SESSION and news > _OLD_NEWS:
                raise CallError(facts.sentence or "The session ended while it was starting.", 503)
            if state is State.QUEUED and waited > _QUEUE_PATIENCE_S:
                return f"In the queue: {for_instructor(facts.reason) or 'waiting for its turn'}."
            if waited > _START_PATIENCE_S:
                return "It is still starting; its row says how far it is."
            await self.view.next_tick()

    async def _stop(self, name: str, token: str, act: AnnouncedAct) -> str:
        if self._state(name) in WITHOUT_SESSION:
            return "Nothing to do: there was no session."
        if self._state(name) in LIVE:
            await self._announce(name, token, act)
        await self.hub.hub("DELETE", f"/users/{quote(name, safe='')}/server", token)
        if not await self._until(name, lambda facts: facts.state in WITHOUT_SESSION, _STOP_PATIENCE_S):
            raise CallError("The session has not ended within a minute; the hub goes on trying.", 504)
        return "The session has ended."

    async def _until(self, name: str, true: Callable[[LearnerFacts], bool], patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            await self.view.next_tick()
            if true(self._facts(name)):
                return True
        return False

    def _facts(self, name: str) -> LearnerFacts:
        return self.view.facts.get(name, LearnerFacts())

    def _state(self, name: str) -> State:
        return self._facts(name).state


def _is_complete(facts: LearnerFacts, running_s: float) -> bool:
    """Whether the learner can work; what sessions of older images tell of it has to do."""
    if facts.reported is None:
        return running_s > _FIRST_REPORT_S
    return not facts.starts or facts.desktop in _COMPLETE


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def _names(told: Sequence[str]) -> list[str]:
    """File names that a session has told, fit to be shown."""
    return [one_line(name) for name in told[:_MOST_NAMES]]


_MOST_NAMES = 50
_SENTENCES = {
    State.NOT_STARTED: "There is no session",
    State.FAILED: "There is no session",
    State.QUEUED: "The session is still in the queue",
    State.STARTING: "The session is still starting",
    State.STOPPING: "The session is being stopped",
}
