"""From a key to the repaint: through hub proxy and session server, and at the same X server's own socket."""

import argparse
import asyncio
import contextlib
import math
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp

from support.hub_client import HubClient
from support.screen import XServer
from support.world import Hub, wait_until

from . import desktops, machine
from .command_line import CommandLine
from .inside import start_in_session
from .report import Progress, Row, print_object, show
from .rfb import Link, MessageLink, Rectangle, RfbClient, SocketLink
from .samples import percentile

COLUMNS = {
    "way": "way",
    "n": "keys",
    "p50_ms": "p50\nms",
    "p90_ms": "p90\nms",
    "p99_ms": "p99\nms",
    "max_ms": "max\nms",
    "more_ms": "p90: path\n- bare, ms",
}
_BLOCK = 25  # keys one after the other on one way, then as many on the other
_KEY = ord("a")
_ANSWER_S = 5.0
_QUIET_S = 0.05

# A terminal in which each key changes one character, and nothing else ever changes: no cursor blinks.
_TITLE = "latency"
_PROGRAM = r"""printf '\e[?25l\e[2J'
while IFS= read -rsn1; do
  n=$((1 - n))
  if ((n)); then printf '\e[10;30H#'; else printf '\e[10;30H '; fi
done"""
_TERMINAL = ("/usr/bin/mate-terminal", "--disable-factory", f"--title={_TITLE}", "--geometry=60x20")

Connect = Callable[[], Awaitable[Link]]


def through_path(hub: Hub, learner: HubClient, http: aiohttp.ClientSession) -> Connect:
    """Return how to connect as the page does: to the hub's proxy, with the learner's cookies."""
    learner.http.get(f"/user/{learner.name}/desktop/").raise_for_status()
    cookies = "; ".join(
        f"{cookie.name}={cookie.value}"
        for cookie in learner.http.cookies.jar
        if f"/user/{learner.name}/".startswith(cookie.path)
    )
    address = f"{hub.url}/user/{learner.name}/desktop-websockify/".replace("http", "ws", 1)

    async def connect() -> Link:
        headers = {"Cookie": cookies, "Origin": hub.url}
        socket = await http.ws_connect(address, headers=headers, compress=0, max_msg_size=0)
        return MessageLink(socket.receive_bytes, socket.send_bytes, socket.close)

    return connect


def to_socket(path: Path) -> Connect:
    """Return how to connect to the X server's own socket."""

    async def connect() -> Link:
        return SocketLink(*await asyncio.open_unix_connection(path))

    return connect


@contextlib.asynccontextmanager
async def watching(connect: Connect) -> AsyncIterator["Watch"]:
    """Connect, and follow the screen until the end of the block."""
    link = await connect()
    try:
        watch = Watch(await RfbClient.connect(link))
        follower = asyncio.create_task(watch.follow())
        try:
            yield watch
        finally:
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower
    finally:
        await link.close()


class Watch:
    """Notes when which part of the screen changes; always asks for the next update."""

    def __init__(self, client: RfbClient) -> None:
        self._client = client
        self._changes: asyncio.Queue[tuple[float, list[Rectangle]]] = asyncio.Queue()

    async def follow(self) -> None:
        """Read updates until cancelled."""
        while True:
            update = await self._client.update()
            self._changes.put_nowait((time.perf_counter(), update))
            await self._client.ask()

    async def until_quiet(self) -> None:
        """Wait until nothing has changed for a moment."""
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(_QUIET_S):
                    await self._changes.get()

    async def key_to_repaint(self, area: Rectangle) -> float:
        """Press a key; return how many milliseconds later an update of this part of the screen is here.

        Raises:
            TimeoutError: Nothing changes there.
        """
        began = time.perf_counter()
        await self._client.press(_KEY)
        async with asyncio.timeout(_ANSWER_S):
            while True:
                when, update = await self._changes.get()
                if any(part.meets(area) for part in update):
                    return (when - began) * 1000


async def measure(ways: dict[str, Connect], area: Rectangle, keys: int, progress: Progress) -> dict[str, list[float]]:
    """Press so many keys on each way, in blocks by turns."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    dice = random.Random(1)  # noqa: S311  # of no secrecy
    while any(len(times) < keys for times in found.values()):
        for way, connect in ways.items():
            async with watching(connect) as watch:
                await watch.until_quiet()
                await watch.key_to_repaint(area)  # the first one finds nothing prepared
                for _ in range(min(_BLOCK, keys - len(found[way]))):
                    # Not in step with the X server's frames, which are 16.7 ms.
                    await asyncio.sleep(dice.uniform(0.03, 0.06))
                    await watch.until_quiet()
                    found[way].append(await watch.key_to_repaint(area))
            progress.tell(", ".join(f"{name} {len(times)}" for name, times in found.items()))
    return found


def terminal_in(name: str) -> Rectangle:
    """Open the terminal in a learner's session; return where it is."""
    x = XServer.of(name)
    start_in_session(name, "mate-panel", (*_TERMINAL, "--", "/bin/bash", "-c", _PROGRAM))

    def has_keyboard() -> bool:
        active = x.active()
        return bool(active and active.title == _TITLE)

    wait_until(has_keyboard, 20, "the terminal has the keyboard")
    window = x.active()
    if window is None:
        raise RuntimeError("the terminal has closed")
    return Rectangle(window.x, window.y, window.width, window.height)


def figures(found: dict[str, list[float]]) -> dict[str, object]:
    """Return the object of the JSON."""
    result: dict[str, object] = {"n": min(map(len, found.values()))}
    for way, times in found.items():
        for percent in (50, 90, 99):
            result[f"{way}_p{percent}_ms"] = percentile(times, percent)
    result["more_p90_ms"] = percentile(found["path"], 90) - percentile(found["bare"], 90)
    return result


def rows_of(found: dict[str, list[float]]) -> Sequence[Row]:
    """Return the table's lines."""
    more = percentile(found["path"], 90) - percentile(found["bare"], 90)
    return [
        {
            "way": way,
            "n": len(times),
            "p50_ms": statistics.median(times),
            "p90_ms": percentile(times, 90),
            "p99_ms": percentile(times, 99),
            "max_ms": max(times, default=math.nan),
            "more_ms": more if way == "path" else None,
        }
        for way, times in found.items()
    ]


async def press_keys(hub: Hub, learner: HubClient, options: argparse.Namespace) -> None:
    """Measure in a session that runs, and print."""
    progress = Progress()
    x = await asyncio.to_thread(XServer.of, learner.name)
    area = await asyncio.to_thread(terminal_in, learner.name)
    progress.begin(f"{options.keys} keys on each way")
    async with aiohttp.ClientSession() as http:
        ways = {
            "path": through_path(hub, learner, http),
            "bare": to_socket(x.path(x.vnc_socket)),
        }
        found = await measure(ways, area, options.keys, progress)
    show("From a key to the repaint", COLUMNS, rows_of(found))
    if options.json:
        print_object(figures(found))


def main() -> None:
    """Start a session, measure, and print the table."""
    options = parse_arguments()
    machine.require_world()
    progress = Progress()
    progress.begin("bringing up classdesk")
    hub = desktops.ours()
    with HubClient(hub, desktops.OURS_LEARNER) as learner:
        progress.begin("starting a desktop")
        learner.start(ui="desktop", cores="2", hours="3")
        wait_until(
            lambda: {"mate-panel", "caja"} <= {w.kind for w in XServer.of(learner.name).windows()},
            30,
            "the desktop is painted",
        )
        try:
            asyncio.run(press_keys(hub, learner, options))
        finally:
            desktops.keep_logs()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(
        "latency",
        "From a key to the repaint of a terminal in a session: through hub proxy and session server as "
        "the page does it, and at the socket of the same X server, in a test world.",
    )
    parser.add_stock_root(required=False)
    parser.add_argument("--keys", type=int, default=300, metavar="N", help="on each way; default 300")
    parser.add_json()
    options = parser.parse_args()
    if options.keys < 1:
        parser.error("there is at least one key")
    return options


if __name__ == "__main__":
    main()
