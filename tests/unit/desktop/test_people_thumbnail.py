"""The small picture of the desktop, and that the learner knows of it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from classdesk_desktop.people import thumbnail
from classdesk_desktop.people.picture import Picture
from classdesk_desktop.protocol import Policy
from classdesk_desktop.session import runtime as runtimes
from classdesk_desktop.session.runtime import RuntimeDirectory

from .served import AUTHORIZED, VISITING, Server, connect, get, leave

WIDTH, HEIGHT = 640, 400
COOKIE = b"0123456789abcdef"


def gradient(width: int, height: int) -> bytes:
    """Pixels whose colours tell their places."""
    return b"".join(
        bytes((x * 255 // width, y * 255 // height, (x + y) % 256, 0)) for y in range(height) for x in range(width)
    )


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.format == "PNG"
    return image


@pytest.mark.parametrize(
    ("size", "small"),
    [
        pytest.param((300, 200), (300, 200), id="small already"),
        pytest.param((640, 400), (320, 200), id="half"),
        pytest.param((960, 601), (320, 200), id="a third"),
        pytest.param((1366, 768), (273, 153), id="an odd size"),
        pytest.param((1601, 900), (266, 150), id="a sixth"),
        pytest.param((3840, 2160), (320, 180), id="a large screen"),
        pytest.param((5, 1), (5, 1), id="next to nothing"),
    ],
)
def test_a_picture_is_shrunk_to_its_means(size: tuple[int, int], small: tuple[int, int]) -> None:
    pixels = gradient(*size) if size[0] < 2000 else bytes((10, 200, 30, 0)) * size[0] * size[1]
    image = opened(Picture(*size, pixels).shrink(320).png())
    assert image.size == small
    step = -(-size[0] // 320)
    original = Image.frombytes("RGB", size, pixels, "raw", "BGRX")
    box = (0, 0, small[0] * step, small[1] * step)
    wanted = original.crop(box).resize(small, Image.Resampling.BOX)
    # Blue and green change slowly: the mean of a part of the square is near that of all of it.
    for channel in (1, 2):
        pairs = zip(image.getchannel(channel).tobytes(), wanted.getchannel(channel).tobytes(), strict=True)
        assert max(abs(a - b) for a, b in pairs) <= 4


class XServer:
    """As much of an X server as a picture takes; counts the pictures."""

    def __init__(self, path: Path) -> None:
        self.pictures = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            with peer, peer.makefile("rb") as reader:
                head = reader.read(12)
                if not head:
                    return
                reader.read(20 + len(COOKIE))
                body = bytearray(32) + bytes(8) + struct.pack("<I", 0x123) + bytes(36)
                body[20], body[21] = 1, 1
                peer.sendall(struct.pack("<BxHHH", 1, 11, 0, len(body) // 4) + body)
                while request := reader.read(4):
                    opcode, _, length = struct.unpack("<BBH", request)
                    reader.read(4 * length - 4)
                    peer.sendall(self._answer(opcode))

    def _answer(self, opcode: int) -> bytes:
        if opcode == 14:
            return struct.pack("<BBHIIhhHH12x", 1, 24, 0, 0, 0x123, 0, 0, WIDTH, HEIGHT)
        if opcode == 73:
            self.pictures += 1
            return struct.pack("<BBHI24x", 1, 24, 0, WIDTH * HEIGHT) + gradient(WIDTH, HEIGHT)
        return struct.pack("<B7xI20x", 1, 77)

    def stop(self, path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
        self._thread.join(5)
        self._listener.close()


@pytest.fixture
def x_server(runtime: RuntimeDirectory, monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    monkeypatch.setattr(thumbnail, "X11_SOCKETS", runtime.path)
    runtimes.write_x_authority(runtime.x_authority, COOKIE)
    runtimes.write_desktop(runtime.desktop_file, 7, runtime.x_authority, "unix:path=/none")
    path = runtime.path / "X7"
    server = XServer(path)
    yield server
    server.stop(path)


@pytest.fixture
def walled(session_server: Server) -> Server:
    """A server whose site allows thumbnails."""
    session_server.app.web_app.settings["classdesk_policy"] = Policy(thumbnails=True)
    return session_server


def test_a_visitor_gets_a_small_picture_and_the_learner_is_told(walled: Server, x_server: XServer) -> None:
    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        assert json.loads(await page.read_message() or "")["wall"] is False
        answer = await get(f"http://{address}/desktop/thumbnail", headers=VISITING)
        assert (answer.code, answer.headers["Content-Type"]) == (200, "image/png")
        assert opened(answer.body).size == (320, 200)
        assert json.loads(await page.read_message() or "")["wall"] is True
        await leave(page)

    walled.run(visit)


def test_many_who_ask_at_once_cost_one_picture(walled: Server, x_server: XServer) -> None:
    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        url = f"http://{address}/desktop/thumbnail"
        answers = await asyncio.gather(*(get(url, headers=VISITING) for _ in range(8)))
        assert {answer.code for answer in answers} == {200}
        assert len({answer.body for answer in answers}) == 1
        await leave(page)

    walled.run(visit)
    assert x_server.pictures == 1


def test_after_some_seconds_the_picture_is_new_and_the_page_tells_no_longer(
    walled: Server, x_server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnail, "KEPT_SECONDS", 0.01)
    monkeypatch.setattr(thumbnail, "WALL_SECONDS", 0.05)

    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        for _ in range(2):
            await get(f"http://{address}/desktop/thumbnail", headers=VISITING)
            await asyncio.sleep(0.02)
        said = [json.loads(await page.read_message() or "")["wall"] for _ in range(3)]
        assert said == [False, True, False]
        await leave(page)

    walled.run(visit)
    assert x_server.pictures == 2


def test_without_a_page_that_tells_the_learner_there_is_no_picture(walled: Server, x_server: XServer) -> None:
    async def visit(address: str) -> None:
        assert (await get(f"http://{address}/desktop/thumbnail", headers=VISITING)).code == 204

    walled.run(visit)
    assert x_server.pictures == 0


def test_where_the_site_does_not_allow_it_there_is_no_picture(session_server: Server, x_server: XServer) -> None:
    async def visit(address: str) -> None:
        page = await connect(address, AUTHORIZED, "desktop/channel")
        for headers in (VISITING, AUTHORIZED):
            answer = await get(f"http://{address}/desktop/thumbnail", headers=headers)
            assert answer.code == 403
            assert "not show small pictures" in json.loads(answer.body)["message"]
        assert json.loads(await page.read_message() or "")["wall"] is False
        await leave(page)

    session_server.run(visit)
    assert x_server.pictures == 0


def test_without_a_desktop_there_is_no_picture(walled: Server, runtime: RuntimeDirectory) -> None:
    async def visit(address: str) -> None:
        url = f"http://{address}/desktop/thumbnail"
        assert (await get(url, headers=AUTHORIZED)).code == 204
        runtimes.write_desktop(runtime.desktop_file, 7, runtime.x_authority, "")
        os.utime(runtime.path)
        assert (await get(url, headers=AUTHORIZED)).code == 204

    walled.run(visit)
