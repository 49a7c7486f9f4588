"""The class console on made-up facts: the product's own application, before a made-up hub with made-up sessions.

It is for what real sessions cannot show at will: 300 learners, a console that goes away and comes back, an act that
fails. Run it to look at the page:

    .venv/bin/python -m support.console --learners 300 --port 8777     (in tests/)
"""

import argparse
import asyncio
import contextlib
import io
import json
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuth
from PIL import Image
from tornado.httpserver import HTTPServer
from tornado.httputil import url_concat
from tornado.netutil import bind_sockets
from tornado.web import RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from classdesk_desktop.messages import as_json, read
from classdesk_desktop.protocol import Ping, Pong
from classdesk_hub.console.app import application
from classdesk_hub.console.context import Context
from classdesk_hub.console.hub_client import HubClient
from classdesk_hub.console.view import View
from classdesk_hub.site.file import Site
from classdesk_hub.site.tokens import console_cookie_secret
from support.fake_class import ACCESS, CLASS, INSTRUCTOR, FakeClass, Refused

PREFIX = "/services/console/"
HUB_STATIC = Path(sys.prefix) / "share/jupyterhub/static"
OUR_STATIC = Path(str(files("classdesk_hub") / "static"))
NO_VNC = """
export default class extends EventTarget {
  constructor(element) {
    super();
    this.canvas = element.appendChild(document.createElement("canvas"));
    this._canvas = this.canvas;
    this._keyboard = {};
    setTimeout(() => this.dispatchEvent(new Event("connect")));
  }
  disconnect() { this.canvas.remove(); }
  focus() { this.canvas.focus(); }
  sendKey() {}
}
"""
"""In the place of noVNC: a grey picture, which is there at once."""


class _LogIn(RequestHandler):
    """The hub's part of a log-in: it asks nobody for a password."""

    def get(self) -> None:
        state = self.get_query_argument("state")
        self.redirect(url_concat(self.get_query_argument("redirect_uri"), {"code": "any", "state": state}))

    def post(self) -> None:
        self.finish({"access_token": "the instructor's"})


class _Calls(RequestHandler):
    """What the console, or its page, asks of the hub and of the sessions."""

    def initialize(self, group: FakeClass) -> None:
        self.group = group

    async def answer(self, path: str) -> None:
        body = json.loads(self.request.body) if self.request.body else None
        try:
            self.finish(await self.group.answer(self.request.method or "", path, body))
        except Refused as refused:
            self.set_status(refused.status)
            self.finish({"message": str(refused)})

    get = post = delete = answer


class _Thumbnail(RequestHandler):
    """A small picture of a desktop."""

    def initialize(self, group: FakeClass) -> None:
        self.group = group

    def get(self) -> None:
        self.group.pictures += 1
        picture = io.BytesIO()
        Image.new("RGB", (16, 9), "#3b5b6d").save(picture, "PNG")
        self.set_header("Content-Type", "image/png")
        self.finish(picture.getvalue())


class _Picture(WebSocketHandler):
    """A session's picture: as many pieces as there are, each as soon as the one before has been taken."""

    def initialize(self, group: FakeClass) -> None:
        self.group = group

    async def open(self) -> None:
        with contextlib.suppress(WebSocketClosedError):
            for piece in self.group.picture:
                await self.write_message(piece, binary=True)

    def on_message(self, message: str | bytes) -> None:
        """Take what is typed, and do nothing."""


class _Channel(WebSocketHandler):
    """A session's channel."""

    def initialize(self, group: FakeClass) -> None:
        self.group = group

    def open(self) -> None:
        for message in self.group.said:
            self.write_message(as_json(message))

    def on_message(self, message: str | bytes) -> None:
        if "ping" in str(message):
            self.write_message(as_json(Pong(read(Ping, json.loads(message)).t)))


class Console:
    """The console in a thread of its own; a test changes the class through `do`.

    Args:
        group: The made-up class.
        folder: Where its files go.
        port: Where it listens; 0: at any free port, and always the same.
        churn: Share of the learners that change each second.
        tick_s: Seconds between two questions to the hub.
    """

    context: Context
    server: HTTPServer

    def __init__(
        self, group: FakeClass, folder: Path, port: int = 0, *, churn: float = 0.0, tick_s: float = 0.1
    ) -> None:
        self.group = group
        self.folder = folder
        self.port = port
        self.churn = churn
        self.tick_s = tick_s
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}class/{CLASS}"

    def run(self, work: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(10)

    def do(self, change: Callable[..., Any], *arguments: Any, **values: Any) -> Any:
        """Calls a function of the class in its event loop."""

        async def call() -> Any:
            return change(*arguments, **values)

        return self.run(call())

    def leave(self, name: str) -> None:
        """Takes a learner out of the class; the console reads rosters every ten seconds else."""
        self.do(self.group.learners.pop, name)
        self.run(self.context.view.fresh(members=True))

    def serve(self) -> None:
        """Begins to answer, at the same port as before."""
        sockets = bind_sockets(self.port, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        site = self._site()
        HubOAuth.clear_instance()
        HubOAuth.instance(
            api_url=f"http://127.0.0.1:{self.port}/hub/api/",
            api_token="the console's",
            base_url=PREFIX,
            oauth_client_id="service-console",
            access_scopes={ACCESS},
        )
        hub = HubClient.of(site)
        self.context = Context(site, hub, View(hub, "the console's", self.tick_s), PREFIX)
        app = application(self.context, console_cookie_secret(site))
        group = {"group": self.group}
        app.add_handlers(
            ".*",
            [
                (r"/hub/api/oauth2/(?:authorize|token)", _LogIn),
                (r"/user/[^/]+/desktop/thumbnail", _Thumbnail, group),
                (r"/user/[^/]+/desktop/channel", _Channel, group),
                (r"/user/[^/]+/desktop-websockify", _Picture, group),
                (r"/(hub/api/.*|user/.*)", _Calls, group),
                (r"/hub/static/(.+)", StaticFileHandler, {"path": HUB_STATIC}),
                (r"/hub/classdesk/static/(.+)", StaticFileHandler, {"path": OUR_STATIC}),
                (r"/hub/logo()", StaticFileHandler, {"path": OUR_STATIC / "logo.svg"}),
            ],
        )
        self.server = HTTPServer(app, xheaders=True)
        self.server.add_sockets(sockets)

    def _site(self) -> Site:
        core = self.folder / "core"
        (core / "input").mkdir(parents=True, exist_ok=True)
        (core / "rfb.js").write_text(NO_VNC)
        (core / "input/util.js").write_text("export const getKeysym = () => 0;\n")
        address = f"http://127.0.0.1:{self.port}"
        return Site.model_validate(
            {
                "hub": {
                    "bind_url": address,
                    "api_url": address,
                    "state_directory": str(self.folder),
                    "novnc_directory": str(self.folder),
                },
                "desktop": {"thumbnails": True},
                "classes": {
                    CLASS: {
                        "title": "Dask, Tuesday morning",
                        "instructors": [INSTRUCTOR],
                        "may_import": "instructor",
                        "preset": {"interface": "desktop", "cores": 2, "hours": 3.0},
                    }
                },
            }
        )

    async def vanish(self) -> None:
        """Stops answering, and cuts who listens, as a console that is killed; hub and proxy go with it."""
        self.server.stop()
        # All at once: who listens does not hear that a call of the console's own was cut.
        for connection in [*self.server._connections]:
            connection.stream.close()
        await self.context.acts.stop()
        await self.server.close_all_connections()

    async def _end(self) -> None:
        await self.vanish()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    @contextlib.contextmanager
    def running(self) -> Iterator["Console"]:
        self.thread.start()
        self.do(self.serve)
        if self.churn:
            asyncio.run_coroutine_threadsafe(self.group.churn(self.churn), self.loop)
        try:
            yield self
        finally:
            self.run(self._end())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
            self.loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the class console with made-up learners.")
    parser.add_argument("--learners", type=int, default=300)
    parser.add_argument("--port", type=int, default=8777)
    parser.add_argument("--churn", type=float, default=0.1, help="share of the learners that change each second")
    options = parser.parse_args()
    group = FakeClass(options.learners)
    with (
        tempfile.TemporaryDirectory() as folder,
        Console(group, Path(folder), options.port, churn=options.churn, tick_s=1.0).running() as console,
    ):
        print(console.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
