"""Acts of an instructor: for one learner or many, some at a time, with progress; each with their own token."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from classdesk_hub.audit import AuditLog

from .act_request import ActRequest
from .hub_client import CallError
from .performer import Outcome, Performer
from .view import View
from .voice import for_instructor

_AT_ONCE = 16
_TELL_S = 0.2
_KEPT = 50

_log = logging.getLogger("classdesk.console")


@dataclass
class Act:
    """One act and how far it is.

    Attributes:
        id: Random.
        class_name: The class.
        request: What was asked for.
        by: Who asked.
        began: When, in Unix seconds.
        done: Whether nothing is left to do.
        results: Status and message by learner.
    """

    id: str
    class_name: str
    request: ActRequest
    by: str
    began: float
    done: bool = False
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

    def model(self, only: "set[str] | None" = None) -> dict[str, Any]:
        """Return it as JSON values, with the results of some learners or of all."""
        names = self.results if only is None else sorted(only)
        return {
            "id": self.id,
            "act": self.request.act,
            "by": self.by,
            "began": round(self.began, 1),
            "done": self.done,
            "results": [{"learner": name, **self.results[name]} for name in names],
        }

    def put(self, name: str, status: str, message: str = "", *, final: bool = False, end: float | None = None) -> None:
        """Note how far it is with a learner.

        Args:
            name: The learner.
            status: `waiting`, `running`, `done`, `partly` or `failed`.
            message: What came of it.
            final: Whether trying again cannot help.
            end: When the session ends now, in Unix seconds.
        """
        self.results[name] = {"status": status, "message": message, "final": final, "end": end}
        self.changed.add(name)


@dataclass
class Acts:
    """All acts of this process.

    Args:
        view: The view of the sessions.
        performer: Does one act for one learner.
        audit: The record.
        counted: Is told each result: act, and whether it was done.
    """

    view: View
    performer: Performer
    audit: AuditLog
    counted: Callable[[str, bool], None]
    _kept: deque[Act] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def begin(self, class_name: str, request: ActRequest, who: str, token: str) -> Act:
        """Begin an act and return it; it goes on by itself."""
        act = Act(secrets.token_hex(8), class_name, request, who, time.time())
        for name in request.learners:
            act.put(name, "waiting")
        self._kept.append(act)
        self.audit.write(
            class_name,
            who,
            request.act,
            list(request.learners),
            "asked",
            detail=request.text or (f"{request.minutes} minutes" if request.minutes else ""),
            act_id=act.id,
        )
        self._go_on(self._run(act, token))
        return act

    def find(self, class_name: str, act_id: str) -> Act | None:
        """Return an act of a class; None where it is not known (any longer)."""
        return next((a for a in self._kept if a.id == act_id and a.class_name == class_name), None)

    def under_way(self, class_name: str) -> list[Mapping[str, Any]]:
        """Return the acts of a class that are not done."""
        return [act.model() for act in self._kept if act.class_name == class_name and not act.done]

    async def stop(self) -> None:
        """End what is under way, so that the record says what was not done."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, act: Act, token: str) -> None:
        telling = asyncio.ensure_future(self._keep_telling(act))
        try:
            with self.view.watched():
                await asyncio.gather(*(self._one(act, name, token) for name in act.results))
        finally:
            telling.cancel()
            act.done = True
            self._tell(act)

    async def _one(self, act: Act, name: str, token: str) -> None:
        try:
            async with contextlib.AsyncExitStack() as slot:
                await slot.enter_async_context(self._gate)
                act.put(name, "running")
                outcome = await self.performer.perform(act.class_name, act.request, name, token, slot)
        except CallError as error:
            message = for_instructor(error.sentence) or error.sentence
            self._finish(act, name, "failed", Outcome(message), final=error.is_final)
        except asyncio.CancelledError:
            self._finish(act, name, "failed", Outcome("The console was stopped before this was done."))
            raise
        except Exception:  # noqa: BLE001  # one learner's failure must not hide those of the others
            _log.exception("%s for %s did not work", act.request.act, name)
            self._finish(act, name, "failed", Outcome("Something went wrong in the console; see its log."))
        else:
            self._finish(act, name, "partly" if outcome.partly else "done", outcome)
            if act.request.act == "restart":
                self._go_on(self._tell_of_restart(name, token))

    async def _tell_of_restart(self, name: str, token: str) -> None:
        with self.view.watched():
            await self.performer.tell_of_restart(name, token)

    def _finish(self, act: Act, name: str, status: str, outcome: Outcome, *, final: bool = False) -> None:
        act.put(name, status, outcome.message, final=final, end=outcome.end)
        self.counted(act.request.act, status != "failed")
        self.audit.write(act.class_name, act.by, act.request.act, [name], status, detail=outcome.message, act_id=act.id)

    async def _keep_telling(self, act: Act) -> None:
        while True:
            self._tell(act)
            await asyncio.sleep(_TELL_S)

    def _tell(self, act: Act) -> None:
        if act.changed or act.done:
            changed, act.changed = act.changed, set()
            self.view.tell(act.class_name, "act", act.model(None if act.done else changed))
