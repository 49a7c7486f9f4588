"""A class's learners as they are now, and each change of them while somebody looks."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from tornado.iostream import StreamClosedError

from .base import CHECK_AGAIN_S, ConsoleHandler, translated


class LearnersHandler(ConsoleHandler):
    """`GET api/class/CLASS/learners`."""

    @translated
    async def get(self, name: str) -> None:
        """Answer with all learners as they are now."""
        self.class_(name)
        await self.context.view.fresh()
        self.answer(self.context.snapshot(name))


class StreamHandler(ConsoleHandler):
    """`GET api/class/CLASS/stream`: server-sent events."""

    async def get(self, name: str) -> None:
        """Send a snapshot, then changes and the progress of acts, until the browser goes."""
        self.class_(name)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("X-Accel-Buffering", "no")  # a web server before us must not collect it
        view = self.context.view
        async with contextlib.aclosing(view.stream(name, self.context.snapshot)) as events:
            with contextlib.suppress(asyncio.CancelledError):  # the console is told to stop
                await self._send(name, events)

    async def _send(self, name: str, events: AsyncIterator[tuple[str, str] | None]) -> None:
        checked = time.monotonic()
        async for event in events:
            if time.monotonic() - checked > CHECK_AGAIN_S:
                checked = time.monotonic()
                if not await self.still_allowed(name):
                    return
            try:
                if event is None:
                    self.write(": still here\n\n")
                else:
                    self.write(f"event: {event[0]}\ndata: {event[1]}\n\n")
                await self.flush()
            except StreamClosedError:
                return
