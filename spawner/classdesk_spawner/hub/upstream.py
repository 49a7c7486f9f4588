"""What the spawner touches of JupyterHub that may change without a word: the place to look at when it is upgraded.

`tests/unit/test_upstream.py` holds each of these names and signatures against the version that is installed.
"""

import asyncio
from collections.abc import Callable
from typing import Any


class UpstreamError(RuntimeError):
    """A package is not as we know it."""


def replace_handler(handlers: list[Any], old: type, new: type, arguments: dict[str, object] | None = None) -> None:
    """Let a handler of ours answer wherever one of JupyterHub's or batchspawner's does.

    Args:
        handlers: JupyterHub's list, which it reads when it starts; changed in place.
        old: The handler's class; a subclass of it that took its place earlier is replaced, too.
        new: Ours.
        arguments: Those of ours; None for what was there.

    Raises:
        UpstreamError: Nothing was replaced.
    """
    found = [number for number, row in enumerate(handlers) if issubclass(row[1], old)]
    if not found:
        raise UpstreamError(f"There is no {old.__name__} that {new.__name__} could take the place of.")
    for number in found:
        route, _, *rest = handlers[number]
        handlers[number] = (route, new, *rest) if arguments is None else (route, new, arguments)


# A session that goes on starting in a new hub process looks to JupyterHub like any start, and its stop like any stop.


def server_of(spawner: Any) -> Any:
    """Return JupyterHub's object for a session's server, without asking the database; None where there is none."""
    return spawner._server


def wait_instead(server: Any, wait_up: Callable[..., Any]) -> None:
    """Wait in another way for a server's first answer."""
    server.wait_up = wait_up


def start_of(spawner: Any) -> "asyncio.Future[Any] | None":
    """Return the start that is under way, or the last one where it has failed."""
    start: asyncio.Future[Any] | None = spawner._spawn_future
    return start


def stop_of(spawner: Any) -> "asyncio.Future[Any] | None":
    """Return the stop that is under way."""
    stop: asyncio.Future[Any] | None = spawner._stop_future
    return stop


def begin_start(spawner: Any, start: "asyncio.Future[Any]") -> None:
    """Let a session count as starting until `end_start`."""
    spawner._spawn_future, spawner._spawn_pending = start, True


def end_start(spawner: Any, start: "asyncio.Future[Any]") -> None:
    """Let a session count as starting no longer; how a start has failed stays known."""
    spawner._spawn_pending = False
    if start.cancelled():
        spawner._spawn_future, spawner._check_pending = None, False
    elif start.exception() is None:
        spawner._spawn_future = None


def is_checked(spawner: Any) -> bool:
    """Whether a hub that starts still looks what has become of the session."""
    return bool(spawner._check_pending)


def is_stopping(spawner: Any) -> bool:
    """Whether the session is being stopped."""
    return bool(spawner._stop_pending)
