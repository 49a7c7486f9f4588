"""A real Jupyter server with our extension, for the tests that ask it as a browser does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.websocket import WebSocketClientConnection, websocket_connect

from classdesk_desktop.server.channel import Message

TOKEN = "a-token-of-the-test"
VISITOR_TOKEN = "a-visitors-token"
SERVICE_TOKEN = "a-services-token"
STRANGER_TOKEN = "a-strangers-token"
AUTHORIZED = {"Authorization": f"token {TOKEN}"}
VISITING = {"Authorization": f"token {VISITOR_TOKEN}"}


@dataclass
class Server:
    """A Jupyter server with our extension, in this process, so that a test sees its sockets."""

    app: ServerApp
    accepted: list[socket.socket] = field(default_factory=list)

    def run(self, visit: Callable[[str], Awaitable[None]]) -> None:
        """Serve for as long as `visit(host and base address)` takes."""

        async def serve() -> None:
            http = _RecordingServer(self.app.web_app)
            http.accepted = self.accepted
            listener = socket.create_server(("127.0.0.1", 0))
            listener.setblocking(False)
            http.add_socket(listener)
            try:
                await visit(f"127.0.0.1:{listener.getsockname()[1]}/user/ada")
            finally:
                http.stop()
                await http.close_all_connections()

        asyncio.run(serve())


class _RecordingServer(HTTPServer):
    accepted: list[socket.socket]

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        self.accepted.append(stream.socket)
        super().handle_stream(stream, address)


async def get(url: str, **options: Any) -> HTTPResponse:
    return await AsyncHTTPClient(force_instance=True).fetch(url, raise_error=False, follow_redirects=False, **options)


async def connect(address: str, headers: dict[str, str], path: str = "desktop-websockify") -> WebSocketClientConnection:
    return await websocket_connect(HTTPRequest(f"ws://{address}/{path}", headers=headers))


async def leave(*sockets: WebSocketClientConnection) -> None:
    """Close websockets, and wait until they are."""
    for opened in sockets:
        opened.close()
        while await opened.read_message() is not None:
            pass


@dataclass
class Page:
    """A page that keeps what it hears."""

    name: str = "ada"
    is_owner: bool = True
    heard: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.heard.append(message)

    def last(self, kind: str) -> Message:
        return [message for message in self.heard if message["type"] == kind][-1]
