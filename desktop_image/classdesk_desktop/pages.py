"""The session's pages, and the files that they are made of."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import template, web

from classdesk_desktop.assets import WebAssets
from classdesk_desktop.files import LARGEST_UPLOAD
from classdesk_desktop.people.identity import who_asks
from classdesk_desktop.policy import Policy


@cache
def _template(root: Path, name: str) -> template.Template:
    return template.Loader(str(root)).load(name)


class _Page(JupyterHandler):
    """A page from the web folder, under a policy that allows our own files and nothing else."""

    file_name: str
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
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )

    @web.authenticated
    def get(self) -> None:
        """Send the page."""
        assets: WebAssets = self.settings["classdesk_assets"]
        policy: Policy = self.settings["classdesk_policy"]
        server = self.serverapp
        person = who_asks(self)
        page = _template(assets.root, self.file_name).generate(
            assets=f"{self.base_url}desktop/assets/{assets.version}",
            base_url=self.base_url,
            user=os.environ.get("JUPYTERHUB_USER") or os.environ.get("USER", ""),
            visitor="" if person.is_owner else person.name,
            policy=json.dumps(policy.as_dict()),
            start_again=os.environ.get("CLASSDESK_START_AGAIN", ""),
            largest_upload=LARGEST_UPLOAD,
            end=os.environ.get("CLASSDESK_END", ""),
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
        "static/people",
        "node_modules/@novnc/novnc/core",
        "node_modules/@novnc/novnc/vendor",
    )


class TerminalPage(_Page):
    """A terminal, full window; also the way in when a desktop does not start."""

    file_name = "terminal.html"
    style_source = "'self' 'unsafe-inline'"


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
