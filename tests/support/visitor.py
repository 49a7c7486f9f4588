"""An instructor who looks at a learner's desktop, and tries what is not theirs."""

import base64
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from support.browser import Learner
from support.world import PATIENCE

CLASS = "demo"

# The VNC handshake as noVNC does it, then the given messages, then a request for a picture whose answer shows that the
# desktop has read all that came before.
SPEAK_RFB = """
async ({ address, messages }) => {
  const socket = new WebSocket(address);
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
    """An instructor at the console's page that shows a learner's desktop."""

    person: Learner
    owner: str

    @classmethod
    def open(cls, person: Learner, owner: str) -> "Visitor":
        """Opens the page, as the console's *Open* does."""
        person.page.goto(watching_page(person, owner))
        return cls(person, owner)

    @property
    def page(self) -> Page:
        return self.person.page

    @property
    def mode(self) -> Locator:
        """What the page says of the visit, beside the learner's name."""
        return self.page.locator("#mode")

    @property
    def title(self) -> Locator:
        """What stands in the picture's place."""
        return self.page.locator("#curtain-title")

    @property
    def text(self) -> Locator:
        return self.page.locator("#curtain-text")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True).filter(visible=True)

    def wait_for_picture(self) -> None:
        expect(self.page.locator("#screen canvas")).to_be_visible(timeout=30_000 * PATIENCE)
        expect(self.page.locator("#curtain")).to_be_hidden()

    def type(self, text: str) -> None:
        """Types, as somebody who has pressed on the picture does."""
        self.page.locator("#keyboard").focus()
        self.page.keyboard.type(text, delay=10)

    def speak_rfb(self, *messages: bytes) -> str:
        """Sends VNC messages over a socket of its own; returns what came of it."""
        url = self.person.hub.url.replace("http", "ws", 1)
        xsrf = self.page.locator("body").get_attribute("data-xsrf")
        path = f"services/console/api/class/{CLASS}/picture/{self.owner}?_xsrf={xsrf}"
        said = self.page.evaluate(
            SPEAK_RFB,
            {
                "address": f"{url}/{path}",
                "messages": [base64.b64encode(message).decode() for message in messages],
            },
        )
        return str(said)


def watching_page(person: Learner, owner: str) -> str:
    """The address of the console's page."""
    return f"{person.hub.url}/services/console/class/{CLASS}/watch/{owner}"
