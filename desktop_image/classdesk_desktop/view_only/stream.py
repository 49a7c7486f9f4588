"""Reads a stream of messages in the pieces in which it arrives, and decides what of it goes on.

What a stream may contain is written as a generator that says, step by step, what it wants of the next bytes.
So the rules read like the protocol's description, and where the network cuts the stream does not matter.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass


class RfbError(Exception):
    """The stream is not what the protocol or our rules allow; the connection must end."""


@dataclass(frozen=True, slots=True)
class Take:
    """Wait for so many bytes and hand them to the rules; they do not go on by themselves."""

    length: int


@dataclass(frozen=True, slots=True)
class Forward:
    """Let so many bytes go on as they come."""

    length: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Throw so many bytes away as they come."""

    length: int


@dataclass(frozen=True, slots=True)
class Send:
    """Let these bytes go on."""

    data: bytes


Step = Take | Forward | Drop | Send
Rules = Generator[Step, bytes, None]
Part = Generator[Step, bytes, bytes]


class Stream:
    """One direction of a connection.

    Args:
        rules: a generator without an end.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._waiting = bytearray()
        self._step = next(rules)
        self._failed = False

    def feed(self, data: bytes) -> bytes:
        """What goes on after these bytes have arrived.

        Raises:
            RfbError: the stream breaks the rules, now or earlier. Nothing of these bytes goes on.
        """
        if self._failed:
            raise RfbError("the stream has broken the rules before")
        self._waiting += data
        sent = bytearray()
        try:
            while self._advance(sent):
                pass
        except RfbError:
            self._failed = True
            raise
        return bytes(sent)

    def _advance(self, sent: bytearray) -> bool:
        """Do the present step, as far as there are bytes for it; returns whether it is done."""
        step, waiting = self._step, self._waiting
        match step:
            case Send(data):
                sent += data
                answer = b""
            case Take(length):
                if len(waiting) < length:
                    return False
                answer = bytes(waiting[:length])
                del waiting[:length]
            case Forward(length) | Drop(length):
                there = min(length, len(waiting))
                if isinstance(step, Forward):
                    sent += waiting[:there]
                del waiting[:there]
                if there < length:
                    self._step = type(step)(length - there)
                    return False
                answer = b""
        self._step = self._rules.send(answer)
        return True
