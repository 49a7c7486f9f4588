"""Messages of instructors, and the learner's raised hand."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_desktop.people import presence
from classdesk_desktop.people.hand import Hand
from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.messages import Messages
from classdesk_desktop.people.record import Record
from classdesk_desktop.people.text import TextError, plain_text
from classdesk_desktop.server.channel import Channels, SessionState
from classdesk_desktop.server.ending import say_goodbye
from classdesk_desktop.session.runtime import RuntimeDirectory

from .served import AUTHORIZED, SERVICE_TOKEN, VISITING, Page, Server, connect, get, leave


async def call(address: str, method: str, path: str, headers: dict[str, str], body: object) -> Any:
    answer = await get(
        f"http://{address}/desktop/{path}",
        method=method,
        headers=headers,
        body=None if method == "DELETE" else json.dumps(body),
    )
    return answer.code, json.loads(answer.body)


async def heard(page: Any, kind: str) -> dict[str, Any]:
    """The next message of a type."""
    async with asyncio.timeout(5):
        while True:
            message: dict[str, Any] = json.loads(await page.read_message())
            if message["type"] == kind:
                return message


def test_a_message_is_on_every_page_of_the_learner_until_one_of_them_puts_it_away(
    session_server: Server,
) -> None:
    async def visit(address: str) -> None:
        pages = [await connect(address, AUTHORIZED, "desktop/channel") for _ in range(2)]
        other = await connect(address, VISITING, "desktop/channel")
        for page in (*pages, other):
            await heard(page, "state")
        text = "Look at <b>line 3</b>\n& save\u202e!\x07"
        assert await call(address, "POST", "message", VISITING, {"text": text, "from": "the dean"}) == (
            200,
            {"shown": 2},
        )
        messages = [await heard(page, "message") for page in pages]
        assert messages[0] == messages[1]
        assert messages[0]["from"] == "grace"
        assert messages[0]["text"] == "Look at <b>line 3</b>\n& save!"
        late = await connect(address, AUTHORIZED, "desktop/channel")
        assert await heard(late, "message") == messages[0]
        pages[0].write_message(json.dumps({"type": "seen", "id": messages[0]["id"]}))
        assert (await heard(pages[1], "seen"))["id"] == messages[0]["id"]
        assert await call(address, "POST", "message", VISITING, {"text": "next"}) == (
            200,
            {"shown": 3},
        )
        latest = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await heard(latest, "message"))["text"] == "next"
        # A visitor hears nothing of what others write to the learner, and puts nothing away.
        other.write_message(json.dumps({"type": "seen", "id": messages[0]["id"]}))
        other.write_message(json.dumps({"type": "ping", "t": 1}))
        assert json.loads(await other.read_message() or "")["type"] == "pong"
        await leave(*pages, late, latest, other)

    session_server.run(visit)


def test_a_message_by_an_administrators_command_says_so(session_server: Server) -> None:
    by_command = {"Authorization": f"token {SERVICE_TOKEN}"}

    async def visit(address: str) -> None:
        await call(address, "POST", "message", by_command, {"text": "hello"})
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await heard(page, "message"))["from"] == "An administrator"
        await leave(page)

    session_server.run(visit)


def test_without_a_page_a_message_waits_for_one(session_server: Server) -> None:
    async def visit(address: str) -> None:
        assert await call(address, "POST", "message", VISITING, {"text": "hello"}) == (
            200,
            {"shown": 0},
        )
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await heard(page, "message"))["text"] == "hello"
        await leave(page)

    session_server.run(visit)


def test_what_the_desktop_shows_without_a_page_is_taken_back_when_a_page_shows_it(runtime: RuntimeDirectory) -> None:
    taken_back: list[int] = []

    async def scene() -> None:
        async def notify(_title: str, _text: str) -> int:
            return 7

        async def withdraw(number: int) -> None:
            taken_back.append(number)

        channels = Channels(SessionState(runtime.state_file))
        messages = Messages(channels, Memory(runtime.path / "people.json"), notify, withdraw)
        assert await messages.tell("grace has restarted your session.") == 0
        for name, is_owner in (("grace", False), ("ada", True), ("ada", True)):
            page = Page(name, is_owner)
            channels.add(page)
            await asyncio.sleep(0)
            assert taken_back == ([7] if is_owner else [])
            channels.remove(page)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param({}, "missing", id="nothing"),
        pytest.param({"text": 3}, "missing", id="a number"),
        pytest.param({"text": " \n\x00 "}, "empty", id="nothing to be seen"),
        pytest.param({"text": "x" * 2001}, "2001 characters; the most is 2000", id="too long"),
        pytest.param(["text"], "JSON object", id="a list"),
    ],
)
def test_a_message_that_cannot_be_shown_is_refused_with_the_reason(
    session_server: Server, body: object, said: str
) -> None:
    async def visit(address: str) -> None:
        status, answer = await call(address, "POST", "message", VISITING, body)
        assert status == 400
        assert said in answer["message"]

    session_server.run(visit)


def test_nobody_writes_to_themselves(session_server: Server) -> None:
    async def visit(address: str) -> None:
        status, _ = await call(address, "POST", "message", AUTHORIZED, {"text": "hello"})
        assert status == 403

    session_server.run(visit)


def test_a_hand_goes_up_and_down_on_all_pages(session_server: Server) -> None:
    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await heard(page, "state"))["hand"] is None
        assert await call(address, "POST", "hand", AUTHORIZED, {"text": "line 3?"}) == (200, {})
        first = (await heard(page, "state"))["hand"]
        assert first["text"] == "line 3?"
        page.write_message(json.dumps({"type": "hand", "up": True, "text": "solved, line 4?"}))
        second = (await heard(page, "state"))["hand"]
        assert second == {**first, "text": "solved, line 4?"}
        assert await call(address, "DELETE", "hand", VISITING, None) == (200, {})
        assert (await heard(page, "state"))["hand"] is None
        page.write_message(json.dumps({"type": "hand", "up": True}))
        assert (await heard(page, "state"))["hand"]["text"] == ""
        page.write_message(json.dumps({"type": "hand", "up": False}))
        assert (await heard(page, "state"))["hand"] is None
        await leave(page)

    session_server.run(visit)


def test_a_visitor_lowers_a_hand_and_raises_none(session_server: Server) -> None:
    async def visit(address: str) -> None:
        assert await call(address, "POST", "hand", VISITING, {}) == (200, {"helper": ""})
        page = await connect(address, VISITING, "desktop/channel")
        await heard(page, "state")
        page.write_message(json.dumps({"type": "hand", "up": True}))
        await call(address, "POST", "hand", AUTHORIZED, {"text": "mine"})
        assert (await heard(page, "state"))["hand"]["text"] == "mine"
        page.write_message(json.dumps({"type": "hand", "up": False}))
        assert (await heard(page, "state"))["hand"] is None
        await leave(page)

    session_server.run(visit)


def test_too_long_a_sentence_for_a_hand_is_refused(session_server: Server) -> None:
    async def visit(address: str) -> None:
        status, answer = await call(address, "POST", "hand", AUTHORIZED, {"text": "x" * 201})
        assert (status, answer["message"]) == (
            400,
            "The text has 201 characters; the most is 200.",
        )
        page = await connect(address, AUTHORIZED, "desktop/channel")
        page.write_message(json.dumps({"type": "hand", "up": True, "text": "x" * 201}))
        assert "201" in (await heard(page, "hand-refused"))["sentence"]
        await leave(page)

    session_server.run(visit)


def test_who_comes_to_help_first_is_the_one_who_comes(session_server: Server) -> None:
    async def visit(address: str) -> None:
        assert await call(address, "POST", "hand", VISITING, {}) == (200, {"helper": ""})
        page = await connect(address, AUTHORIZED, "desktop/channel")
        await heard(page, "state")
        page.write_message(json.dumps({"type": "hand", "up": True, "text": "line 3?"}))
        while not (hand := (await heard(page, "state"))["hand"]):
            pass
        assert hand["helper"] == ""
        assert await call(address, "POST", "hand", VISITING, {}) == (200, {"helper": "grace"})
        told = (await heard(page, "state"))["hand"]
        assert (told["helper"], told["text"]) == ("grace", "line 3?")
        # A new sentence sends nobody away.
        page.write_message(json.dumps({"type": "hand", "up": True, "text": "line 4?"}))
        told = (await heard(page, "state"))["hand"]
        assert (told["helper"], told["text"]) == ("grace", "line 4?")
        await leave(page)

    session_server.run(visit)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [("stop", "grace stopped it."), ("restart", "grace is restarting it.")],
)
def test_the_learner_reads_who_ended_the_session(session_server: Server, act: str, sentence: str) -> None:
    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await call(address, "POST", "announce", VISITING, {"act": act}))[0] == 200
        say_goodbye(session_server.app.web_app.settings["classdesk_channels"])
        ended = await heard(page, "ended")
        assert (ended["reason"], ended["sentence"]) == ("stopped", sentence)
        await leave(page)

    session_server.run(visit)


def test_the_learner_reads_who_gave_more_time_until_they_have_read_it(
    session_server: Server,
) -> None:
    async def visit(address: str) -> None:
        end = time.time() + 3600
        session_server.app.web_app.settings["classdesk_channels"].state.update(end=end)
        assert (await call(address, "POST", "announce", VISITING, {"act": "extend"}))[0] == 200
        page = await connect(address, AUTHORIZED, "desktop/channel")
        told = await heard(page, "message")
        assert told["text"] == "grace has given your session more time."
        assert (told["from"], told["end"]) == ("", end), "the page has its reader's clock"
        await leave(page)

    session_server.run(visit)


def test_the_learner_reads_who_has_restarted_the_session(session_server: Server) -> None:
    async def visit(address: str) -> None:
        assert (await call(address, "POST", "announce", VISITING, {"act": "restarted"}))[0] == 200
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await heard(page, "message"))["text"] == "grace has restarted your session."
        await leave(page)

    session_server.run(visit)


def test_the_learner_reads_who_has_lowered_their_hand(session_server: Server) -> None:
    async def visit(address: str) -> None:
        for by in (AUTHORIZED, VISITING):
            await call(address, "POST", "hand", AUTHORIZED, {"text": "line 3?"})
            assert await call(address, "DELETE", "hand", by, None) == (200, {})
        assert await call(address, "DELETE", "hand", VISITING, None) == (200, {})  # it is down already
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert (await heard(page, "message"))["text"] == "grace has lowered your hand."
        page.write_message(json.dumps({"type": "ping", "t": 1}))
        assert json.loads(await page.read_message() or "")["type"] == "pong", "and of nothing else"
        await leave(page)

    session_server.run(visit)


@pytest.mark.parametrize("body", [{"act": "dance"}, {}, [], None])
def test_other_announcements_are_refused(session_server: Server, body: object) -> None:
    async def visit(address: str) -> None:
        assert (await call(address, "POST", "announce", VISITING, body))[0] == 400
        assert (await call(address, "POST", "announce", AUTHORIZED, {"act": "stop"}))[0] == 403

    session_server.run(visit)


def test_the_session_knows_whether_a_page_of_the_learner_is_open(
    session_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "RELOAD_SECONDS", 0.05)
    state = session_server.app.web_app.settings["classdesk_channels"].state

    async def visit(address: str) -> None:
        assert state.snapshot()["pages"] == 0
        other = await connect(address, VISITING, "desktop/channel")
        page = await connect(address, AUTHORIZED, "desktop/channel")
        await heard(page, "state")
        assert state.snapshot()["pages"] == 1
        await leave(page)
        async with asyncio.timeout(5):
            while state.snapshot()["pages"]:
                await asyncio.sleep(0.01)
        await leave(other)

    session_server.run(visit)


def test_an_event_has_a_number_of_its_own_also_after_many_and_in_a_new_server(
    runtime: RuntimeDirectory,
) -> None:
    file = runtime.path / "people.json"
    record = Record(Memory(file))
    for _ in range(40):
        record.note("grace", "control", "asked")
    assert [event["number"] for event in record.events] == [*range(9, 41)]
    again = Record(Memory(file))
    again.note("grace", "control", "given")
    assert again.events[-1]["number"] == 41


def test_a_new_server_of_the_session_knows_the_hand_and_the_unread(
    session_server: Server, runtime: RuntimeDirectory
) -> None:
    async def visit(address: str) -> None:
        await call(address, "POST", "hand", AUTHORIZED, {"text": "line 3?"})

    session_server.run(visit)
    file = runtime.path / "people.json"
    assert file.stat().st_mode & 0o777 == 0o600
    channels = Channels(SessionState(runtime.state_file))
    memory = Memory(file)
    Hand(channels, memory, Record(memory))
    assert channels.state.snapshot()["hand"]["text"] == "line 3?"


@given(st.text())
def test_a_plain_text_has_no_control_signs_and_no_surrogates(given_text: str) -> None:
    try:
        text = plain_text(given_text, 50)
    except TextError:
        return
    assert text.encode().decode() == text
    assert all(sign.isprintable() or sign in "\n\t" or sign.isspace() or ord(sign) > 0xA0 for sign in text)
    assert len(text) <= 50
