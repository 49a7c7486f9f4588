"""A console service with made-up learners: serves the console's own page, a stream of changes, and acts.

It is for what real sessions can't show at will: 300 learners, a service that goes away and comes back, an act that
fails. Run it to look at the page:

    .venv/bin/python -m support.fake_console --learners 300 --port 8777     (in tests/)
"""

import argparse
import asyncio
import contextlib
import io
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, select_autoescape
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketHandler

from support.fake_class import FakeClass

PREFIX = "/services/console/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE = Path(str(files("classdesk_hub"))) / "console"
HUB_STATIC = Path(sys.prefix) / "share/jupyterhub/static"


def _picture(box: str, colour: str, path: str) -> str:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">'
    return f'{svg}<path fill="{colour}" d="{path}"/></svg>'


class Page(RequestHandler):
    """The board, and the page on which a learner is watched, with the content policy of the service."""

    def get(self, name: str, learner: str = "") -> None:
        environment = Environment(loader=FileSystemLoader(PAGE / "templates"), autoescape=select_autoescape())
        self.set_header("Content-Security-Policy", POLICY)
        facts: dict[str, Any] = {
            "may_import": True,
            "hub_base": "/hub/",
            "prefix": PREFIX,
            "user": "instructor",
            "xsrf_token": "token",
        }
        facts |= {"learner": learner, "may_paste": True}
        template = environment.get_template("watch.html" if learner else "board.html")
        self.finish(template.render(class_name=name, class_title="Dask, Tuesday morning", **facts))


class Channel(WebSocketHandler):
    """What the service passes on of a watched session."""

    def initialize(self, group: FakeClass) -> None:
        self.group = group

    def open(self, *_path: str) -> None:
        for message in self.group.said:
            self.write_message(json.dumps(message))

    def on_message(self, message: str | bytes) -> None:
        said = json.loads(message)
        if said["type"] == "ping":
            self.write_message(json.dumps({"type": "pong", "t": said["t"]}))


class Picture(WebSocketHandler):
    """A picture that never comes; `NoVnc` needs none."""

    def on_message(self, message: str | bytes) -> None:
        """Hear it, and do nothing."""


class NoVnc(RequestHandler):
    """In the place of noVNC: a grey picture, which is there at once."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/javascript")
        self.finish(
            """
            export default class extends EventTarget {
              constructor(element) {
                super();
                this.canvas = element.appendChild(document.createElement("canvas"));
                this.canvas.tabIndex = -1;
                setTimeout(() => this.dispatchEvent(new Event("connect")));
              }
              disconnect() { this.canvas.remove(); }
              focus() { this.canvas.focus(); }
              sendKey() {}
            }
            """
        )


class Api(RequestHandler):
    """The REST interface that the page uses."""

    def initialize(self, group: FakeClass) -> None:
        self.group = group

    async def get(self, path: str) -> None:
        answers: dict[str, Callable[[], Any]] = {
            "learners": self.group.snapshot,
            "link": self.link,
            "audit": self.audit,
        }
        if path == "stream":
            await self.stream()
        elif path.startswith("acts/"):
            act = self.group.acts.get(path.removeprefix("acts/"))
            self.answer(act or {"message": "There is no such act."}, 200 if act else 404)
        elif path.startswith("thumbnail/"):
            self.group.pictures += 1
            self.set_header("Content-Type", "image/svg+xml")
            self.finish(_picture("0 0 16 9", "#3b5b6d", "M0 0h16v9H0z"))
        elif path in answers:
            self.answer(answers[path]())
        else:
            self.answer({"message": "Not found."}, 404)

    def link(self) -> dict[str, str]:
        url = "https://hub.example.org/c/dask"
        picture = io.BytesIO()
        segno.make(url, error="m").save(picture, kind="svg", scale=8, border=2, xmldecl=False)
        return {"url": url, "qr_svg": picture.getvalue().decode()}

    def audit(self) -> list[dict[str, Any]]:
        return [
            {
                "time": act["began"],
                "who": act["by"],
                "act": act["act"],
                "whom": result["learner"],
                "result": result["status"],
            }
            | {"detail": result["message"]}
            for act in reversed(self.group.acts.values())
            for result in act["results"]
        ]

    def post(self, path: str) -> None:
        body = json.loads(self.request.body)
        if path == "acts":
            self.answer({"id": self.group.begin(body)}, 202)
        else:
            self.answer(self.roster(body["csv"]))

    def roster(self, text: str) -> dict[str, Any]:
        rows = [line.split(",") for line in text.strip().splitlines()[1:]]
        errors = [
            {"line": number, "message": f"“{row[0]}” has {len(row)} columns; there must be 3."}
            for number, row in enumerate(rows, 2)
            if len(row) != 3
        ]
        users = {row[0] for row in rows}
        there = set(self.group.learners)
        return {
            "add": sorted(users - there),
            "remove": sorted(there - users),
            "keep": len(users & there),
            "errors": errors,
        }

    def answer(self, body: Any, status: int = 200) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))

    async def stream(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        queue.put_nowait(("snapshot", self.group.snapshot()))
        self.group.listeners.add(queue)
        try:
            while True:
                try:
                    async with asyncio.timeout(5):
                        kind, data = await queue.get()
                    self.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n")
                except TimeoutError:
                    self.write(": still here\n\n")
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            self.group.listeners.discard(queue)


class Classes(RequestHandler):
    """The classes of the instructor."""

    def get(self) -> None:
        preset = {"ui": "Desktop", "cores": 2, "hours": 3}
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps([{"name": "dask", "title": "Dask", "learners": 4, "preset": preset}]))


class HubRoot(RequestHandler):
    """What the page asks of the hub itself."""

    def get(self) -> None:
        self.finish({"version": "6"})


def application(group: FakeClass) -> Application:
    return Application(
        [
            (f"{PREFIX}class/([^/]+)", Page),
            (f"{PREFIX}class/([^/]+)/watch/([^/]+)", Page),
            (f"{PREFIX}api/classes", Classes),
            (f"{PREFIX}api/class/[^/]+/channel/(.+)", Channel, {"group": group}),
            (f"{PREFIX}api/class/[^/]+/picture/(.+)", Picture),
            (f"{PREFIX}novnc/core/rfb.js", NoVnc),
            (f"{PREFIX}api/class/[^/]+/(.+)", Api, {"group": group}),
            (f"{PREFIX}static/(.+)", StaticFileHandler, {"path": str(PAGE / "static")}),
            (r"/hub/static/(.+)", StaticFileHandler, {"path": str(HUB_STATIC)}),
            (
                r"/hub/(?:logo)()",
                StaticFileHandler,
                {"path": str(HUB_STATIC / "images/jupyterhub-80.png")},
            ),
            (r"/hub/api/", HubRoot),
        ]
    )


class FakeConsole:
    """The fake service in a thread of its own; a test changes the class through `do`."""

    def __init__(self, group: FakeClass, port: int = 0, churn: float = 0.0) -> None:
        self.group = group
        self.port = port
        self.churn = churn
        self.loop = asyncio.new_event_loop()
        self.server: HTTPServer | None = None
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}class/dask"

    def run(self, work: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(10)

    def do(self, change: Callable[..., Any], *arguments: Any, **values: Any) -> Any:
        """Calls a function of the class in its event loop."""

        async def call() -> Any:
            return change(*arguments, **values)

        return self.run(call())

    def serve(self) -> None:
        """Begins to answer, at the same port as before."""
        sockets = bind_sockets(self.port, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        self.server = HTTPServer(application(self.group))
        self.server.add_sockets(sockets)

    async def vanish(self) -> None:
        """Stops answering, and cuts who listens."""
        assert self.server
        self.server.stop()
        await self.server.close_all_connections()

    @contextlib.contextmanager
    def running(self) -> Iterator["FakeConsole"]:
        self.thread.start()
        self.do(self.serve)
        churning = asyncio.run_coroutine_threadsafe(self.group.churn(self.churn), self.loop) if self.churn else None
        try:
            yield self
        finally:
            if churning:
                churning.cancel()
            self.run(self.vanish())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
            self.loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the console's page with made-up learners.")
    parser.add_argument("--learners", type=int, default=300)
    parser.add_argument("--port", type=int, default=8777)
    parser.add_argument("--churn", type=float, default=0.1, help="share of the learners that change each second")
    options = parser.parse_args()
    with FakeConsole(FakeClass(options.learners), options.port, options.churn).running() as fake:
        print(fake.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
