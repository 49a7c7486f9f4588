"""The desktop's websocket, for the learner as it is, for visitors admitted, filtered and watched over."""

from __future__ import annotations

import asyncio
from typing import Final

from classdesk_desktop.people.watchers import RefusedError, Watchers
from classdesk_desktop.protocol import NOT_ALLOWED
from classdesk_desktop.server.desktop_socket import DesktopSocketHandler
from classdesk_desktop.server.identity import Person, who_asks
from classdesk_desktop.view_only.filter import ViewOnlyFilter
from classdesk_desktop.view_only.stream import RfbError

_POLICY_VIOLATION: Final = 1008


class VisitedSocketHandler(DesktopSocketHandler):
    """Carries VNC for the learner, and view-only for a visitor."""

    _filter: ViewOnlyFilter | None = None
    _visit: asyncio.Task[None] | None = None
    _is_over = False

    async def open(self, path: str) -> None:
        """Connect to the X server; a visitor waits until that is allowed."""
        person = who_asks(self)
        if person.is_owner:
            await super().open(path)
            return
        self._filter = ViewOnlyFilter()
        # Not here: as long as this method runs, nothing is read from the browser, and its end not noticed.
        self._visit = asyncio.create_task(self._receive(person, path))

    async def _receive(self, visitor: Person, path: str) -> None:
        watchers: Watchers = self.settings["classdesk_watchers"]
        try:
            async with watchers.admit(visitor.name, self):
                await super().open(path)
                await asyncio.Event().wait()  # until on_close cancels it
        except RefusedError as refusal:
            self.end(str(refusal))

    def on_message(self, message: str | bytes) -> None:
        """Send to the X server what of the browser's bytes may pass."""
        if self._filter is None:
            super().on_message(message)
            return
        data = message.encode() if isinstance(message, str) else message
        if self._is_over:
            return
        try:
            allowed = self._filter.from_visitor(data)
        except RfbError as error:
            self._cut_off(error)
        else:
            self._send(allowed)

    def to_browser(self, data: bytes) -> bytes:
        """What of the X server's bytes goes to the browser."""
        if self._filter is None:
            return data
        if self._is_over:
            return b""
        try:
            return self._filter.from_desktop(data)
        except RfbError as error:
            self._cut_off(error)
            return b""

    def _cut_off(self, error: RfbError) -> None:
        self.log.warning("A visitor's connection ends: %s.", error)
        self.close(_POLICY_VIOLATION, "Visitors can only view the desktop, and this connection asked for more.")
        self._leave()

    def set_control(self, allowed: bool) -> None:
        """Let keyboard and mouse pass, or stop them and release what is pressed."""
        if self._filter is None:
            return
        if allowed:
            self._filter.allow_control()
        else:
            self._send(self._filter.end_control())

    def end(self, reason: str) -> None:
        """Close the connection; the reason is a word or two."""
        self.close(NOT_ALLOWED, reason)
        self._leave()

    def on_close(self) -> None:
        """End the visit and the connection to the X server."""
        self._leave()
        super().on_close()

    def _send(self, data: bytes) -> None:
        if data and not self._is_over:
            super().on_message(data)

    def _leave(self) -> None:
        """No byte passes from now on, whatever is still on its way."""
        self._is_over = True
        if self._visit and self._visit is not asyncio.current_task():
            self._visit.cancel()
        self.disconnect()
