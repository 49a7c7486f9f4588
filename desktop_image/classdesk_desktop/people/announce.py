"""An instructor's act that is done outside the session, by hub and Slurm: the learner reads here whose it was."""

from __future__ import annotations

import time
from typing import Final, get_args

from jupyter_server.base.handlers import APIHandler
from tornado import web

from classdesk_desktop.messages import ProtocolError, read
from classdesk_desktop.people.messages import Messages
from classdesk_desktop.protocol import AnnouncedAct, Announcement
from classdesk_desktop.server.channel import Channels
from classdesk_desktop.server.identity import only_visitors
from classdesk_desktop.server.report import Reporter

_BEFORE: Final = {
    "stop": "{} stopped it.",
    "restart": "{} is restarting it.",
}
"""What ends the session, and is announced before: there is nobody to tell it afterwards."""


class AnnounceHandler(APIHandler):
    """Takes what a visitor is about to do, or has done."""

    # What others do in a session is not a sign of its learner.
    _track_activity = False

    @web.authenticated
    async def post(self) -> None:
        """Take an `Announcement`; of one that is done, the learner reads until they have put it away."""
        visitor = only_visitors(self)
        try:
            act = read(Announcement, self.get_json_body()).act
        except ProtocolError as error:
            raise web.HTTPError(400, f'Send {{"act": …}} with one of {", ".join(get_args(AnnouncedAct))}.') from error
        channels: Channels = self.settings["classdesk_channels"]
        if act in _BEFORE:
            channels.announced = (_BEFORE[act].format(visitor.shown), time.monotonic())
        elif act == "restarted":
            messages: Messages = self.settings["classdesk_messages"]
            await messages.tell(f"{visitor.shown} has restarted your session.")
        else:
            await self._tell_of_more_time(visitor.shown, channels)
        self.finish({})

    async def _tell_of_more_time(self, name: str, channels: Channels) -> None:
        reporter: Reporter | None = self.settings.get("classdesk_reporter")
        if reporter is not None:
            await reporter.report_once()  # the hub's word counts, not the visitor's
        messages: Messages = self.settings["classdesk_messages"]
        end = channels.state.snapshot().get("end")
        known = end if isinstance(end, int | float) else None
        await messages.tell(f"{name} has given your session more time.", known)
