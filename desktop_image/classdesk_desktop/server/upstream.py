"""What the session's server touches of its packages that may change without a word: the place to look at on an upgrade.

These are jupyterhub's single-user server, jupyter_server and jupyter-server-proxy. `tests/unit/test_upstream.py` holds
each of these names and signatures against the versions that are installed. `spared.py` has what is kept from being
imported at all, and the session's pages have a module of this name for noVNC.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jupyter_server_proxy
from jupyter_server.serverapp import ServerApp
from jupyter_server_proxy.handlers import ProxyHandler
from jupyter_server_proxy.rawsocket import RawSocketHandler, RawSocketProtocol
from tornado.web import Application


class SocketServerApp(ServerApp):
    """jupyter_server's application on a socket that is bound and listening already.

    Attributes:
        listener: the socket.
    """

    listener: socket.socket

    async def before_stop(self) -> None:
        """Do what is to be done before the server stops because of a signal."""

    def _find_http_port(self) -> None:
        """Take the inherited socket's port.

        The original binds a free port, closes it and binds it again later: another session of the node can
        take it in between.
        """
        self.port = self.listener.getsockname()[1]

    def _bind_http_server_tcp(self) -> bool:
        self.http_server.add_socket(self.listener)
        return True

    def _signal_stop(self, sig: Any, frame: Any) -> None:
        self.io_loop.add_callback_from_signal(self._stop_in_order, sig, frame)

    async def _stop_in_order(self, sig: Any, frame: Any) -> None:
        await self.before_stop()
        super()._signal_stop(sig, frame)


class UnixSocketHandler(RawSocketHandler):  # type: ignore[misc]
    """jupyter-server-proxy's websocket to a unix socket, without its idea of activity."""

    def protocol(self) -> RawSocketProtocol:
        """Make what takes the bytes of the unix socket."""
        return RawSocketProtocol(self)

    async def proxy_open(self, *_where: object) -> None:
        """Open the connection to the unix socket."""
        loop = asyncio.get_running_loop()
        self.ws_transp, self.ws_proto = await loop.create_unix_connection(self.protocol, self.unix_socket)

    @property
    def is_connected(self) -> bool:
        """Whether there has been a connection to the unix socket."""
        return hasattr(self, "ws_transp")

    def disconnect(self) -> None:
        """End the connection to the unix socket, where there is one."""
        if self.is_connected:
            self.ws_transp.close()


def leave_out_process(name: str) -> None:
    """Keep jupyter-server-proxy from offering what an installed package offers by an entry point."""
    original = jupyter_server_proxy.get_entrypoint_server_processes

    def without() -> list[Any]:
        return [process for process in original() if process.name != name]

    jupyter_server_proxy.get_entrypoint_server_processes = without


def check_ports(check: Callable[[Any, object], None]) -> None:
    """Have jupyter-server-proxy call a function with handler and port before it connects, for pages and websockets.

    Args:
        check: raises an HTTPError where the port may not be reached.
    """
    proxy, proxy_open = ProxyHandler.proxy, ProxyHandler.proxy_open

    async def checked_proxy(self: Any, host: str, port: object, path: str) -> Any:
        check(self, port)
        return await proxy(self, host, port, path)

    async def checked_proxy_open(self: Any, host: str, port: object, path: str = "") -> Any:
        check(self, port)
        return await proxy_open(self, host, port, path)

    ProxyHandler.proxy, ProxyHandler.proxy_open = checked_proxy, checked_proxy_open


def frame_lab(policy: Callable[[Any], str]) -> None:
    """Give JupyterLab's page another policy of content than that of all pages of the server.

    Args:
        policy: makes it for the handler of a request.
    """
    from jupyterlab_server.handlers import LabHandler  # late: JupyterLab alone needs it

    setattr(LabHandler, "content_security_policy", property(policy))  # noqa: B010  # mypy takes it for a method


def say_activity(application: Application, last: Callable[[], datetime]) -> None:
    """Let a function tell when the session was last active, where the server says it to others."""
    setattr(application, "last_activity", last)  # noqa: B010  # a method of jupyter_server's application
