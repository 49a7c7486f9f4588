"""The part that runs in the job: session supervisor, page, lesson command.

This module is also the Jupyter server extension that serves the session's pages. It imports nothing at
its top: the supervisor and the lesson command share the package and must start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__: list[str] = []


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell jupyter_server which module holds the extension."""
    return [{"module": "classdesk_desktop"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Add the session's pages and sockets to a Jupyter server."""
    from classdesk_desktop.server.extension import load

    load(server)


async def _start_jupyter_server_extension(server: ServerApp) -> None:
    """Begin what the session's server does by itself."""
    from classdesk_desktop.server.extension import start

    await start(server)
