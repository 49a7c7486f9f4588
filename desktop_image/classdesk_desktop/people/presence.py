"""How many of the learner's pages are open: whether anybody sits before the desktop."""

from __future__ import annotations

import asyncio
from typing import Final

from classdesk_desktop.server.channel import Channels, Listener

RELOAD_SECONDS: Final = 3.0
"""A page that comes back within this time was never away."""


def count_pages(channels: Channels) -> None:
    """Keep the number of the learner's open pages in the channel's state, as `pages`."""

    def count() -> None:
        channels.state.update(pages=sum(listener.is_owner for listener in channels))

    def opened(_listener: Listener) -> None:
        count()

    def closed(_listener: Listener) -> None:
        asyncio.get_running_loop().call_later(RELOAD_SECONDS, count)

    channels.state.update(pages=0)
    channels.on_open(opened)
    channels.on_close(closed)
