"""Connects the reports to the server: what its terminals and notebooks do, and what it says of activity itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from datetime import UTC, datetime
from typing import Any, Final

from jupyter_server.serverapp import ServerApp
from tornado.web import RequestHandler

from classdesk_desktop.people.record import Record
from classdesk_desktop.protocol import Policy
from classdesk_desktop.server.last_minute import end_in_time
from classdesk_desktop.server.report import Meter, Reporter, last_activity
from classdesk_desktop.server.upstream import say_activity

# In the server's settings: when a file was last written through it, in Unix seconds.
LAST_WRITE: Final = "classdesk_last_write"
# Less than pages have to save.
_LAST_SECONDS: Final = 2.0
_WRITES: Final = frozenset({"PUT", "POST", "PATCH", "DELETE"})


def note_request(handler: RequestHandler) -> None:
    """Note a finished request, if it is one by which somebody works."""
    if handler.request.method in _WRITES and "/api/contents" in handler.request.path:
        handler.settings[LAST_WRITE] = time.time()


async def start_reports(server: ServerApp) -> None:
    """Report to the hub until cancelled, where there is a hub."""
    settings = server.web_app.settings
    url, token = (os.environ.get(f"JUPYTERHUB_{name}", "") for name in ("API_URL", "API_TOKEN"))
    if not url or not token:
        return
    meter = Meter(
        settings["classdesk_runtime"],
        settings["classdesk_memory"],
        lambda: _served_at(settings),
        lambda: _is_busy(settings),
    )
    record: Record = settings["classdesk_record"]
    reporter = Reporter(settings["classdesk_channels"].state, meter.measure, url, token, lambda: record.events)
    settings["classdesk_reporter"] = reporter
    _replace_last_activity(server, reporter, settings["classdesk_policy"])
    channels, supervisor = settings["classdesk_channels"], settings["classdesk_supervisor"]

    def stop() -> None:
        if supervisor and os.getppid() == supervisor:
            os.kill(supervisor, signal.SIGTERM)

    await asyncio.gather(reporter.run(), end_in_time(channels, reporter.report_once, stop))


async def report_end(settings: dict[str, Any]) -> None:
    """Tell the hub that the session ends in order: Slurm does not say so of one that it ended a program of."""
    reporter: Reporter | None = settings.get("classdesk_reporter")
    if reporter:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await reporter.report_once()


def _served_at(settings: dict[str, Any]) -> float:
    """When a terminal or a notebook of the server was last used, in Unix seconds.

    Not jupyter_server's own idea of activity: JupyterLab asks for the list of files all day.
    """
    used = [*settings["terminal_manager"].terminals.values()] if "terminal_manager" in settings else []
    kernels = settings["kernel_manager"]
    used += [kernels.get_kernel(number) for number in kernels.list_kernel_ids()]
    moments = [item.last_activity.timestamp() for item in used if hasattr(item, "last_activity")]
    return float(max([settings.get(LAST_WRITE, 0.0), *moments]))


def _is_busy(settings: dict[str, Any]) -> bool:
    kernels = settings["kernel_manager"]
    return any(
        getattr(kernels.get_kernel(number), "execution_state", "") == "busy" for number in kernels.list_kernel_ids()
    )


def _replace_last_activity(server: ServerApp, reporter: Reporter, policy: Policy) -> None:
    """Let jupyterhub's own reports, each five minutes, say the same as ours."""
    started = datetime.now(UTC)

    def measured() -> datetime:
        measure = reporter.latest
        return last_activity(measure, policy, time.time()) if measure else started

    say_activity(server.web_app, measured)
