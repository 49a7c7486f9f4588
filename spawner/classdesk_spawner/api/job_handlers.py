"""What a session tells the hub: its port, and its last words when it fails.

The first takes the place of batchspawner's own handler, on the same route, so that its client works
too. Both take one value of one type, from the session that owns the token, and set nothing else.
"""

import base64
import json

from tornado import web

from classdesk_desktop.messages import ProtocolError, Shape, read_text
from classdesk_desktop.protocol import HubPath, LastWords, Port

from .session_handler import SessionHandler

PORT_ROUTE = f"/api/{HubPath.PORT}"
LAST_WORDS_ROUTE = f"/api/{HubPath.LAST_WORDS}"

_LONGEST_BODY = 8192
_LONGEST_LAST_WORDS = 2000


class PortHandler(SessionHandler):
    """Accepts the port of a starting session, or of one that Slurm has started anew."""

    @web.authenticated
    async def post(self) -> None:
        """Take a `Port` from 1024 to 65535; answer 201, 400, 403 or 409."""
        port = read_port(self.request.body)
        if not await self.session().accept_port(port, self._caller()):
            raise web.HTTPError(409, "This session is not waiting for a port.")
        self.set_status(201)
        self.finish(json.dumps({"message": f"port {port} is noted"}))

    def _caller(self) -> str:
        """Return the IP address at the other end of the connection; no header of the request can change it."""
        peer = self.request.connection.stream.socket.getpeername()
        return str(peer[0]) if isinstance(peer, tuple) else ""


class LastWordsHandler(SessionHandler):
    """Accepts the end of a failed session's log."""

    @web.authenticated
    def post(self) -> None:
        """Take `LastWords`; answer 201, 400 or 403."""
        text = read_last_words(self.request.body)
        spawner = self.session()
        if spawner.job is not None:
            spawner.job.last_words = text
        spawner.log.warning("Session %s failed; its log ends: %r", spawner.user.name, text)
        self.set_status(201)
        self.finish(json.dumps({"message": "noted"}))


def read_port(body: bytes) -> int:
    """Return the port from a request's body.

    Raises:
        tornado.web.HTTPError: 400 where there is no port in the body that a session can have.
    """
    port = _message(Port, body).port
    if not 1024 <= port <= 65535:
        raise web.HTTPError(400, "The port must be a whole number from 1024 to 65535.")
    return port


def read_last_words(body: bytes) -> str:
    """Return the text from a request's body, with nothing in it but printable characters and line ends.

    Raises:
        tornado.web.HTTPError: 400 where there is no such text in the body.
    """
    encoded = _message(LastWords, body).log
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except ValueError:
        raise web.HTTPError(400, "The log must be text in base64.") from None
    return "".join(c for c in text if c.isprintable() or c == "\n")[-_LONGEST_LAST_WORDS:].strip()


def _message(shape: type[Shape], body: bytes) -> Shape:
    if len(body) > _LONGEST_BODY:
        raise web.HTTPError(400, "The request is too long.")
    try:
        return read_text(shape, body)
    except ProtocolError as error:
        raise web.HTTPError(400, str(error)) from None
