"""The turnstile: a class that presses Start at once goes through the hub one after another."""

import asyncio
import heapq
import itertools
from enum import IntEnum


class Step(IntEnum):
    """The steps of a start that cost the hub some computing, in their order."""

    PRESSED = 0
    """*Start* was pressed; the form is read."""
    CHECKED = 1
    """JupyterHub has made token and client; the job is submitted next."""
    REACHED = 2
    """The session has called home; JupyterHub opens its route next."""


class Turnstile:
    """Lets one task through in each turn of the event loop: who is furthest first, then who came first.

    JupyterHub spends some 10 ms of computing on a start before it waits for anything, and as much again when
    a session is ready. Three hundred at once would keep everybody else waiting for seconds: the event loop
    serves what is ready in its order, so a page that somebody asks for comes after all of them. With one a
    turn it comes after one of them, and all together take no longer.

    With the furthest first, Slurm and the nodes have work from the first moment on, and the first sessions are
    ready while the last ones are not begun; in the order of their coming, all would be ready at the end.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._turning = False

    async def pass_through(self, step: Step) -> None:
        """Wait for one's turn.

        Args:
            step: How far the start is.
        """
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-step, next(self._number), turn))
        if not self._turning:
            self._turn()
        await turn

    def _turn(self) -> None:
        """Let the next one through, and look again when the loop has looked at its sockets."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # who was cancelled goes no further
                turn.set_result(None)
                self._turning = True
                asyncio.get_running_loop().call_soon(self._turn)
                return
        self._turning = False
