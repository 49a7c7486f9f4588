"""The calls of this package: messages, the raised hand, the thumbnail. `identity` says who may make which."""

from __future__ import annotations

from dataclasses import asdict

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

from classdesk_desktop.messages import ProtocolError, read
from classdesk_desktop.people.hand import Hand
from classdesk_desktop.people.messages import Messages
from classdesk_desktop.people.text import TextError
from classdesk_desktop.people.thumbnail import Thumbnails
from classdesk_desktop.protocol import HandAnswer, Message, MessageAnswer, Policy, Refusal
from classdesk_desktop.server.identity import only_visitors, who_asks


class _Call(APIHandler):
    # What others do in a session is not a sign of its learner.
    _track_activity = False

    def read_body(self) -> dict[str, object]:
        """The JSON object that was sent.

        Raises:
            HTTPError: 400, it is something else.
        """
        body: object = self.get_json_body() or {}
        if not isinstance(body, dict):
            raise web.HTTPError(400, "Send a JSON object.")
        return body


class MessageHandler(_Call):
    """Takes a message of a visitor for the learner."""

    @web.authenticated
    async def post(self) -> None:
        """Show it; the answer tells on how many pages."""
        sender = only_visitors(self)
        messages: Messages = self.settings["classdesk_messages"]
        try:
            shown = await messages.send(sender.shown, read(Message, self.read_body()).text)
        except (ProtocolError, TextError) as error:
            raise web.HTTPError(400, str(error)) from error
        self.finish(asdict(MessageAnswer(shown)))


class HandHandler(_Call):
    """Raises and lowers the learner's hand, and takes it."""

    @web.authenticated
    def post(self) -> None:
        """Raise it, or change the sentence; a visitor says with it that they come to help."""
        hand: Hand = self.settings["classdesk_hand"]
        person = who_asks(self)
        if not person.is_owner:
            hand.take(person.name)
            self.finish(asdict(HandAnswer(hand.helper)))
            return
        body = self.read_body()
        try:
            hand.put_up(body.get("text", ""), look=body.get("look") is True)
        except TextError as error:
            raise web.HTTPError(400, str(error)) from error
        self.finish({})

    @web.authenticated
    async def delete(self) -> None:
        """Lower it; of a visitor who does, the learner reads."""
        hand: Hand = self.settings["classdesk_hand"]
        was_up = hand.is_up
        hand.put_down()
        person = who_asks(self)
        if was_up and not person.is_owner:
            messages: Messages = self.settings["classdesk_messages"]
            await messages.tell(f"{person.shown} has lowered your hand.")
        self.finish({})


class ThumbnailHandler(JupyterHandler):
    """Sends a small picture of the desktop."""

    @web.authenticated
    async def get(self) -> None:
        """Send it as PNG; 204 without a desktop, or without a page that could tell the learner."""
        policy: Policy = self.settings["classdesk_policy"]
        thumbnails: Thumbnails = self.settings["classdesk_thumbnails"]
        self.set_header("Cache-Control", "no-store")
        if not policy.thumbnails:
            self.set_status(403)
            self.finish(asdict(Refusal("This site does not show small pictures of desktops.")))
            return
        is_told = who_asks(self).is_owner or thumbnails.tell_owner()
        picture = await thumbnails.get() if is_told else None
        if picture is None:
            self.set_status(204)
            self.finish()
            return
        self.set_header("Content-Type", "image/png")
        self.finish(picture)
