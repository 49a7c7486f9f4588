"""Notices that a learner logs out of MATE.

mate-session returns 0 after a log-out, and just so after a SIGTERM, which ends a desktop by accident. It tells the
difference to its clients alone: the signal EndSession has its flag "forceful" set when nobody has logged out. So this
watches the desktop's bus for that signal, with the little of D-Bus that this takes (D-Bus Specification, "Message
Protocol" and "Monitoring").
"""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path
from typing import Final

_METHOD_CALL: Final = 1
_RULE: Final = b"type='signal',interface='org.gnome.SessionManager.ClientPrivate',member='EndSession'"
_FORCEFUL: Final = 1
_LONGEST_MESSAGE: Final = 1 << 20


async def until_logged_out(bus_socket: Path) -> None:
    """Wait until a desktop on this bus is logged out of.

    Raises:
        OSError: the bus has gone, or does not want to be watched.
    """
    reader, writer = await asyncio.open_unix_connection(bus_socket)
    try:
        writer.write(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        answer = await reader.readline()
        if not answer.startswith(b"OK"):
            raise ConnectionError(f"the message bus refused: {answer!r}")
        writer.write(b"BEGIN\r\n" + _call(1, b"", b"Hello"))
        writer.write(_call(2, b".Monitoring", b"BecomeMonitor", b"asu", _monitor_arguments(_RULE)))
        while True:
            fields, body = await _message(reader)
            if _is_log_out(fields, body):
                return
    except (asyncio.IncompleteReadError, ValueError) as error:
        raise ConnectionError("the message bus has gone") from error
    finally:
        writer.close()


def _is_log_out(fields: bytes, body: bytes) -> bool:
    # With its length before it: QueryEndSession ends in the same letters.
    name = b"EndSession"
    return (
        struct.pack("<I", len(name)) + name + b"\0" in fields
        and len(body) == 4
        and not struct.unpack("<I", body)[0] & _FORCEFUL
    )


def _call(serial: int, interface: bytes, member: bytes, signature: bytes = b"", body: bytes = b"") -> bytes:
    """A method call to the bus itself."""
    name = b"org.freedesktop.DBus"
    fields = b""
    for code, kind, value in (
        (1, b"o", b"/org/freedesktop/DBus"),
        (2, b"s", name + interface),
        (3, b"s", member),
        (6, b"s", name),
    ):
        fields = _aligned(fields, 8) + bytes([code, 1]) + kind + b"\0" + _string(value)
    if signature:
        fields = _aligned(fields, 8) + b"\x08\x01g\0" + bytes([len(signature)]) + signature + b"\0"
    head = struct.pack("<cBBBIII", b"l", _METHOD_CALL, 0, 1, len(body), serial, len(fields))
    return _aligned(head + fields, 8) + body


def _string(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value + b"\0"


def _monitor_arguments(rule: bytes) -> bytes:
    """An array with one rule, and no flags."""
    rules = _string(rule)
    return _aligned(struct.pack("<I", len(rules)) + rules, 4) + bytes(4)


def _aligned(data: bytes, unit: int) -> bytes:
    return data + bytes(-len(data) % unit)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next message's header fields and its body."""
    head = await reader.readexactly(16)
    order = "<" if head[:1] == b"l" else ">"
    body_length, _, fields_length = struct.unpack(f"{order}III", head[4:])
    if max(body_length, fields_length) > _LONGEST_MESSAGE:
        raise ValueError("a message of the bus is too long")
    fields = await reader.readexactly(fields_length + -fields_length % 8)
    return fields, await reader.readexactly(body_length)
