"""The single-user server of a session: jupyterhub's own, on an inherited socket, with what it needs alone."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from functools import partial
from typing import Any, Final, cast

from classdesk_desktop.protocol import DEFAULT_URLS, InterfaceKind, Variable
from classdesk_desktop.server.spared import spare_imports
from classdesk_desktop.session.settings import INTERFACES

# What each interface loads besides the session's pages. JupyterLab alone costs more than all the rest.
_EXTENSIONS: Final[dict[InterfaceKind, tuple[str, ...]]] = {
    "desktop": ("jupyter_server_terminals",),
    # With jupyter_server_proxy the learner's own browser reaches dask's dashboard: see dashboard_link.
    "terminal": ("jupyter_server_proxy", "jupyter_server_terminals"),
    "lab": ("jupyter_lsp", "jupyter_server_proxy", "jupyter_server_terminals", "jupyterlab"),
}

# A proxy on the way cuts a silent websocket, often after 60 s, and a dead link is only noticed by a
# missing answer. Terminals have jupyter_server's own pings.
_PING_SECONDS: Final = 10


spare_imports(kernels=os.environ.get(Variable.INTERFACE) == "lab")

from jupyter_server.serverapp import ServerApp  # noqa: E402 - what is spared above
from jupyterhub.log import log_request  # noqa: E402
from jupyterhub.singleuser.extension import JupyterHubSingleUser  # noqa: E402
from tornado.web import RequestHandler  # noqa: E402
from traitlets.config import Config  # noqa: E402

from classdesk_desktop.server.desktop_socket import DesktopSocketHandler  # noqa: E402
from classdesk_desktop.server.ending import say_goodbye  # noqa: E402
from classdesk_desktop.server.identity import SessionIdentityProvider  # noqa: E402
from classdesk_desktop.server.own_ports import keep_to_own_ports  # noqa: E402
from classdesk_desktop.server.reporting import note_request, report_end  # noqa: E402
from classdesk_desktop.server.saving import SessionContents, end_in_order  # noqa: E402
from classdesk_desktop.server.upstream import SocketServerApp, frame_lab, leave_out_process  # noqa: E402
from classdesk_desktop.session.processes import name_process  # noqa: E402


def server_config(interface: InterfaceKind, home: str, default_url: str) -> Config:
    """The server's configuration; the learner's own configuration files are not read."""
    config = Config()
    config.ServerApp.root_dir = home
    config.ServerApp.contents_manager_class = SessionContents
    config.ServerApp.default_url = default_url or DEFAULT_URLS[interface]
    # A login shell: `module` and the learner's own settings are there, as in the desktop's terminal.
    config.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "--login"]}
    config.ServerApp.tornado_settings = {
        "websocket_ping_interval": _PING_SECONDS,
        "websocket_ping_timeout": _PING_SECONDS,
        "log_function": _log_unusual_request,
    }
    # A class should see its lesson, not news; and the node may have no internet. That JupyterLab does not even ask
    # whether it may fetch them is set in the image: share/jupyter/lab/settings/overrides.json.
    # The page around JupyterLab has it save what is open before the session ends.
    config.LabApp.expose_app_in_browser = True
    config.LabApp.news_url = None
    config.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    return config


def _let_our_page_frame_lab() -> None:
    """Let JupyterLab's page, and no other, be shown in a frame, and only by the page that has the bar.

    jupyterhub forbids all frames: pages of other learners' sessions are of the same origin.
    """
    from classdesk_desktop.server.pages import is_from_lab  # late: JupyterLab alone needs it

    def policy(handler: Any) -> str:
        ours = is_from_lab(handler.request.headers.get("Referer", ""), handler.base_url)
        return "frame-ancestors " + ("'self'" if ours else "'none'")

    frame_lab(policy)


def _log_unusual_request(handler: RequestHandler) -> None:
    """Log what a reader of the session's log looks for: refusals, faults, and what changes something."""
    note_request(handler)
    if handler.get_status() >= 400 or handler.request.method not in {"GET", "HEAD", "OPTIONS"}:
        log_request(handler)


class SessionServerApp(SocketServerApp):
    """The application that ends in order."""

    async def before_stop(self) -> None:
        """Tell the pages before their connections close, and let what is being saved be saved."""
        settings = self.web_app.settings
        # In this order: the report says why the session ends.
        await asyncio.gather(
            end_in_order(
                partial(say_goodbye, settings["classdesk_channels"]),
                settings["classdesk_savers"],
                cast("SessionContents", self.contents_manager),
            ),
            report_end(settings),
        )


class SessionServer(JupyterHubSingleUser):  # type: ignore[misc]
    """jupyterhub's single-user server, which authenticates against the hub, on an inherited socket."""

    serverapp_class = SessionServerApp
    load_other_extensions = False

    @classmethod
    def get_extension_package(cls) -> str:
        """Where jupyter_server finds this class again: not the package, which is the pages' extension."""
        return __name__

    def load_config_file(self) -> None:
        """Load jupyterhub's settings, and keep visitors to what is open to them."""
        super().load_config_file()
        config = Config()
        config.ServerApp.identity_provider_class = SessionIdentityProvider
        self.serverapp.update_config(config)

    @classmethod
    def make_serverapp(cls, **kwargs: Any) -> ServerApp:
        """Make the application with this session's configuration."""
        interface = os.environ.get(Variable.INTERFACE) or "desktop"
        if interface not in INTERFACES:
            sys.exit(f"{Variable.INTERFACE} is {interface!r}; it must be one of {', '.join(INTERFACES)}.")
        kind = cast("InterfaceKind", interface)
        kwargs["jpserver_extensions"] = dict.fromkeys(
            (*kwargs["jpserver_extensions"], "classdesk_desktop", *_EXTENSIONS[kind]), True
        )
        if kind != "desktop":
            # jupyter-remote-desktop-proxy's, which starts a VNC server of its own, with another home for its settings;
            # ours comes with the interface Desktop. Others' entry points stay.
            leave_out_process(DesktopSocketHandler.name)
            keep_to_own_ports()
        if kind == "lab":
            _let_our_page_frame_lab()
        config = server_config(kind, os.environ["HOME"], os.environ.get("JUPYTERHUB_DEFAULT_URL", ""))
        return cast("ServerApp", super().make_serverapp(config=config, **kwargs))

    @classmethod
    def initialize_server(cls, *args: Any, **kwargs: Any) -> ServerApp:
        """Initialise the application, by when all configuration is read."""
        server = cast("ServerApp", super().initialize_server(*args, **kwargs))
        # Nothing that was loaded until here is garbage; see SERVER_COMMAND.
        gc.freeze()
        gc.enable()
        # What learners start in a terminal shall read their own configuration again.
        os.environ.pop("JUPYTER_NO_CONFIG", None)
        return server

    async def check_hub_version(self) -> None:
        """Do not ask the hub for its version at each start.

        The original ends the server when the hub is away for half a minute, which a hub's restart may take,
        and costs a round trip. Each report to the hub names this session's version and protocol instead, and the
        hub logs where its own are others.
        """


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": SessionServer}]


def main() -> None:
    """Serve on the inherited socket until asked to stop."""
    # A learner who ends all their programs with `killall python` does not mean the session.
    name_process("classdesk-page")
    SocketServerApp.listener = socket.socket(fileno=int(os.environ.pop("CLASSDESK_LISTEN_FD")))
    SocketServerApp.listener.setblocking(False)
    SessionServer.launch_instance(argv=[])
