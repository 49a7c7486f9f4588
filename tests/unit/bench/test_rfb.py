"""The benchmark's RFB client, against a server that plays a script."""

import asyncio
import struct

import pytest

from classdesk_bench.rfb import MessageLink, Rectangle, RfbClient, RfbError

HANDSHAKE = b"".join(
    (
        b"RFB 003.008\n",
        b"\x02\x02\x01",  # two security types: VNC password, none
        bytes(4),
        struct.pack(">HH", 640, 480),
        bytes(16),
        struct.pack(">I", 4) + b"mate",
    )
)


class Script:
    """Sends prepared bytes in small messages, and keeps what it is sent."""

    def __init__(self, data: bytes) -> None:
        self.messages = [data[start : start + 7] for start in range(0, len(data), 7)]
        self.sent: list[bytes] = []

    def link(self) -> MessageLink:
        return MessageLink(self.receive, self.send, self.end)

    async def receive(self) -> bytes:
        return self.messages.pop(0)

    async def send(self, data: bytes) -> None:
        self.sent.append(data)

    async def end(self) -> None:
        self.messages.clear()


def rectangle(area: Rectangle, encoding: int, data: bytes) -> bytes:
    return struct.pack(">HHHHi", area.x, area.y, area.width, area.height, encoding) + data


def test_it_shakes_hands_and_asks_for_the_whole_screen() -> None:
    script = Script(HANDSHAKE)
    client = asyncio.run(RfbClient.connect(script.link()))
    assert (client.width, client.height) == (640, 480)
    assert script.sent[:3] == [b"RFB 003.008\n", b"\x01", b"\x01"]
    assert script.sent[-1] == struct.pack(">BBHHHH", 3, 0, 0, 0, 640, 480)


def test_it_hears_where_the_screen_changes_whatever_comes_between() -> None:
    update = struct.pack(">BxH", 0, 2)
    update += rectangle(Rectangle(1, 2, 2, 1), 0, bytes(8))
    update += rectangle(Rectangle(10, 20, 30, 40), 16, struct.pack(">I", 5) + b"zlib!")
    clipboard = b"\x03\0\0\0" + struct.pack(">I", 2) + b"hi"

    async def listen() -> list[Rectangle]:
        return await (await RfbClient.connect(script.link())).update()

    script = Script(HANDSHAKE + b"\x02" + clipboard + update)
    assert asyncio.run(listen()) == [Rectangle(1, 2, 2, 1), Rectangle(10, 20, 30, 40)]


def test_a_key_goes_down_and_up_in_one_message() -> None:
    async def press() -> None:
        await (await RfbClient.connect(script.link())).press(ord("a"))

    script = Script(HANDSHAKE)
    asyncio.run(press())
    assert script.sent[-1] == b"\x04\x01\0\0\0\0\0a" + b"\x04\0\0\0\0\0\0a"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", "not an RFB server", id="another protocol"),
        pytest.param(b"RFB 003.008\n\x01\x02", r"security types \[2\]", id="password"),
        pytest.param(b"RFB 003.008\n\x01\x01\0\0\0\x01", "refuses", id="refused"),
    ],
)
def test_a_connection_that_is_of_no_use_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RfbError, match=message):
        asyncio.run(RfbClient.connect(Script(data).link()))


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        pytest.param(Rectangle(5, 5, 1, 1), True, id="inside"),
        pytest.param(Rectangle(9, 9, 50, 50), True, id="one pixel"),
        pytest.param(Rectangle(10, 0, 5, 5), False, id="beside"),
        pytest.param(Rectangle(0, 10, 5, 5), False, id="below"),
    ],
)
def test_rectangles_meet_when_they_share_a_pixel(other: Rectangle, meets: bool) -> None:
    area = Rectangle(0, 0, 10, 10)
    assert area.meets(other) is meets
    assert other.meets(area) is meets
