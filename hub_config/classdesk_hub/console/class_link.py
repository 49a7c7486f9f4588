"""A class's address and its QR code."""

import io
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import segno

from .base import ConsoleHandler


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
