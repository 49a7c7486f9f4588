"""A visitor's websocket to the desktop, from the log-in to the X server's socket."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tornado.websocket import WebSocketClientConnection

from classdesk_desktop.people.watchers import Watchers
from classdesk_desktop.protocol import NOT_ALLOWED, Observe
from classdesk_desktop.session.runtime import RuntimeDirectory

from .served import AUTHORIZED, VISITING, Server, connect, leave

VERSION = b"RFB 003.008\n"
PIXELS = struct.pack(">4B3H3B3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
INIT = struct.pack(">HH", 2, 1) + PIXELS + struct.pack(">I", 3) + b"ada"
KEY = struct.pack(">BBxxI", 4, 1, ord("x"))
KEY_UP = struct.pack(">BBxxI", 4, 0, ord("x"))
REQUEST = struct.pack(">BB4H", 3, 0, 0, 0, 2, 1)
CUT_TEXT = struct.pack(">B3xI", 6, 5) + b"hello"
UPDATE = struct.pack(">BxH4Hi", 0, 1, 0, 0, 1, 1, 0) + b"bgrx"
SECRET = struct.pack(">B3xI", 3, 6) + b"secret"


@dataclass
class Desktop:
    """An X server's VNC side that shakes hands, and keeps what comes after."""

    received: bytearray = field(default_factory=bytearray)
    connections: int = 0
    ended: int = 0
    writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writer = writer
        for says, hears in ((VERSION, 12), (b"\x01\x01", 1), (bytes(4), 1), (INIT, 0)):
            writer.write(says)
            await reader.readexactly(hears)
        while data := await reader.read(1 << 16):
            self.received += data
        self.ended += 1
        writer.close()

    async def has(self, data: bytes) -> None:
        async with asyncio.timeout(5):
            while bytes(self.received) != data:
                await asyncio.sleep(0.01)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def shake_hands(browser: WebSocketClientConnection) -> None:
    got = b""
    for expected, says in (
        (VERSION, VERSION),
        (b"\x01\x01", b"\x01"),
        (bytes(4), b"\x00"),
        (INIT, b""),
    ):
        while len(got) < len(expected):
            part = await browser.read_message()
            assert isinstance(part, bytes)
            got += part
        assert got[: len(expected)] == expected
        got = got[len(expected) :]
        if says:
            await browser.write_message(says, binary=True)


async def state(page: WebSocketClientConnection, fits: Callable[[Any], object]) -> Any:
    """The next state that fits."""
    async with asyncio.timeout(5):
        while True:
            message = json.loads(await page.read_message() or "")
            if message["type"] == "state" and fits(message):
                return message


def run(
    server: Server,
    runtime: RuntimeDirectory,
    story: Callable[[str, Desktop], Awaitable[None]],
    observe: Observe = "notify",
) -> Desktop:
    settings = server.app.web_app.settings
    settings["classdesk_watchers"] = Watchers(
        settings["classdesk_channels"],
        observe,
        silent,
        settings["classdesk_hand"],
        settings["classdesk_record"],
    )
    desktop = Desktop()

    async def visit(address: str) -> None:
        backend = await asyncio.start_unix_server(desktop.serve, runtime.vnc_socket)
        try:
            await story(address, desktop)
            await until(lambda: desktop.ended == desktop.connections)
        finally:
            backend.close()

    server.run(visit)
    return desktop


async def silent(_title: str, _text: str) -> None:
    """A desktop without notifications."""


def test_a_visitor_sees_and_changes_nothing(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        browser = await connect(address, VISITING)
        await shake_hands(browser)
        for message in (KEY, REQUEST, CUT_TEXT, KEY_UP, REQUEST):
            await browser.write_message(message, binary=True)
        await desktop.has(REQUEST + REQUEST)
        assert desktop.writer
        desktop.writer.write(SECRET + UPDATE)
        assert await browser.read_message() == UPDATE
        await leave(browser)

    run(session_server, runtime, story)


def test_the_learner_s_own_connection_is_as_it_was(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        browser = await connect(address, AUTHORIZED)
        await shake_hands(browser)
        await browser.write_message(KEY + CUT_TEXT, binary=True)
        await desktop.has(KEY + CUT_TEXT)
        assert desktop.writer
        desktop.writer.write(SECRET)
        assert await browser.read_message() == SECRET
        await leave(browser)

    run(session_server, runtime, story)
    assert session_server.app.web_app.settings["classdesk_channels"].state.snapshot()["watchers"] == []


def test_control_lets_keys_pass_and_its_end_releases_them(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        ada = await connect(address, AUTHORIZED, "desktop/channel")
        grace = await connect(address, VISITING, "desktop/channel")
        browser = await connect(address, VISITING)
        await shake_hands(browser)
        await grace.write_message('{"type": "control", "want": true}')
        await state(ada, lambda s: s["control_asked_by"] == "grace")
        await ada.write_message('{"type": "control", "answer": "allow", "name": "grace"}')
        await state(grace, lambda s: s["watchers"] and s["watchers"][0]["control"])
        await browser.write_message(KEY + CUT_TEXT, binary=True)
        await desktop.has(KEY)
        await ada.write_message('{"type": "control", "answer": "end"}')
        await desktop.has(KEY + KEY_UP)
        await browser.write_message(KEY + REQUEST, binary=True)
        await desktop.has(KEY + KEY_UP + REQUEST)
        await leave(ada, grace, browser)

    run(session_server, runtime, story)


def test_until_the_learner_allows_it_nothing_is_connected(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        ada = await connect(address, AUTHORIZED, "desktop/channel")
        browser = await connect(address, VISITING)
        await state(ada, lambda s: s["view_asked_by"] == ["grace"])
        assert desktop.connections == 0
        await ada.write_message('{"type": "view", "answer": "allow", "name": "grace"}')
        await shake_hands(browser)
        assert (await state(ada, lambda s: s["watchers"]))["watchers"][0]["name"] == "grace"
        await leave(browser)
        await state(ada, lambda s: not s["watchers"])
        await leave(ada)

    run(session_server, runtime, story, "ask")


def test_a_visitor_who_goes_before_the_answer_asks_no_longer(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        ada = await connect(address, AUTHORIZED, "desktop/channel")
        browser = await connect(address, VISITING)
        await state(ada, lambda s: s["view_asked_by"])
        await leave(browser)
        await state(ada, lambda s: not s["view_asked_by"])
        assert desktop.connections == 0
        await leave(ada)

    run(session_server, runtime, story, "ask")


def test_the_learner_ends_a_look_at_once(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        ada = await connect(address, AUTHORIZED, "desktop/channel")
        browser = await connect(address, VISITING)
        await state(ada, lambda s: s["view_asked_by"])
        await ada.write_message('{"type": "view", "answer": "allow", "name": "grace"}')
        await shake_hands(browser)
        await ada.write_message('{"type": "view", "answer": "end", "name": "grace"}')
        assert await browser.read_message() is None
        browser.close()
        assert browser.close_code == NOT_ALLOWED
        assert browser.close_reason == "ended"
        await leave(ada)

    run(session_server, runtime, story, "ask")


def test_where_the_site_forbids_it_nothing_is_connected(session_server: Server, runtime: RuntimeDirectory) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        browser = await connect(address, VISITING)
        assert await browser.read_message() is None
        browser.close()
        assert browser.close_code == NOT_ALLOWED

    assert run(session_server, runtime, story, "off").connections == 0


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\x01", id="an unknown message"),
        pytest.param("text that is not RFB", id="text"),
    ],
)
def test_what_is_no_vnc_ends_the_connection(
    session_server: Server, runtime: RuntimeDirectory, said: str | bytes
) -> None:
    async def story(address: str, desktop: Desktop) -> None:
        browser = await connect(address, VISITING)
        await shake_hands(browser)
        await browser.write_message(said, binary=isinstance(said, bytes))
        assert await browser.read_message() is None
        browser.close()
        await until(lambda: desktop.ended == 1)
        assert desktop.received == b""

    run(session_server, runtime, story)
