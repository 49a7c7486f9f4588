"""Roster, class link, small pictures and figures."""

import io
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

import segno
from tornado import web

from classdesk_hub.roster import write_roster

from .handlers import ConsoleHandler, translated


class RosterFileHandler(ConsoleHandler):
    """`GET api/class/CLASS/roster.csv`."""

    @translated
    async def get(self, name: str) -> None:
        """Answer with the roster as a file."""
        self.class_(name)
        await self.context.world.fresh(members=True)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}.csv"')
        self.finish(write_roster({name: self.context.world.members.get(name, {})}))


class RosterHandler(ConsoleHandler):
    """`POST api/class/CLASS/roster`."""

    @translated
    async def post(self, name: str) -> None:
        """Show what a roster changes, or change it; the hub decides whether who asks may."""
        self.class_(name)
        body = self.body()
        if set(body) - {"csv", "preview"}:
            raise web.HTTPError(400, 'Expected {"csv": TEXT, "preview": true or false}.')
        wish = {"csv": body.get("csv"), "preview": body.get("preview", False), "class": name}
        answer = await self.context.hub.hub("POST", "/classdesk/roster", self.token, wish)
        change: dict[str, Any] = answer["classes"].get(name, {"add": [], "remove": [], "rename": [], "keep": 0})
        if answer["applied"]:
            await self.context.world.fresh(members=True)
        self.answer({**change, "errors": answer["errors"], "applied": answer["applied"]})


class LinkHandler(ConsoleHandler):
    """`GET api/class/CLASS/link`."""

    def get(self, name: str) -> None:
        """Answer with the class's address and its QR code; empty where only this machine reaches the address."""
        self.class_(name)
        # As the instructor's browser reaches the hub, so do their learners'.
        host = f"{self.request.protocol}://{self.request.host}"
        base = self.context.hub_base.removesuffix("hub/")
        url = f"{host}{base}c/{quote(name)}"
        code = code_of(url) if reachable(self.request.host) else ""
        self.answer({"url": url, "qr_svg": code})


def reachable(host: str) -> bool:
    """Tell whether other machines reach a host, as a browser names it: `127.0.0.1` is each its own."""
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        address = ip_address(name)
    except ValueError:
        return True
    return not (address.is_loopback or address.is_unspecified)


def code_of(url: str) -> str:
    """Return the QR code of an address as SVG."""
    picture = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        picture, kind="svg", scale=8, border=2, dark="#000", light="#fff", xmldecl=False
    )
    return picture.getvalue().decode().strip()


class ThumbnailHandler(ConsoleHandler):
    """`GET api/class/CLASS/thumbnail/NAME`."""

    @translated
    async def get(self, name: str, learner: str) -> None:
        """Answer with a small picture of a learner's desktop, 204 where there is none."""
        await self.check_member(name, learner)
        if not self.context.site.desktop.thumbnails:
            raise web.HTTPError(403, "This site has not switched on pictures of the desktops.")
        picture = await self.context.hub.picture(learner, self.token)
        if picture is None:
            self.set_status(204)
            return
        # A learner's session sent it: nothing but a picture may come of it.
        self.set_header("Content-Type", picture.kind)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.finish(picture.data)


class MetricsHandler(ConsoleHandler):
    """`GET metrics`, for Prometheus."""

    @property
    def hub_scopes(self) -> set[str]:
        """The same scope that the hub's own /hub/metrics wants."""
        return {"read:metrics"}

    async def get(self) -> None:
        """Answer with the figures."""
        await self.context.world.fresh()
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(self.context.metrics.text())
