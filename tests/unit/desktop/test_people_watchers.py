"""Who may look at a desktop, who has control, and who is told of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from classdesk_desktop.people import watchers as module
from classdesk_desktop.people.hand import Hand
from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.record import Record
from classdesk_desktop.people.watchers import RefusedError, Watchers
from classdesk_desktop.protocol import Observe
from classdesk_desktop.server.channel import Channels, Message, SessionState
from classdesk_desktop.session.runtime import RuntimeDirectory


@dataclass
class Page:
    """A page that keeps what it hears."""

    name: str = "ada"
    is_owner: bool = True
    heard: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.heard.append(message)

    def last(self, kind: str) -> Message:
        return [message for message in self.heard if message["type"] == kind][-1]


@dataclass
class Visit:
    """A connection that keeps what was done to it."""

    control: list[bool] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def set_control(self, allowed: bool) -> None:
        if allowed != (self.control or [False])[-1]:
            self.control.append(allowed)

    def end(self, reason: str) -> None:
        self.ended.append(reason)


@dataclass
class Room:
    """A session with one page of the learner, Ada, and one of the visitor, Grace."""

    channels: Channels
    policy: Observe
    notified: list[tuple[str, str]] = field(default_factory=list)
    ada: Page = field(default_factory=Page)
    grace: Page = field(default_factory=lambda: Page("grace", is_owner=False))
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        memory = Memory(Path("/nonexistent/people.json"))
        self.record = Record(memory)
        self.hand = Hand(self.channels, memory, self.record)
        self.watchers = Watchers(self.channels, self.policy, self.notify, self.hand, self.record)

    def recorded(self) -> list[tuple[object, object, object]]:
        return [(event["who"], event["act"], event["result"]) for event in self.record.events]

    async def notify(self, title: str, text: str) -> None:
        self.notified.append((title, text))

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        async def tell() -> None:
            self.channels.add(self.ada)
            self.channels.add(self.grace)
            try:
                async with self.stack, asyncio.timeout(5):
                    await story()
            finally:
                for listener in self.channels:
                    self.channels.remove(listener)

        asyncio.run(tell())

    async def look(self, visit: Visit, name: str = "grace") -> None:
        await self.stack.enter_async_context(self.watchers.admit(name, visit))

    def say(self, page: Page, **message: Any) -> None:
        self.channels.receive(page, json.dumps(message))

    def state(self) -> Message:
        return self.ada.last("state")


@pytest.fixture
def room(request: pytest.FixtureRequest, runtime: RuntimeDirectory) -> Room:
    policy: Observe = getattr(request, "param", "notify")
    return Room(Channels(SessionState(runtime.state_file)), policy)


asking = pytest.mark.parametrize("room", ["ask"], indirect=True)
forbidding = pytest.mark.parametrize("room", ["off"], indirect=True)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_whoever_looks_is_named_on_the_learners_page_and_only_there(room: Room) -> None:
    async def story() -> None:
        assert room.state()["watchers"] == []
        await room.look(Visit())
        (watcher,) = room.state()["watchers"]
        assert (watcher["name"], watcher["control"]) == ("grace", False)
        assert room.grace.last("visit")["state"] == "watching"

    room.run(story)
    assert room.notified == []
    assert room.channels.state.snapshot()["watchers"] == []


def test_where_no_page_is_open_the_desktop_says_who_looks(room: Room) -> None:
    async def story() -> None:
        room.channels.remove(room.ada)
        await room.look(Visit())
        await until(lambda: room.notified)

    room.run(story)
    assert [title for title, _ in room.notified] == ["grace is looking at your desktop"]


def test_two_connections_of_one_visitor_are_one_watcher_until_both_have_closed(room: Room) -> None:
    async def story() -> None:
        async with room.watchers.admit("grace", Visit()):
            async with room.watchers.admit("grace", Visit()):
                assert len(room.state()["watchers"]) == 1
            assert len(room.state()["watchers"]) == 1
        assert room.state()["watchers"] == []

    room.run(story)


def test_a_lost_connection_that_comes_back_is_not_announced_again(room: Room) -> None:
    async def story() -> None:
        room.channels.remove(room.ada)
        for _ in range(3):
            async with room.watchers.admit("grace", Visit()):
                await until(lambda: room.notified)

    room.run(story)
    assert len(room.notified) == 1


@forbidding
def test_where_the_site_forbids_it_nobody_looks(room: Room) -> None:
    async def story() -> None:
        with pytest.raises(RefusedError, match="off"):
            await room.look(Visit())
        assert room.grace.last("visit")["state"] == "refused"
        assert room.state()["watchers"] == []

    room.run(story)


@asking
@pytest.mark.parametrize("answer", ["allow", "refuse"])
def test_nobody_looks_before_the_learner_has_answered(room: Room, answer: str) -> None:
    async def story() -> None:
        look = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.state()["view_asked_by"] == ["grace"])
        assert room.state()["watchers"] == []
        assert room.grace.last("visit")["state"] == "asking"
        room.say(room.ada, type="view", name="grace", answer=answer)
        if answer == "allow":
            await look
            assert [watcher["name"] for watcher in room.state()["watchers"]] == ["grace"]
        else:
            with pytest.raises(RefusedError, match="not now"):
                await look
        assert room.state()["view_asked_by"] == []

    room.run(story)


@asking
def test_only_the_learner_answers(room: Room) -> None:
    async def story() -> None:
        look = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.state()["view_asked_by"])
        room.say(room.grace, type="view", name="grace", answer="allow")
        room.say(room.ada, type="view", name="bert", answer="allow")
        await asyncio.sleep(0.01)
        assert not look.done()
        look.cancel()
        await until(lambda: not room.state()["view_asked_by"])

    room.run(story)


@asking
def test_without_an_answer_the_visitor_is_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.02)

    async def story() -> None:
        with pytest.raises(RefusedError, match="no answer"):
            await room.look(Visit())
        assert room.grace.last("visit")["reason"] == "no answer"
        assert room.recorded() == [("grace", "observe", "no answer")]

    room.run(story)


@asking
@pytest.mark.parametrize("closes", ["before the question", "during the question"])
def test_a_visitor_does_not_wait_for_a_learner_who_has_no_page_open(
    room: Room, monkeypatch: pytest.MonkeyPatch, closes: str
) -> None:
    monkeypatch.setattr(module, "NOBODY_SECONDS", 0.02)

    async def story() -> None:
        if closes == "before the question":
            room.channels.remove(room.ada)
        look = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.channels.state.snapshot()["view_asked_by"])
        if closes == "during the question":
            room.channels.remove(room.ada)
        with pytest.raises(RefusedError, match="no page"):
            await look
        assert room.grace.last("visit")["reason"] == "no page"
        assert room.channels.state.snapshot()["view_asked_by"] == []

    room.run(story)


@asking
def test_who_asked_for_help_may_be_looked_at_without_a_question_if_they_said_so(room: Room) -> None:
    async def story() -> None:
        room.say(room.ada, type="hand", up=True, text="", look=True)
        await room.look(Visit())
        assert room.state()["watchers"][0]["name"] == "grace"
        # Who opens the desktop is who comes to help.
        assert room.state()["hand"]["helper"] == "grace"
        assert room.recorded() == [("grace", "help", "took it")]
        room.say(room.ada, type="hand", up=False)
        asks = asyncio.ensure_future(room.look(Visit(), "hank"))
        await until(lambda: room.state()["view_asked_by"] == ["hank"])
        asks.cancel()

    room.run(story)


@asking
@pytest.mark.parametrize("look", [False, "yes", None])
def test_a_raised_hand_alone_lets_nobody_look(room: Room, look: object) -> None:
    async def story() -> None:
        room.say(room.ada, type="hand", up=True, text="", look=look)
        asks = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.state()["view_asked_by"] == ["grace"])
        asks.cancel()

    room.run(story)


@asking
def test_a_page_that_is_loaded_again_can_still_answer(room: Room) -> None:
    async def story() -> None:
        room.channels.remove(room.ada)
        look = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.channels.state.snapshot()["view_asked_by"])
        room.channels.add(room.ada)
        assert room.state()["view_asked_by"] == ["grace"]
        room.say(room.ada, type="view", name="grace", answer="allow")
        await look
        assert room.state()["watchers"]

    room.run(story)


@asking
def test_a_second_connection_waits_for_the_same_answer(room: Room) -> None:
    async def story() -> None:
        first = asyncio.ensure_future(room.look(Visit()))
        second = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.state()["view_asked_by"])
        first.cancel()
        await until(first.done)
        assert room.state()["view_asked_by"] == ["grace"]
        room.say(room.ada, type="view", name="grace", answer="allow")
        await second

    room.run(story)


@asking
def test_the_learner_ends_a_look_and_is_asked_again(room: Room) -> None:
    visit = Visit()

    async def story() -> None:
        look = asyncio.ensure_future(room.look(visit))
        await until(lambda: room.state()["view_asked_by"])
        room.say(room.ada, type="view", name="grace", answer="allow")
        await look
        room.say(room.grace, type="view", name="grace", answer="end")
        assert room.state()["watchers"]
        room.say(room.ada, type="view", name="grace", answer="end")
        assert room.state()["watchers"] == []
        assert visit.ended == ["ended"]
        again = asyncio.ensure_future(room.look(Visit()))
        await until(lambda: room.state()["view_asked_by"] == ["grace"])
        again.cancel()

    room.run(story)


# Control --------------------------------------------------------------------------------------------------------------


def test_control_comes_after_the_learners_yes_and_goes_when_either_ends_it(room: Room) -> None:
    visit = Visit()

    async def story() -> None:
        await room.look(visit)
        for ends, end in (
            (room.ada, {"type": "control", "answer": "end"}),
            (room.grace, {"type": "control", "want": False}),
        ):
            room.say(room.grace, type="control", want=True)
            assert room.state()["control_asked_by"] == "grace"
            assert (visit.control or [False])[-1] is False
            room.say(room.ada, type="control", answer="allow", name="grace")
            assert visit.control[-1] is True
            assert room.state()["watchers"][0]["control"] is True
            assert room.state()["control_asked_by"] is None
            room.say(ends, **end)
            assert visit.control[-1] is False
            told = room.grace.last("visit")["reason"]
            assert told == ("control taken back" if ends is room.ada else "")
            assert room.state()["watchers"][0]["control"] is False
        assert room.recorded() == 2 * [("grace", "control", result) for result in ("asked", "given", "ended")]

    room.run(story)


def test_visitors_cannot_allow_themselves(room: Room) -> None:
    visit = Visit()

    async def story() -> None:
        await room.look(visit)
        room.say(room.grace, type="control", want=True)
        room.say(room.grace, type="control", answer="allow", name="grace")
        room.say(room.grace, type="control", answer="allow", want=True)
        assert visit.control == []
        assert room.state()["control_asked_by"] == "grace"

    room.run(story)


def test_an_answer_to_another_question_allows_nothing(room: Room) -> None:
    visit = Visit()

    async def story() -> None:
        await room.look(visit)
        room.say(room.ada, type="control", answer="allow")
        room.say(room.grace, type="control", want=True)
        room.say(room.ada, type="control", answer="allow", name="bert")
        assert visit.control == []
        room.say(room.ada, type="control", answer="refuse", name="grace")
        room.say(room.ada, type="control", answer="allow", name="grace")
        assert visit.control == []
        assert room.grace.last("visit")["reason"] == "control refused"
        assert room.recorded()[-1] == ("grace", "control", "refused")

    room.run(story)


def test_who_does_not_look_cannot_ask_for_control(room: Room) -> None:
    async def story() -> None:
        room.say(room.grace, type="control", want=True)
        assert room.state()["control_asked_by"] is None

    room.run(story)


def test_control_and_the_question_for_it_end_with_the_connection(room: Room) -> None:
    async def story() -> None:
        async with room.watchers.admit("grace", Visit()):
            room.say(room.grace, type="control", want=True)
        assert room.state()["control_asked_by"] is None
        async with room.watchers.admit("grace", Visit()):
            room.say(room.grace, type="control", want=True)
            room.say(room.ada, type="control", answer="allow")
        back = Visit()
        await room.look(back)
        assert back.control == []
        assert room.state()["watchers"][0]["control"] is False

    room.run(story)


def test_one_visitor_at_a_time_has_control(room: Room) -> None:
    of_grace, of_hank = Visit(), Visit()
    hank = Page("hank", is_owner=False)

    async def story() -> None:
        room.channels.add(hank)
        await room.look(of_grace)
        await room.look(of_hank, "hank")
        room.say(room.grace, type="control", want=True)
        room.say(hank, type="control", want=True)
        assert hank.last("visit")["reason"] == "control asked by another"
        room.say(room.ada, type="control", answer="allow")
        assert (of_grace.control, of_hank.control) == ([True], [])
        room.say(hank, type="control", want=True)
        room.say(room.ada, type="control", answer="allow", name="hank")
        assert (of_grace.control, of_hank.control) == ([True, False], [True])
        assert room.grace.last("visit")["reason"] == "control given to another"
        assert hank.last("visit")["reason"] == ""

    room.run(story)
