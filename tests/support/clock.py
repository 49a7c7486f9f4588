"""The clock of an event loop: what waits for a moment need not wait for it in a test."""

import asyncio


def pass_time(seconds: float) -> None:
    """Put the running loop's clock forward: what sleeps, or has a time limit, that ends until then ends now."""
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]
