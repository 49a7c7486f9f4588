"""An instructor who opens a learner's desktop in a browser of their own, and tries what is not theirs."""

import base64
import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from support.browser import Learner

# The VNC handshake as noVNC does it, then the given messages, then a request for a picture whose answer shows that the
# desktop has read all that came before.
SPEAK_RFB = """
async ({ address, messages }) => {
  const socket = new WebSocket(address, ["binary"]);
  socket.binaryType = "arraybuffer";
  const parts = [];
  let wake = () => {};
  socket.onmessage = (event) => { parts.push(new Uint8Array(event.data)); wake(); };
  const closed = new Promise((resolve) => { socket.onclose = (event) => resolve(`closed ${event.code}`); });
  const answer = async () => {
    while (!parts.length) await new Promise((resolve) => { wake = resolve; });
    const [first] = parts[0];
    parts.length = 0;
    return first;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const talk = (async () => {
    await answer();
    socket.send(new TextEncoder().encode("RFB 003.008\\n"));
    await answer();
    socket.send(Uint8Array.of(1));
    await answer();
    socket.send(Uint8Array.of(1));
    await answer();
    for (const message of messages) socket.send(bytes(message));
    socket.send(Uint8Array.of(2, 0, 0, 1, 0, 0, 0, 0));
    socket.send(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 8, 0, 8));
    const first = await answer();
    socket.close();
    return `message ${first}`;
  })();
  return Promise.race([talk, closed]);
}
"""


@dataclass
class Visitor:
    """An instructor at the page of a learner's desktop."""

    person: Learner
    owner: str

    @classmethod
    def open(cls, person: Learner, owner: str) -> "Visitor":
        """Opens the learner's desktop, as the console's link does."""
        person.page.goto(f"{person.hub.url}/user/{owner}/desktop/")
        agree = person.page.get_by_role("button", name=re.compile("authorize", re.IGNORECASE))
        expect(agree.or_(person.page.locator("#screen"))).to_be_attached()
        if agree.is_visible():
            agree.click()
        expect(person.page.locator("#screen")).to_be_attached()
        return cls(person, owner)

    @property
    def page(self) -> Page:
        return self.person.page

    @property
    def strip(self) -> Locator:
        """What the page says of the visit."""
        return self.page.locator("#watched")

    def wait_for_picture(self) -> None:
        expect(self.page.locator("#screen canvas")).to_be_visible()
        expect(self.page.locator("#curtain")).to_be_hidden()

    def speak_rfb(self, *messages: bytes) -> str:
        """Sends VNC messages over a socket of its own; returns what came of it."""
        url = self.person.hub.url.replace("http", "ws", 1)
        said = self.page.evaluate(
            SPEAK_RFB,
            {
                "address": f"{url}/user/{self.owner}/desktop-websockify",
                "messages": [base64.b64encode(message).decode() for message in messages],
            },
        )
        return str(said)

    def status_of(self, path: str, method: str = "GET") -> int:
        """What the learner's server answers to the visitor's browser."""
        xsrf = next(
            (
                c["value"]
                for c in self.person.context.cookies()
                if c["name"] == "_xsrf" and self.owner in c["path"]
            ),
            "",
        )
        answer = self.person.context.request.fetch(
            f"{self.person.hub.url}/user/{self.owner}/{path}",
            method=method,
            headers={"X-XSRFToken": xsrf},
            max_redirects=0,
        )
        return answer.status
