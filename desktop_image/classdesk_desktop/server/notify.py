"""Shows a notification on a session's desktop, from another process of the session."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from typing import Final, Literal

from classdesk_desktop.session.environment import SYSTEM_PATH
from classdesk_desktop.session.runtime import RuntimeDirectory, read_desktop

Urgency = Literal["low", "normal", "critical"]

_URGENCIES: Final[dict[Urgency, int]] = {"low": 0, "normal": 1, "critical": 2}
# A critical one stays until it is closed, whatever its time.
_SHOWN_MILLISECONDS: Final = 15_000
_ANSWER_SECONDS: Final = 5.0

log = logging.getLogger("classdesk-session")


async def notify(runtime: RuntimeDirectory, title: str, text: str, urgency: Urgency = "normal") -> int:
    """Show a notification; returns its number, and 0 where the desktop did not take it.

    It never raises: a desktop that has just ended, or has no notification service, is not a reason for a message to
    be lost on the page as well.
    """
    said = await _call(runtime, *notification_arguments(title, text, urgency))
    number = re.search(r"uint32 (\d+)", said or "")
    return int(number[1]) if number else 0


async def withdraw(runtime: RuntimeDirectory, number: int) -> None:
    """Take a notification back that is no longer true; one that has gone already is fine."""
    await _call(runtime, "CloseNotification", str(number))


async def _call(runtime: RuntimeDirectory, method: str, *arguments: str) -> str | None:
    """Call the desktop's notification service; returns what it answered, None where it did not."""
    desktop = read_desktop(runtime.desktop_file)
    if not desktop:
        return None
    command = (
        *("/usr/bin/gdbus", "call", "--session"),
        *("--dest", "org.freedesktop.Notifications"),
        *("--object-path", "/org/freedesktop/Notifications"),
        *("--method", f"org.freedesktop.Notifications.{method}"),
        *("--", *arguments),
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={
                "PATH": SYSTEM_PATH,
                "LANG": "C.UTF-8",
                "DBUS_SESSION_BUS_ADDRESS": desktop["bus"],
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        log.warning("The desktop cannot be notified: %s", error)
        return None
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        log.warning("The desktop did not show a notification within %g s.", _ANSWER_SECONDS)
        return None
    if process.returncode != 0:
        log.warning("The desktop did not show a notification: %s", said.decode(errors="replace"))
        return None
    return answer.decode(errors="replace")


def notification_arguments(title: str, text: str, urgency: Urgency) -> list[str]:
    """The method and arguments of org.freedesktop.Notifications.Notify (freedesktop.org, "Desktop Notifications", 1.2).

    The text is shown as it is: what looks like markup is not markup.
    """
    return [
        "Notify",
        _variant_text("classdesk"),
        "0",
        _variant_text("dialog-information"),
        _variant_text(title),
        _variant_text(html.escape(text, quote=False)),
        "@as []",
        f"{{'urgency': <byte {_URGENCIES[urgency]}>}}",
        str(0 if urgency == "critical" else _SHOWN_MILLISECONDS),
    ]


def _variant_text(text: str) -> str:
    # GVariant's text form of a string takes JSON's escapes; NUL is in no D-Bus string, and lone surrogates in no UTF-8.
    clean = text.replace("\0", "").encode(errors="replace").decode()
    return json.dumps(clean, ensure_ascii=False)
