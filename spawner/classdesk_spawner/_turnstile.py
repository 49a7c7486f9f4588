"""The turnstile: a class that presses Start at once goes through the hub one after another."""

import asyncio


class Turnstile:
    """Lets one task through in each turn of the event loop, in the order of their coming.

    JupyterHub spends some 10 ms of computing on a start before it waits for anything, and as much again when
    a session is ready. Three hundred at once would keep everybody else waiting for seconds: the event loop
    serves what is ready in its order, so a page that somebody asks for comes after all of them. With one a
    turn it comes after one of them, and all together take no longer.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def pass_through(self) -> None:
        """Wait for one's turn."""
        async with self._lock:
            # Between two turns the loop looks at its sockets, and runs what has come.
            await asyncio.sleep(0)
