"""The session's pages, and the files that they are made of."""

from __future__ import annotations

import os
import re
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import template, web
from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches

from classdesk_desktop.files.store import LARGEST_UPLOAD
from classdesk_desktop.messages import as_json
from classdesk_desktop.protocol import Policy, Variable
from classdesk_desktop.server.assets import WebAssets


@cache
def _template(root: Path, name: str) -> template.Template:
    return template.Loader(str(root)).load(name)


class _Page(JupyterHandler):
    """A page from the web folder, under a policy that allows our own files and nothing else."""

    file_name: str
    title = "Desktop"
    # xterm.js writes its colours into <style> elements; noVNC needs none of this.
    style_source = "'self'"
    preloaded: tuple[str, ...] = ()

    @property
    def content_security_policy(self) -> str:
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                f"style-src {self.style_source}",
                "img-src 'self' data: blob:",
                "connect-src 'self'",
                "frame-src 'self'",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )

    def inner(self) -> str:
        """The address of what the page shows in a frame; empty where it shows none."""
        return ""

    @web.authenticated
    def get(self) -> None:
        """Send the page."""
        assets: WebAssets = self.settings["classdesk_assets"]
        policy: Policy = self.settings["classdesk_policy"]
        server = self.serverapp
        page = _template(assets.root, self.file_name).generate(
            title=self.title,
            inner=self.inner(),
            assets=f"{self.base_url}desktop/assets/{assets.version}",
            base_url=self.base_url,
            user=os.environ.get("JUPYTERHUB_USER") or os.environ.get("USER", ""),
            policy=as_json(policy),
            asks_to_look=policy.observe == "ask" and self.file_name == DesktopPage.file_name,
            start_again=os.environ.get(Variable.START_AGAIN, ""),
            largest_upload=LARGEST_UPLOAD,
            end=(end := os.environ.get(Variable.END, "")),
            utc_offset=time.localtime(float(end) if end else None).tm_gmtoff,
            hub_home=server.jinja_template_vars.get("hub_control_panel_url", "") if server else "",
            modules=assets.modules(*self.preloaded),
        )
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        _ = self.xsrf_token  # asking for it sets the cookie that the page's requests must repeat
        self.finish(page)


class DesktopPage(_Page):
    """The desktop, full window."""

    file_name = "desktop.html"
    preloaded = (
        "static/common",
        "static/desktop",
        "static/keyboard",
        "static/people",
        "node_modules/@novnc/novnc/core",
        "node_modules/@novnc/novnc/vendor",
    )


class TerminalPage(_Page):
    """A terminal, full window; also the way in when a desktop does not start."""

    file_name = "terminal.html"
    title = "Terminal"
    style_source = "'self' 'unsafe-inline'"


class LabPage(_Page):
    """JupyterLab below the bar that all interfaces have."""

    file_name = "lab.html"
    title = "JupyterLab"

    def inner(self) -> str:
        """JupyterLab's own address, with what the link asked for."""
        wanted = self.get_query_argument("at", "lab")
        at = wanted if re.match(r"(lab|doc)(/|\?|$)", wanted) else "lab"
        return f"{self.base_url}{at}"


def is_from_lab(referer: str, base_url: str) -> bool:
    """Whether a request comes from the page with the bar, or from JupyterLab, which leads to more of its addresses."""
    path = urlsplit(referer).path
    return bool(re.match(re.escape(base_url) + r"(desktop/lab/$|(lab|doc)(/|$))", path))


class BareLab(PathMatches):
    """JupyterLab's address, opened as a page of its own: it has no bar, and would end without a word."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        super().__init__(re.escape(base_url) + r"((?:lab|doc)(?:/(?!api/|extensions/).*)?)$")

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Match what a browser opens in a tab, and not in the frame of the page with the bar."""
        where = request.headers.get("Sec-Fetch-Dest")
        # Browsers do not say it where the hub is plain HTTP.
        referer = request.headers.get("Referer", "")
        framed = where == "iframe" if where else is_from_lab(referer, self._base_url)
        is_page = where in {None, "document"} and "text/html" in request.headers.get("Accept", "")
        return None if framed or not is_page or request.method != "GET" else super().match(request)


class FramedLab(JupyterHandler):
    """Leads from JupyterLab's own address to the page that has the bar above it."""

    @web.authenticated
    def get(self, _path: str) -> None:
        """Redirect, and keep what the link asked for, with its marks: a file's name may have a # or a % in it."""
        path = self.request.path.removeprefix(self.base_url)
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{self.base_url}desktop/lab/?{urlencode({'at': path + query})}")


class AssetHandler(web.StaticFileHandler):
    """Sends the pages' files, which are the same for everybody and no secret, without a log-in.

    They cannot demand one: a browser asks for module scripts in a way that jupyterhub takes for a request of
    another site, unless it carries a token, and an `import` carries none. Nor can they come from
    jupyter_server's AuthenticatedFileHandler: its sandbox policy stops module scripts.
    """

    def initialize(self, assets: WebAssets) -> None:  # type: ignore[override]
        """Serve the files of `assets`."""
        super().initialize(path=str(assets.root))
        self._assets = assets

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Send a file, if it is one of those that the pages need."""
        if not self._assets.is_served(path):
            raise web.HTTPError(404)
        await super().get(path, include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        """Send a file's headers."""
        await self.get(path, include_body=False)

    def get_content_type(self) -> str:
        """The type by the file's name; modules must have a JavaScript type, whatever the node's tables say."""
        suffix = Path(self.absolute_path or "").suffix
        known = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
        return known.get(suffix) or super().get_content_type()

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - tornado calls it so
        """Let browsers keep the file: its address changes with its content."""
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")
