"""One act for one learner, and the sentence that says what came of it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from classdesk_hub.learner_state import FAILED, IDLE, NOT_STARTED, QUEUED, RUNNING, STOPPING
from classdesk_spawner import CLASS_KEY

from .act_request import ActRequest
from .hub_client import CallError, HubClient, one_line
from .learners import learner
from .world import World

_QUEUE_PATIENCE_S = 20.0
_START_PATIENCE_S = 180.0
_STOP_PATIENCE_S = 60.0
_OLD_NEWS = 2
_WITHOUT_SESSION = frozenset({NOT_STARTED, FAILED})


class _Slot(Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True)
class Performer:
    """Does acts by calls to the hub and to sessions.

    Args:
        hub: Where to call.
        world: Where to see what came of it.
    """

    hub: HubClient
    world: World

    async def perform(
        self, class_name: str, request: ActRequest, name: str, token: str, slot: _Slot
    ) -> str:
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
        await self.world.fresh()
        if request.act == "start":
            return await self._start(name, token, {CLASS_KEY: class_name}, slot)
        if request.act == "stop":
            return await self._stop(name, token)
        if request.act == "restart":
            await self._stop(name, token)
            # No options: the hub starts it with those of the last time.
            return await self._start(name, token, None, slot)
        if self._state(name) not in {RUNNING, IDLE}:
            raise CallError(
                f"{_SENTENCES.get(self._state(name), 'The session is not ready')}.", 409
            )
        if request.act == "extend":
            return await self._extend(name, token, request.minutes)
        return await self._in_session(name, token, request)

    async def _in_session(self, name: str, token: str, request: ActRequest) -> str:
        if request.act == "message":
            answer = await self._call(
                "POST", name, "desktop/message", token, {"text": request.text}
            )
            shown = answer.get("shown")
            return (
                "Shown on the desktop; no page of the learner is open."
                if shown == 0
                else "Shown in the desktop."
            )
        if request.act == "lower-hand":
            await self._call("DELETE", name, "desktop/hand", token, None)
            return "The hand is lowered."
        what = request.act.removeprefix("reset-")
        answer = await self._call("POST", name, "desktop/reset", token, {"what": what})
        return one_line(str(answer.get("sentence") or "")) or "It is reset."

    async def _call(
        self, method: str, name: str, path: str, token: str, body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        answer = await self.hub.session(method, name, path, token, body)
        return answer if isinstance(answer, Mapping) else {}

    async def _extend(self, name: str, token: str, minutes: int) -> str:
        path = f"/classdesk/users/{quote(name, safe='')}/extend"
        answer = await self.hub.hub("POST", path, token, {"minutes": minutes})
        end = answer.get("end")
        if not isinstance(end, int | float):
            return "The session has more time."
        return f"The session now ends at {datetime.fromtimestamp(end).astimezone():%H:%M}."

    # Start and stop --------------------------------------------------------------------------

    async def _start(
        self, name: str, token: str, options: Mapping[str, Any] | None, slot: _Slot
    ) -> str:
        if self._state(name) == STOPPING:
            await self._until(name, lambda facts: facts["state"] != STOPPING, _STOP_PATIENCE_S)
        if self._state(name) not in _WITHOUT_SESSION:
            return f"Nothing to do: the session is {self._state(name)} already."
        body = None if options is None else dict(options)
        path = f"/users/{quote(name, safe='')}/server"
        call = asyncio.ensure_future(self.hub.hub("POST", path, token, body))
        try:
            # The hub answers after ten seconds, or when the session runs. Its job is seen earlier.
            while not call.done() and not self._facts(name)["job_id"]:
                tick = asyncio.ensure_future(self.world.next_tick())
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
        news = 0  # looks at the sessions since the hub has taken the start
        while True:
            if call.done():
                call.result()  # raises what went wrong
                news += 1
            facts = self._facts(name)
            state, waited = facts["state"], time.monotonic() - began
            if state in {RUNNING, IDLE}:
                return f"It runs on {facts['node']}." if facts["node"] else "It runs."
            # The first look may have begun before the hub took the start.
            if state in _WITHOUT_SESSION and news > _OLD_NEWS:
                raise CallError(
                    facts["sentence"] or "The session ended while it was starting.", 503
                )
            if state == QUEUED and waited > _QUEUE_PATIENCE_S:
                return f"In the queue: {facts['reason'] or 'waiting for its turn'}."
            if waited > _START_PATIENCE_S:
                return "It is still starting; its row says how far it is."
            await self.world.next_tick()

    async def _stop(self, name: str, token: str) -> str:
        if self._state(name) in _WITHOUT_SESSION:
            return "Nothing to do: there was no session."
        await self.hub.hub("DELETE", f"/users/{quote(name, safe='')}/server", token)
        if not await self._until(
            name, lambda facts: facts["state"] in _WITHOUT_SESSION, _STOP_PATIENCE_S
        ):
            raise CallError(
                "The session has not ended within a minute; the hub goes on trying.", 504
            )
        return "The session has ended."

    async def _until(
        self, name: str, true: Callable[[Mapping[str, Any]], bool], patience_s: float
    ) -> bool:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            await self.world.next_tick()
            if true(self._facts(name)):
                return True
        return False

    def _facts(self, name: str) -> Mapping[str, Any]:
        return learner(name, "", self.world.facts.get(name))

    def _state(self, name: str) -> str:
        return str(self._facts(name)["state"])


_SENTENCES = {
    NOT_STARTED: "There is no session",
    FAILED: "There is no session",
    QUEUED: "The session is still in the queue",
    STOPPING: "The session is being stopped",
}
