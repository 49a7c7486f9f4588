"""The process of the console: `classdesk run console`, started by the hub."""

import asyncio
import logging
import os
import signal
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth
from tornado import web
from tornado.httpserver import HTTPServer

from classdesk_hub.in_hub.roles import HUB_PROCESS
from classdesk_hub.site.file import Site
from classdesk_hub.site.tokens import console_cookie_secret

from . import (
    act_handlers,
    class_link,
    metrics_handler,
    pages,
    roster_handlers,
    stream,
    thumbnail_handler,
    watch_handlers,
)
from .context import Context
from .hub_client import HubClient
from .view import View

_RIGHTS_ARE_KEPT_S = 20
"""An instructor who is one no longer is out after this time."""
_LONGEST_BODY = 2_000_000


_log = logging.getLogger("classdesk.console")


def run(site: Site) -> None:
    """Run the console until it is told to stop, or the hub that has started it is gone."""
    logging.basicConfig(level=logging.INFO, format="[console] %(levelname)s %(message)s")
    asyncio.run(_serve(site))


def application(context: Context, cookie_secret: str) -> web.Application:
    """Return the web application."""
    auth = HubOAuth.instance()
    auth.cache_max_age = _RIGHTS_ARE_KEPT_S
    ours = {"context": context}
    name = r"class/([a-z0-9_-]+)"
    routes: list[tuple[str, type[web.RequestHandler], dict[str, Any]]] = [
        (r"", pages.HomeHandler, ours),
        (rf"{name}/?", pages.BoardHandler, ours),
        (rf"{name}/watch/([^/]+)", watch_handlers.WatchHandler, ours),
        (r"api/classes", pages.ClassesHandler, ours),
        (rf"api/{name}/learners", stream.LearnersHandler, ours),
        (rf"api/{name}/stream", stream.StreamHandler, ours),
        (rf"api/{name}/acts", act_handlers.ActsHandler, ours),
        (rf"api/{name}/acts/([0-9a-f]+)", act_handlers.ActHandler, ours),
        (rf"api/{name}/audit", act_handlers.AuditHandler, ours),
        (rf"api/{name}/roster\.csv", roster_handlers.RosterFileHandler, ours),
        (rf"api/{name}/roster", roster_handlers.RosterHandler, ours),
        (rf"api/{name}/link", class_link.LinkHandler, ours),
        (rf"api/{name}/thumbnail/([^/]+)", thumbnail_handler.ThumbnailHandler, ours),
        (rf"api/{name}/picture/([^/]+)", watch_handlers.PictureHandler, ours),
        (rf"api/{name}/channel/([^/]+)", watch_handlers.ChannelHandler, ours),
        (r"metrics", metrics_handler.MetricsHandler, ours),
        (r"oauth_callback", pages.CallbackHandler, ours),
        # In the sources a link to the session page's modules; Tornado follows none.
        (r"static/keyboard/(.+)", web.StaticFileHandler, {"path": str(_folder("static/keyboard").resolve())}),
        (r"static/(.+)", web.StaticFileHandler, {"path": str(_folder("static"))}),
        (
            r"node_modules/@novnc/novnc/((?:core|vendor)/.+\.js)",
            watch_handlers.NoVncHandler,
            {"path": context.site.hub.novnc_directory},
        ),
    ]
    return web.Application(
        [(f"{context.prefix}{route}", handler, values) for route, handler, values in routes],
        cookie_secret=cookie_secret,
        log_function=_log_request,
        default_handler_class=pages.NowhereHandler,
        default_handler_args=ours,
    )


def _folder(name: str) -> Path:
    return Path(str(files("classdesk_hub") / "console" / name))


def _log_request(handler: web.RequestHandler) -> None:
    """Log who did what, without what follows the question mark."""
    status = handler.get_status()
    user = getattr(handler, "user", {}).get("name", "-")
    level = logging.DEBUG if status < 400 else logging.INFO if status < 500 else logging.ERROR
    request = handler.request
    took_ms = 1000 * request.request_time()
    _log.log(level, "%s %s %s %s %.0f ms", status, request.method, request.path, user, took_ms)


async def _serve(site: Site) -> None:
    hub = HubClient.of(site)
    view = View(hub, os.environ["JUPYTERHUB_API_TOKEN"])
    context = Context(site, hub, view, os.environ["JUPYTERHUB_SERVICE_PREFIX"])
    server = HTTPServer(
        application(context, console_cookie_secret(site)),
        xheaders=True,
        max_body_size=_LONGEST_BODY,
    )
    address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL") or site.hub.console_url)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening = asyncio.ensure_future(_listen(server, address.hostname or "127.0.0.1", address.port or 8082))
    orphaned = asyncio.ensure_future(_until_orphaned())
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait([orphaned, stopped], return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    server.stop()
    await context.acts.stop()


async def _listen(server: HTTPServer, host: str, port: int) -> None:
    """Listen; a console that is just ending may still hold the port.

    It is tried for ever: JupyterHub ends itself when a service ends while the hub starts.
    """
    pause = 0.5
    while True:
        try:
            server.listen(port, address=host)
            _log.info("The console listens at %s:%s", host, port)
        except OSError as error:
            _log.warning("Port %s is not free: %s", port, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 10.0)
        else:
            return


async def _until_orphaned() -> None:
    """Wait until the hub is gone: one that was killed cannot stop its services.

    The hub may be killed while the console still imports: who is its parent now proves nothing.
    """
    hub = int(os.environ[HUB_PROCESS])
    while os.getppid() == hub:  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(1)
