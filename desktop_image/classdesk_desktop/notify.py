"""Shows a notification on a session's desktop, from another process of the session."""

from __future__ import annotations

import asyncio
import html
import json
import logging
from typing import Final, Literal

from classdesk_desktop.environment import SYSTEM_PATH
from classdesk_desktop.runtime import RuntimeDirectory, read_desktop

Urgency = Literal["low", "normal", "critical"]

_URGENCIES: Final[dict[Urgency, int]] = {"low": 0, "normal": 1, "critical": 2}
# A critical one stays until it is closed, whatever its time.
_SHOWN_MILLISECONDS: Final = 15_000
_ANSWER_SECONDS: Final = 5.0

log = logging.getLogger("classdesk-session")


async def notify(
    runtime: RuntimeDirectory, title: str, text: str, urgency: Urgency = "normal"
) -> bool:
    """Show a notification; returns whether the desktop took it.

    It never raises: a desktop that has just ended, or has no notification service, is no reason for a message to
    be lost on the page as well.
    """
    desktop = read_desktop(runtime.desktop_file)
    if not desktop:
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            *notification_command(title, text, urgency),
            env={
                "PATH": SYSTEM_PATH,
                "LANG": "C.UTF-8",
                "DBUS_SESSION_BUS_ADDRESS": desktop["bus"],
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        log.warning("The desktop cannot be notified: %s", error)
        return False
    try:
        _, said = await asyncio.wait_for(process.communicate(), _ANSWER_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        log.warning("The desktop did not show a notification within %g s.", _ANSWER_SECONDS)
        return False
    if process.returncode != 0:
        log.warning("The desktop did not show a notification: %s", said.decode(errors="replace"))
    return process.returncode == 0


def notification_command(title: str, text: str, urgency: Urgency) -> list[str]:
    """The call of org.freedesktop.Notifications.Notify (freedesktop.org, "Desktop Notifications", 1.2).

    The text is shown as it is: what looks like markup is no markup.
    """
    return [
        *("/usr/bin/gdbus", "call", "--session"),
        *("--dest", "org.freedesktop.Notifications"),
        *("--object-path", "/org/freedesktop/Notifications"),
        *("--method", "org.freedesktop.Notifications.Notify"),
        "--",
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
