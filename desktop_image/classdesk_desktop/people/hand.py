"""The learner's raised hand."""

from __future__ import annotations

import time
from typing import Final

from classdesk_desktop.channel import Channels, Listener, Message
from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.text import TextError, plain_text

LONGEST_TEXT: Final = 200


class Hand:
    """Whether the learner asks for help, since when, and with which sentence.

    It is in the channel's state, from where the report takes it to the hub.
    """

    def __init__(self, channels: Channels, memory: Memory) -> None:
        self._channels = channels
        self._memory = memory
        self._channels.state.update(hand=memory.get("hand"))
        channels.on("hand", self._asked)

    def put_up(self, given: object) -> None:
        """Raise the hand; one that is up stays up since then, with the new sentence.

        Raises:
            TextError: the sentence cannot be taken.
        """
        text = plain_text(given, LONGEST_TEXT, required=False)
        before = self._memory.get("hand")
        self._set({"since": before["since"] if before else time.time(), "text": text})

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
                self.put_up(message.get("text", ""))
            except TextError as error:
                listener.send({"type": "hand-refused", "sentence": str(error)})
