"""Adds the session's pages, their files and the desktop's socket to the Jupyter server."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from jupyter_server_proxy.handlers import AddSlashHandler

from classdesk_desktop.assets import WebAssets
from classdesk_desktop.channel import Channels, SessionState
from classdesk_desktop.channel_socket import ChannelSocket
from classdesk_desktop.desktop_socket import DesktopSocketHandler
from classdesk_desktop.environment import web_root
from classdesk_desktop.pages import (
    AssetHandler,
    DesktopPage,
    RestartHandler,
    StateHandler,
    TerminalPage,
)
from classdesk_desktop.runtime import RuntimeDirectory


def load(server: ServerApp) -> None:
    """Register the handlers; called by jupyter_server when it loads the extension."""
    assets = WebAssets(web_root(os.environ))
    runtime = RuntimeDirectory(Path(os.environ.get("CLASSDESK_RUNTIME") or "/nonexistent"))
    application = server.web_app
    application.settings["classdesk_assets"] = assets
    application.settings["classdesk_runtime"] = runtime
    application.settings["classdesk_channels"] = Channels(
        SessionState(runtime.state_file, end=os.environ.get("CLASSDESK_END", ""))
    )
    application.settings["classdesk_supervisor"] = int(os.environ.get("CLASSDESK_SUPERVISOR") or 0)

    def route(path: str) -> str:
        return url_path_join(re.escape(application.settings["base_url"]), path)

    application.add_handlers(  # type: ignore[no-untyped-call]
        ".*",
        [
            (route(r"desktop"), AddSlashHandler),
            (route(r"desktop/"), DesktopPage),
            (route(r"desktop/state"), StateHandler),
            (route(r"desktop/channel"), ChannelSocket),
            (route(r"desktop/restart"), RestartHandler),
            (route(r"desktop/assets/[0-9a-f]+/(.+)"), AssetHandler, {"assets": assets}),
            # jupyter-remote-desktop-proxy's route, which existing links and tools know.
            (
                route(r"desktop-websockify/?()"),
                DesktopSocketHandler,
                # Bytes of the desktop are no sign of a learner: its clock sends some each minute.
                {"update_last_activity": False},
            ),
            (route(r"terminal"), AddSlashHandler),
            (route(r"terminal/"), TerminalPage),
        ],
    )
