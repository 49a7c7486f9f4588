"""Puts the parts of this package together, and into the server."""

from __future__ import annotations

from functools import partial
from typing import Any

from tornado.web import Application

from classdesk_desktop.people.announce import AnnounceHandler
from classdesk_desktop.people.calls import HandHandler, MessageHandler, ThumbnailHandler
from classdesk_desktop.people.hand import Hand
from classdesk_desktop.people.memory import Memory
from classdesk_desktop.people.messages import Messages
from classdesk_desktop.people.presence import count_pages
from classdesk_desktop.people.record import Record
from classdesk_desktop.people.thumbnail import Thumbnails
from classdesk_desktop.people.visit_socket import VisitedSocketHandler
from classdesk_desktop.people.watchers import Watchers
from classdesk_desktop.protocol import Policy, SessionPath
from classdesk_desktop.server.channel import Channels
from classdesk_desktop.server.notify import notify, withdraw
from classdesk_desktop.session.runtime import RuntimeDirectory

Route = tuple[Any, ...]


def set_up(application: Application, channels: Channels, runtime: RuntimeDirectory, policy: Policy) -> list[Route]:
    """Make the parts known to the handlers; returns the routes, relative to the session's address."""
    memory = Memory(runtime.path / "people.json")
    record = Record(memory)
    hand = Hand(channels, memory, record)
    count_pages(channels)
    application.settings.update(
        classdesk_record=record,
        classdesk_watchers=Watchers(channels, policy.observe, partial(notify, runtime), hand, record),
        classdesk_messages=Messages(channels, memory, partial(notify, runtime), partial(withdraw, runtime)),
        classdesk_hand=hand,
        classdesk_thumbnails=Thumbnails(channels, runtime),
    )
    return [
        (SessionPath.MESSAGE, MessageHandler),
        (SessionPath.ANNOUNCE, AnnounceHandler),
        (SessionPath.HAND, HandHandler),
        (SessionPath.THUMBNAIL, ThumbnailHandler),
        (
            rf"{SessionPath.SCREEN}/?()",
            VisitedSocketHandler,
            # Bytes of the desktop are not a sign of a learner: its clock sends some each minute.
            {"update_last_activity": False},
        ),
    ]
