"""A learner at the hub without a browser: log-in, form and REST interface over HTTP."""

import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from support.world import PATIENCE, Hub, job_ids, wait_until


class HubClient:
    """A logged-in learner; leaving the block stops their session.

    Args:
        hub: The running hub.
        name: One of its accounts.
        verify: What says that the hub's certificate is right, where it has one.
    """

    def __init__(self, hub: Hub, name: str, verify: ssl.SSLContext | bool = True) -> None:
        self.hub = hub
        self.name = name
        self.http = httpx.Client(base_url=hub.url, follow_redirects=True, timeout=60 * PATIENCE, verify=verify)

    def __enter__(self) -> Self:
        assert self.log_in(self.hub.accounts[self.name]).url.path != "/hub/login"
        self.stop()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self.http.close()

    @property
    def xsrf(self) -> str:
        """The token against cross-site requests that the hub's pages carry."""
        found = [cookie.value for cookie in self.http.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/hub/"]
        assert found[0]
        return found[0]

    def log_in(self, password: str) -> httpx.Response:
        """Log in at the page and return what is shown next."""
        self.http.get("/hub/login")
        return self.http.post("/hub/login", data={"username": self.name, "password": password, "_xsrf": self.xsrf})

    def form(self, query: str = "") -> httpx.Response:
        """Open the start form."""
        return self.http.get(f"/hub/spawn{query}")

    def press_start(self, fields: Mapping[str, str | list[str]]) -> httpx.Response:
        """Send the form and return the answer, without following it."""
        self.form()
        return self.http.post(f"/hub/spawn?_xsrf={self.xsrf}", data=dict(fields), follow_redirects=False)

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the hub's REST interface as the logged-in learner."""
        headers = {"X-XSRFToken": self.xsrf, "Referer": f"{self.hub.url}/hub/home"}
        return self.http.request(method, f"/hub/api{path}", headers=headers, **options)

    def server(self) -> Mapping[str, Any]:
        """Return the hub's model of the default server; empty while there is none."""
        model = self.api("GET", f"/users/{self.name}").json()
        found: Mapping[str, Any] = model.get("servers", {}).get("", {})
        return found

    def start(self, **fields: str) -> str:
        """Start a session, wait until it is ready, and return its job id."""
        answer = self.press_start(fields)
        assert answer.status_code == 302, refusal(answer)
        wait_until(lambda: self.server().get("ready"), 60, f"the session of {self.name} is ready")
        (job_id,) = self.jobs()
        return job_id

    def jobs(self) -> list[str]:
        """Return the learner's jobs that Slurm still lists."""
        return job_ids(self.name)

    def stop(self) -> None:
        """Stop the session as *End session* does, and wait until it is gone."""
        answer = self.api("DELETE", f"/users/{self.name}/server")
        assert answer.status_code in {202, 204, 404}, answer.text
        wait_until(lambda: not self.server(), 60, f"the session of {self.name} has ended")


def refusal(answer: httpx.Response) -> str:
    """Return the sentence with which a page refuses something; empty where it does not."""
    found = re.search(r'id="classdesk-refusal">(.*?)</div>', answer.text, re.DOTALL)
    return _plain(found.group(1)) if found else ""


def field(answer: httpx.Response, name: str) -> str:
    """Return what a field of the form shows."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', answer.text)
    assert found, answer.text
    return _plain(found.group(1))


def _plain(text: str) -> str:
    for entity, character in (
        ("&#34;", '"'),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ):
        text = text.replace(entity, character)
    return text.strip()
