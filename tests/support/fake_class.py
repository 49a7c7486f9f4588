"""A class of made-up learners, who are in every state, change, and let acts fail at will."""

import asyncio
import random
import time
from typing import Any

from classdesk_hub.learner_facts import Learner as ToldLearner
from classdesk_hub.learner_facts import State
from classdesk_spawner import Hand

FIRST = ("Ada", "Bela", "Carl", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jana", "Karl", "Lena")
LAST = (
    "Archer",
    "Baker",
    "Cooper",
    "Draper",
    "Fisher",
    "Gardener",
    "Hunter",
    "Joiner",
    "Mason",
    "Miller",
    "Porter",
)

Learner = dict[str, Any]


def make_learner(number: int, state: str, now: float) -> Learner:
    """Returns a learner in a state, with the figures that belong to it."""
    learner: Learner = {
        "name": f"learner{number:02}",
        "full_name": f"{FIRST[number % len(FIRST)]} {LAST[number * 7 % len(LAST)]}",
        **dict.fromkeys(("reason", "place", "start_estimate", "phase", "node", "cores", "started", "end")),
        **dict.fromkeys(
            (
                "cpu",
                "memory_mib",
                "memory_limit_mib",
                "idle_s",
                "hand",
                "desktop",
                "job_id",
                "pages",
            )
        ),
        "sentence": "",
        "watchers": [],
        "safe": False,
    }
    return put_into_state(learner, state, now)


def put_into_state(learner: Learner, state: str, now: float) -> Learner:
    """Returns a copy of a learner in another state."""
    number = int(learner["name"].removeprefix("learner"))
    empty = dict.fromkeys(
        (
            "reason",
            "place",
            "start_estimate",
            "phase",
            "node",
            "cores",
            "started",
            "end",
            "cpu",
            "memory_mib",
        )
    )
    changed = {**learner, **empty, "idle_s": None, "hand": None, "sentence": "", "state": state}
    if state == "queued":
        changed |= {
            "reason": "waiting for free cores",
            "place": number % 5 + 1,
            "start_estimate": now + 240,
        }
    elif state == "starting":
        changed |= {
            "phase": "the image is being opened",
            "node": f"node{number % 8 + 1}",
            "cores": 2,
        }
    elif state in {"running", "idle"}:
        changed |= {
            "node": f"node{number % 8 + 1}",
            "cores": 2,
            "started": now - 3600,
            "end": now + 400 + number * 613 % 9000,
            "cpu": number * 37 % 200 / 100,
            "memory_mib": 400 + number * 31 % 900,
            "memory_limit_mib": 2048,
            "idle_s": 1500 + number * 11 if state == "idle" else number * 7 % 90,
            "desktop": "painted",
            "pages": 1,
            "job_id": str(1000 + number),
        }
    elif state == "failed":
        changed["sentence"] = (
            "The session used more memory than it had. Start it again, and close programs that you do not need."
        )
    return changed


def told(learner: Learner) -> Learner:
    """Returns a learner as the service tells of them: with the acts that make sense."""
    hand = Hand(**learner["hand"]) if learner["hand"] else None
    return {**learner, "can": ToldLearner(name=learner["name"], state=State(learner["state"]), hand=hand).can}


MIX = {
    "running": 0.78,
    "idle": 0.06,
    "starting": 0.03,
    "queued": 0.04,
    "failed": 0.03,
    "not started": 0.06,
}


class FakeClass:
    """Learners, who listens, and acts that run. All of it belongs to one event loop."""

    def __init__(self, learners: int, mix: dict[str, float] | None = None, seed: int = 7) -> None:
        self.chance = random.Random(seed)  # noqa: S311  # names and figures, no secrets
        now = time.time()
        mix = mix or MIX
        states = self.chance.choices(list(mix), list(mix.values()), k=learners)
        made = (make_learner(number + 1, state, now) for number, state in enumerate(states))
        self.learners: dict[str, Learner] = {learner["name"]: learner for learner in made}
        self.listeners: set[asyncio.Queue[tuple[str, Any]]] = set()
        self.acts: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.failing: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.partly: dict[str, str] = {}
        self.pictures = 0
        self.said: list[dict[str, Any]] = []
        self.act_pause_s = 0.3
        self.version = 0
        self.notice: str | None = None
        self.policy = {"observe": "ask", "thumbnails": True, "extend_minutes": 30}
        self.tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def now() -> float:
        return time.time()

    def tell(self, kind: str, data: Any) -> None:
        for listener in self.listeners:
            listener.put_nowait((kind, data))

    def change(self, *names: str, **values: Any) -> None:
        """Changes learners and tells the listeners, with the time at which it happened."""
        for name in names:
            self.learners[name] = {**self.learners[name], **values}
        self.tell_changed(names)

    def tell_changed(self, names: Any, gone: Any = ()) -> None:
        self.version += 1
        learners = [told(self.learners[name]) for name in names]
        self.tell(
            "change",
            {
                "version": self.version,
                "time": time.time(),
                "learners": learners,
                "gone": list(gone),
                "notice": self.notice,
            },
        )

    def put(self, name: str, state: str) -> None:
        """Puts a learner into another state and tells it."""
        self.learners[name] = put_into_state(self.learners[name], state, time.time())
        self.tell_changed([name])

    def leave(self, name: str) -> None:
        del self.learners[name]
        self.tell_changed([], [name])

    def snapshot(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "time": time.time(),
            "policy": self.policy,
            "learners": list(map(told, self.learners.values())),
            "notice": self.notice,
            "acts": [act for act in self.acts.values() if not act["done"]],
        }

    async def churn(self, share: float) -> None:
        """Lets a share of the learners change each second, as reports of sessions do."""
        while True:
            await asyncio.sleep(1)
            names = self.chance.sample(sorted(self.learners), round(share * len(self.learners)))
            for name in names:
                learner = self.learners[name]
                if learner["state"] in {"running", "idle"}:
                    cpu = self.chance.random() * 2
                    memory = learner["memory_mib"] + self.chance.randint(-20, 20)
                    self.learners[name] = {
                        **learner,
                        "cpu": cpu,
                        "memory_mib": memory,
                        "idle_s": self.chance.random() * 100,
                    }
                elif self.chance.random() < 0.1:
                    state = {"queued": "starting", "starting": "running"}.get(learner["state"], "queued")
                    self.learners[name] = put_into_state(learner, state, time.time())
            self.tell_changed(names)

    def begin(self, request: dict[str, Any]) -> str:
        """Begins an act and returns its id."""
        act_id = f"act{len(self.acts) + 1}"
        self.asked.append(request)
        self.acts[act_id] = {
            "id": act_id,
            "act": request["act"],
            "by": "instructor",
            "began": time.time(),
            "done": False,
            "results": [{"learner": name, "status": "waiting", "message": ""} for name in request["learners"]],
        }
        task = asyncio.get_running_loop().create_task(self.run_act(self.acts[act_id]))
        self.tasks.add(task)
        return act_id

    async def run_act(self, act: dict[str, Any]) -> None:
        after = {"start": "starting", "restart": "starting", "stop": "not started"}.get(act["act"])
        for result in act["results"]:
            name = result["learner"]
            result["status"] = "running"
            self.tell("act", {**act, "results": [result]})
            await asyncio.sleep(self.act_pause_s)
            refusal = self.failing.get(name) or self.refused.get(name)
            part = self.partly.get(name)
            result |= {
                "status": "failed" if refusal else "partly" if part else "done",
                "message": refusal or part or "",
                "final": name in self.refused,
            }
            if not refusal and name in self.learners:
                if after:
                    self.put(name, after)
                elif act["act"] == "lower-hand":
                    self.change(name, hand=None)
        act["done"] = True
        self.tell("act", act)
