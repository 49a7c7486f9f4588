"""The learner's raised hand."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Final

from classdesk_desktop.messages import read
from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.record import Record
from classdesk_desktop.people.text import TextError, plain_text
from classdesk_desktop.protocol import RaisedHand
from classdesk_desktop.server.channel import Channels, Listener, Message

LONGEST_TEXT: Final = 200


class Hand:
    """Whether the learner asks for help, since when, with which sentence, and who comes to help.

    It is in the channel's state, from where the report takes it to the hub.
    """

    def __init__(self, channels: Channels, memory: Memory, record: Record) -> None:
        self._channels = channels
        self._memory = memory
        self._record = record
        self._channels.state.update(hand=memory.get("hand"))
        channels.on("hand", self._asked)

    @property
    def is_up(self) -> bool:
        """Whether the learner asks for help."""
        return bool(self._memory.get("hand"))

    @property
    def lets_look(self) -> bool:
        """Whether the learner asks for help and lets who helps look at the desktop without a question."""
        return bool((self._memory.get("hand") or {}).get("look"))

    @property
    def helper(self) -> str:
        """Who comes to help; empty while nobody has said so."""
        return str((self._memory.get("hand") or {}).get("helper", ""))

    def put_up(self, given: object, *, look: bool = False) -> None:
        """Raise the hand; one that is up stays up since then, with the new sentence.

        Args:
            given: the sentence.
            look: whether who helps may look at the desktop without a question.

        Raises:
            TextError: the sentence cannot be taken.
        """
        text = plain_text(given, LONGEST_TEXT, required=False)
        before = self._memory.get("hand")
        hand = read(RaisedHand, before or {"since": time.time()})
        self._set(asdict(replace(hand, text=text, look=look)))

    def take(self, helper: str) -> None:
        """Let everybody know that somebody comes to help a raised hand; who has said so first, stays."""
        hand = self._memory.get("hand")
        if hand and not hand.get("helper"):
            self._set({**hand, "helper": helper, "helper_since": time.time()})
            self._record.note(helper, "help", "took it")

    def put_down(self) -> None:
        """Lower the hand."""
        self._set(None)

    def _set(self, hand: dict[str, object] | None) -> None:
        self._memory.set("hand", hand)
        self._channels.state.update(hand=hand)

    def _asked(self, listener: Listener, message: Message) -> None:
        if message.get("up") is False:
            self.put_down()
        elif message.get("up") is True and listener.is_owner:
            try:
                self.put_up(message.get("text", ""), look=message.get("look") is True)
            except TextError as error:
                listener.send({"type": "hand-refused", "sentence": str(error)})
