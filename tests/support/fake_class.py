"""A class of made-up learners, as hub and sessions tell of them: in every state, changing, and failing at will."""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from classdesk_desktop.protocol import DesktopReset, Extension, HandAnswer, LessonReset, MessageAnswer
from classdesk_hub.learner_facts import HUB_SESSIONS, HubSession, HubSessions, Learner, State
from classdesk_hub.roster import change, read_roster
from classdesk_spawner import Hand

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CLASS = "dask"
INSTRUCTOR = "instructor"
ACCESS = "access:services!service=console"
FIRST = ["Ada", "Bela", "Carl", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jana", "Karl", "Lena"]
LAST = ["Archer", "Baker", "Cooper", "Draper", "Fisher", "Gardener", "Hunter", "Joiner", "Mason", "Miller", "Porter"]
MIX = {"running": 0.78, "idle": 0.06, "starting": 0.03, "queued": 0.04, "failed": 0.03, "not started": 0.06}
OUT_OF_MEMORY = "The session used more memory than it had. Start it again, and close programs that you do not need."


def make_learner(number: int, state: str) -> Learner:
    """Returns a learner in a state, with the figures that belong to it."""
    now = time.time()
    node: dict[str, Any] = {"node": f"node{number % 8 + 1}", "cores": 2}
    running = {
        **node,
        "started": now - 3600,
        "end": now + 400 + number * 613 % 9000,
        "cpu": number * 37 % 200 / 100,
        "memory_mib": 400.0 + number * 31 % 900,
        "memory_limit_mib": 2048,
        "idle_s": 1500.0 + number * 11 if state == "idle" else number * 7.0 % 90,
        "desktop": "painted",
        "pages": 1,
        "job_id": str(1000 + number),
    }
    facts: dict[str, dict[str, Any]] = {
        "queued": {"reason": "waiting for free cores", "place": number % 5 + 1, "start_estimate": now + 240},
        "starting": {**node, "phase": "opening the image"},
        "running": running,
        "idle": running,
        "frozen": {**running, "desktop": "frozen", "sentence": "The desktop does not answer."},
        "failed": {"sentence": OUT_OF_MEMORY},
    }
    full_name = f"{FIRST[number % len(FIRST)]} {LAST[number * 7 % len(LAST)]}"
    return Learner(name=f"learner{number:02}", full_name=full_name, state=State(state), **facts.get(state, {}))


class Refused(Exception):  # noqa: N818  # what happened, not what is wrong
    """What a hub or a session answers to what it does not do.

    Args:
        status: The HTTP status.
        sentence: Why.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class FakeClass:
    """Learners, and what happens when somebody acts on them. All of it belongs to one event loop.

    Attributes:
        learners: By name, as they are now.
        asked: What was asked for, as learner, call and body; a call is `POST server` or `DELETE desktop/hand`.
        failing: Whose sessions do not answer, with the sentence.
        refused: For whom each act is refused, with the sentence.
        partly: Who gets half the time that was asked for, with what limits it.
        said: What each session tells a visitor.
        picture: The pieces of each session's picture.
        pictures: How many small pictures were asked for.
        pause_s: How long an act takes.
        scheduler_answers: Whether the hub hears of Slurm.
    """

    def __init__(self, learners: int) -> None:
        self.chance = random.Random(7)  # noqa: S311  # names and figures, no secrets
        states = self.chance.choices(list(MIX), list(MIX.values()), k=learners)
        made = (make_learner(number, state) for number, state in enumerate(states, 1))
        self.learners = {one.name: one for one in made}
        self.asked: list[tuple[str, str, Any]] = []
        self.failing: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.partly: dict[str, str] = {}
        self.said: list[DataclassInstance] = []
        self.picture: Iterable[bytes] = ()
        self.pictures = 0
        self.pause_s = 0.3
        self.scheduler_answers = True

    def change(self, name: str, **facts: Any) -> None:
        """Changes facts of a learner."""
        self.learners[name] = replace(self.learners[name], **facts)

    def put(self, name: str, state: str) -> None:
        """Puts a learner into another state."""
        self.learners[name] = make_learner(int(name.removeprefix("learner")), state)

    def raise_hand(self, name: str, age_s: float = 0, text: str = "") -> None:
        """Lets a learner ask for help, since a while."""
        self.change(name, hand=Hand(since=time.time() - age_s, text=text))

    async def churn(self, share: float) -> None:
        """Lets a share of the learners change each second, as reports of sessions do."""
        while True:
            await asyncio.sleep(1)
            for name in self.chance.sample(sorted(self.learners), round(share * len(self.learners))):
                learner = self.learners[name]
                if learner.memory_mib is not None:
                    memory_mib = learner.memory_mib + self.chance.randint(-20, 20)
                    cpu, idle_s = self.chance.random() * 2, self.chance.random() * 100
                    self.change(name, cpu=cpu, memory_mib=memory_mib, idle_s=idle_s)
                elif self.chance.random() < 0.1:
                    self.put(name, {"queued": "starting", "starting": "running"}.get(learner.state, "queued"))

    async def answer(self, method: str, path: str, body: Any) -> dict[str, Any]:  # noqa: PLR0911  # a table
        """Answers in the place of the hub and of the sessions.

        Raises:
            Refused: It does not do that.
        """
        match method, *path.split("/"):
            case "GET", "hub", "api", "":
                return {"version": "6"}
            case "GET", "hub", "api", "user":
                scopes = [ACCESS, f"admin:servers!group={CLASS}"]
                return {"name": INSTRUCTOR, "kind": "user", "admin": False, "groups": [], "scopes": scopes}
            case "GET", "hub", "api", "classdesk", "classes":
                return {"classes": {CLASS: self._full_names()}}
            case "GET", "hub", "api", "classdesk", "sessions":
                return self._sessions()
            case "POST", "hub", "api", "classdesk", "roster":
                return self._roster(body["csv"])
            case "POST", "hub", "api", "classdesk", "users", _, "visit":
                return {"token": "a visitor's", "seconds": 60}
            case (_, "hub", "api", "users", name, call) | (_, "hub", "api", "classdesk", "users", name, call):
                return await self._act(name, f"{method} {call}", body)
            case _, "user", name, *session_path:
                return await self._act(name, f"{method} {'/'.join(session_path)}", body)
        raise Refused(404, "There is no such thing.")

    def _full_names(self) -> dict[str, str]:
        return {name: one.full_name for name, one in self.learners.items()}

    def _sessions(self) -> dict[str, Any]:
        sessions = tuple(HubSession(one.name, "", one) for one in self.learners.values())
        told = HubSessions(0.5, stale=not self.scheduler_answers, sessions=sessions)
        found: dict[str, Any] = HUB_SESSIONS.dump_python(told, mode="json")
        return found

    def _roster(self, text: str) -> dict[str, Any]:
        roster = read_roster(text, [CLASS], CLASS)
        changed = change(roster.classes.get(CLASS, []), self._full_names(), ())
        errors = [asdict(problem) for problem in roster.problems]
        return {"classes": {CLASS: asdict(changed)}, "errors": errors, "applied": False}

    async def _act(self, name: str, call: str, body: Any) -> dict[str, Any]:
        if call == "POST desktop/announce":
            return {}
        self.asked.append((name, call, body))
        await asyncio.sleep(self.pause_s)
        if name in self.failing:
            raise Refused(503, self.failing[name])
        if name in self.refused:
            raise Refused(409, self.refused[name])
        match call:
            case "POST server":
                self.put(name, "starting")
            case "DELETE server":
                self.put(name, "not started")
            case "POST extend":
                minutes = body["minutes"] // (2 if name in self.partly else 1)
                end = (self.learners[name].end or 0) + 60 * minutes
                self.change(name, end=end)
                return asdict(Extension(end, minutes, self.partly.get(name, "")))
            case "POST desktop/hand":
                since = time.time()
                hand = self.learners[name].hand or Hand(since=since)
                self.change(name, hand=hand.model_copy(update={"helper": INSTRUCTOR, "helper_since": since}))
                return asdict(HandAnswer(INSTRUCTOR))
            case "DELETE desktop/hand":
                self.change(name, hand=None)
            case "POST desktop/message":
                return asdict(MessageAnswer(shown=1))
            case "POST desktop/reset":
                kept = "lesson.ipynb.kept"
                done = (
                    LessonReset("", ("lesson.ipynb",), (kept,)) if body["what"] == "lesson" else DesktopReset("", kept)
                )
                return asdict(done)
        return {}
