"""What stands in the place of a learner's session and tries what it can with whoever looks at it."""

import asyncio
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

EVIL = "<img src=x onerror='window.stolen=1'>Log in again at evil.example"
PAGE = f"<script>window.stolen = 1; document.cookie = 'stolen=1; path=/';</script>{EVIL}"
WIDTH, HEIGHT = 64, 48
PIXELS = b"\x30\x60\x90\x00" * (WIDTH * HEIGHT)
PIXEL_FORMAT = struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
PAUSE_S = 2.0


class _Noted(RequestHandler):
    def initialize(self, heard: list[dict[str, str]]) -> None:
        self.heard = heard

    def prepare(self) -> None:
        self.heard.append({"path": self.request.path, **dict(self.request.headers.get_all())})


class _Page(_Noted):
    def get(self) -> None:
        self.finish(PAGE)


class _Channel(_Noted, WebSocketHandler):
    def check_origin(self, origin: str) -> bool:  # noqa: ARG002
        return True

    async def open(self) -> None:
        me = {"name": "instructor", "control": EVIL}
        state = {"type": "state", "state": "painted", "watchers": [me], "hand": {"text": EVIL}}
        messages: list[Any] = [
            state,
            {"type": "message", "id": "1", "from": EVIL, "text": EVIL},
            {"type": EVIL},
            {"type": "pong", "t": EVIL},
            {"type": "pong", "t": float("nan")},
            [[[EVIL]]],
            EVIL,
            {**state, "watchers": EVIL, "view_asked_by": 3},
        ]
        try:
            for message in messages:
                await self.write_message(json.dumps(message))
            await self.write_message("[" * 50_000)
            await self.write_message(EVIL)
            await asyncio.sleep(PAUSE_S)
            refusal = {"type": "visit", "state": "refused", "reason": EVIL, "sentence": EVIL}
            await self.write_message(json.dumps(refusal))
            await asyncio.sleep(PAUSE_S)
            await self.write_message(json.dumps({**state, "hand": "x" * 1_000_000}))
        except WebSocketClosedError:
            pass

    def on_message(self, message: str | bytes) -> None:
        """Hear it, and answer nothing."""


class _Picture(_Noted, WebSocketHandler):
    def check_origin(self, origin: str) -> bool:  # noqa: ARG002
        return True

    def open(self) -> None:
        self.steps = iter(
            (
                bytes([1, 1]),  # the security type None
                bytes(4),
                struct.pack(">HH", WIDTH, HEIGHT) + PIXEL_FORMAT + text(EVIL),
                update(WIDTH, HEIGHT, 0, PIXELS)
                + update(200, 200, -239, b"\xff" * (200 * 200 * 4 + 25 * 200))  # a cursor
                + b"\x03\x00\x00\x00"
                + text(EVIL)  # its clipboard
                + b"\x02",
            )
        )
        self.write_message(b"RFB 003.008\n", binary=True)

    async def on_message(self, message: str | bytes) -> None:  # noqa: ARG002
        step = next(self.steps, None)
        if step is not None:
            await self.write_message(step, binary=True)
        else:
            await asyncio.sleep(PAUSE_S)
            await self.write_message(b"\x77" * 100, binary=True)


def text(words: str) -> bytes:
    return struct.pack(">I", len(words)) + words.encode()


def update(width: int, height: int, encoding: int, data: bytes) -> bytes:
    return struct.pack(">BxHHHHHi", 0, 1, 0, 0, width, height, encoding) + data


@contextmanager
def hostile_session(proxy: str, token: str, owner: str) -> Iterator[list[dict[str, str]]]:
    """Put one in the place of a learner's session; yields the headers of all requests that it has got.

    Args:
        proxy: Address of the proxy's own interface.
        token: Its token.
        owner: The learner.
    """
    heard: list[dict[str, str]] = []
    noted = {"heard": heard}
    loop = asyncio.new_event_loop()
    sockets = bind_sockets(0, "127.0.0.1")

    async def serve() -> None:
        server = HTTPServer(
            Application(
                [
                    (r".*/desktop/channel", _Channel, noted),
                    (r".*/desktop-websockify", _Picture, noted),
                    (r".*", _Page, noted),
                ]
            )
        )
        server.add_sockets(sockets)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    route = f"{proxy}/api/routes/user/{owner}"
    headers = {"Authorization": f"token {token}"}
    before = httpx.get(f"{proxy}/api/routes", headers=headers).json()[f"/user/{owner}"]
    port = sockets[0].getsockname()[1]
    try:
        hostile = {**before, "target": f"http://127.0.0.1:{port}"}
        httpx.post(route, headers=headers, json=hostile).raise_for_status()
        yield heard
    finally:
        httpx.post(route, headers=headers, json=before)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
