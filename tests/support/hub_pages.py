"""The pages of a hub that runs without a proxy, as a person's browser asks for them."""

import re
from html.parser import HTMLParser
from typing import Any, Self

import httpx


class PageVisitor:
    """Somebody at the hub's pages; `ClassHub` takes every password.

    Args:
        hub: Address of the hub, without a path.
    """

    def __init__(self, hub: str) -> None:
        self.http = httpx.Client(base_url=hub, follow_redirects=True, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        return self.http.get(path, **options)

    def post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form with the page's token."""
        return self.http.post(path, data={**fields, "_xsrf": self.xsrf})

    def log_in(self, name: str) -> httpx.Response:
        """Log in; what comes is the page that follows."""
        self.get("/hub/login")
        return self.post("/hub/login", {"username": name, "password": "any"})

    def stop(self) -> httpx.Response:
        """End the session as the home page's button does."""
        user = self.get("/hub/api/user", headers=self._headers).json()["name"]
        return self.http.delete(f"/hub/api/users/{user}/server", headers=self._headers)

    @property
    def xsrf(self) -> str:
        """The token against cross-site requests that the hub's pages carry."""
        return next(cookie.value or "" for cookie in self.http.cookies.jar if cookie.name == "_xsrf")

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-XSRFToken": self.xsrf, "Referer": str(self.http.base_url.join("/hub/home"))}


def title(page: httpx.Response) -> str:
    """Return a page's title."""
    found = re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)
    return found[1].strip() if found else ""


def words(page: httpx.Response, part: str = "main") -> str:
    """Return the text of a page's first element of a kind: a tag, or an id with `#`."""
    element = _Element(part)
    element.feed(page.text)
    return " ".join("".join(element.text).split())


class _Element(HTMLParser):
    """The text of an element, without its markup."""

    _VOID = frozenset({"br", "img", "input", "link", "meta", "hr"})

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part
        self.depth = 0
        self.over = False
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth and tag not in self._VOID:
            self.depth += 1
        elif not self.depth and not self.over:
            is_it = dict(attrs).get("id") == self.part[1:] if self.part[0] == "#" else tag == self.part
            self.depth = int(is_it)

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in self._VOID:
            self.depth -= 1
            self.over = self.depth == 0

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.text.append(data)
