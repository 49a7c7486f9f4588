"""The bus is a real one: what counts is that it takes what we say."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from classdesk_desktop.session.processes import stop_group
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.supervisor.bus import start_bus
from classdesk_desktop.supervisor.logout import until_logged_out


@asynccontextmanager
async def bus(runtime: RuntimeDirectory) -> AsyncIterator[None]:
    process = await start_bus({"PATH": "/usr/bin:/bin"}, runtime)
    try:
        yield
    finally:
        await stop_group(process, 3)


async def signal(runtime: RuntimeDirectory, member: str, *arguments: str) -> None:
    await asyncio.to_thread(
        subprocess.run,
        [
            *("/usr/bin/dbus-send", f"--bus={runtime.bus_address}", "--type=signal"),
            *("/org/gnome/SessionManager/Client1", member, *arguments),
        ],
        check=True,
    )


NAME = "org.gnome.SessionManager.ClientPrivate"


@pytest.mark.parametrize(
    ("member", "arguments", "expected"),
    [
        pytest.param(f"{NAME}.EndSession", ["uint32:0"], True, id="log-out"),
        pytest.param(f"{NAME}.EndSession", ["uint32:1"], False, id="SIGTERM"),
        pytest.param(f"{NAME}.QueryEndSession", ["uint32:0"], False, id="a question only"),
        pytest.param("some.other.Interface.EndSession", ["uint32:0"], False, id="another one's"),
    ],
)
def test_a_log_out_is_told_from_everything_else(
    runtime: RuntimeDirectory, member: str, arguments: list[str], expected: bool
) -> None:
    async def watch() -> bool:
        async with bus(runtime):
            watching = asyncio.create_task(until_logged_out(runtime.bus_socket))
            # Nobody tells when it has begun to watch, so the signal comes again and again.
            for _ in range(8 if not expected else 100):
                await signal(runtime, member, *arguments)
                if (await asyncio.wait({watching}, timeout=0.05))[0]:
                    break
            seen = watching.done()
            watching.cancel()
            return seen

    assert asyncio.run(watch()) is expected


def test_the_end_of_the_bus_is_an_error(runtime: RuntimeDirectory) -> None:
    async def watch() -> None:
        async with bus(runtime):
            watching = asyncio.create_task(until_logged_out(runtime.bus_socket))
            await asyncio.sleep(0.1)
        await watching

    with pytest.raises(OSError, match="bus"):
        asyncio.run(watch())
