"""Adds the session's pages, their files and the desktop's socket to the Jupyter server."""

from __future__ import annotations

import asyncio
import os
import re
from functools import partial
from pathlib import Path

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from jupyter_server_proxy.handlers import AddSlashHandler

from classdesk_desktop.files.handlers import FilesHandler, UploadHandler
from classdesk_desktop.people.routes import set_up as set_up_people
from classdesk_desktop.protocol import SessionPath, Variable
from classdesk_desktop.server.assets import WebAssets
from classdesk_desktop.server.calls import (
    EndHandler,
    ExtendHandler,
    ResetHandler,
    RestartHandler,
    ScaleHandler,
    StateHandler,
)
from classdesk_desktop.server.channel import Channels, SessionState
from classdesk_desktop.server.channel_socket import ChannelSocket
from classdesk_desktop.server.focus import Focus
from classdesk_desktop.server.lessons import ROUTES as LESSON_ROUTES
from classdesk_desktop.server.memory_use import MemoryGauge, MemoryUse
from classdesk_desktop.server.notify import notify, withdraw
from classdesk_desktop.server.pages import (
    AssetHandler,
    BareLab,
    DesktopPage,
    FramedLab,
    LabPage,
    TerminalPage,
)
from classdesk_desktop.server.pulse import watch_pulse
from classdesk_desktop.server.reporting import start_reports
from classdesk_desktop.server.saving import Savers
from classdesk_desktop.server.time_left import TimeLeft
from classdesk_desktop.session.environment import web_root
from classdesk_desktop.session.memory import SessionMemory
from classdesk_desktop.session.policy import read_policy
from classdesk_desktop.session.runtime import RuntimeDirectory


def load(server: ServerApp) -> None:
    """Register the handlers; called by jupyter_server when it loads the extension."""
    assets = WebAssets(web_root(os.environ))
    runtime = RuntimeDirectory(Path(os.environ.get("CLASSDESK_RUNTIME") or "/nonexistent"))
    application = server.web_app
    application.settings["classdesk_assets"] = assets
    application.settings["classdesk_runtime"] = runtime
    application.settings["classdesk_policy"] = policy = read_policy(os.environ)
    application.settings["classdesk_channels"] = channels = Channels(
        SessionState(
            runtime.state_file,
            end=_number(os.environ.get(Variable.END, "")),
            extend_minutes=policy.extend_minutes,
        )
    )
    application.settings["classdesk_memory"] = SessionMemory.of(os.environ)
    application.settings["classdesk_supervisor"] = int(os.environ.get("CLASSDESK_SUPERVISOR") or 0)

    application.settings["classdesk_savers"] = Savers(channels)
    Focus(channels, runtime)
    people = set_up_people(application, channels, runtime, policy)

    def route(path: str) -> str:
        return url_path_join(re.escape(application.settings["base_url"]), path)

    application.add_handlers(  # type: ignore[no-untyped-call]
        ".*",
        [
            (route(r"desktop"), AddSlashHandler),
            (route(r"desktop/"), DesktopPage),
            (route(r"desktop/state"), StateHandler),
            (route(SessionPath.CHANNEL), ChannelSocket),
            (route(r"desktop/restart"), RestartHandler),
            (route(SessionPath.RESET), ResetHandler),
            (route(r"desktop/end"), EndHandler),
            (route(r"desktop/extend"), ExtendHandler),
            (route(r"desktop/scale"), ScaleHandler),
            (route(r"desktop/upload"), UploadHandler),
            (route(r"desktop/files/(.*)"), FilesHandler),
            (route(r"desktop/assets/[0-9a-f]+/(.+)"), AssetHandler, {"assets": assets}),
            *((route(path), handler) for path, handler in LESSON_ROUTES),
            *((route(path), *rest) for path, *rest in people),
            (BareLab(application.settings["base_url"]), FramedLab),
            (route(r"desktop/lab/"), LabPage),
            (route(r"terminal"), AddSlashHandler),
            (route(r"terminal/"), TerminalPage),
        ],
    )


async def start(server: ServerApp) -> None:
    """Begin what goes on beside the requests; called by jupyter_server when it serves."""
    settings = server.web_app.settings
    runtime: RuntimeDirectory = settings["classdesk_runtime"]
    channels: Channels = settings["classdesk_channels"]
    on_desktop = (partial(notify, runtime), partial(withdraw, runtime))
    time_left = TimeLeft(channels, *on_desktop)
    gauge = MemoryGauge(settings["classdesk_memory"])
    memory = MemoryUse(gauge, channels, *on_desktop, spills_to_memory=not os.environ.get(Variable.SCRATCH))
    settings["classdesk_tasks"] = [
        asyncio.create_task(time_left.run()),
        asyncio.create_task(memory.run()),
        asyncio.create_task(start_reports(server)),
        asyncio.create_task(
            watch_pulse(
                runtime,
                lambda frozen: channels.state.update(frozen=frozen),
            )
        ),
    ]


def _number(text: str) -> float | str:
    return float(text) if text else ""
