"""Whether a terminal has the desktop's keyboard: told to pages that ask."""

from __future__ import annotations

import asyncio
import json

import pytest

from classdesk_desktop.server import focus
from classdesk_desktop.server.channel import Channels, Message, SessionState
from classdesk_desktop.session.runtime import RuntimeDirectory

from .served import Page


def asked(runtime: RuntimeDirectory, page: Page, *watchers: str) -> list[Message]:
    async def ask() -> None:
        channels = Channels(SessionState(runtime.state_file, watchers=[{"name": name} for name in watchers]))
        focus.Focus(channels, runtime)
        channels.receive(page, json.dumps({"type": "focus"}))
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks)

    asyncio.run(ask())
    return page.heard


@pytest.mark.parametrize(
    ("program", "is_terminal"),
    [
        pytest.param("Mate-terminal", True, id="terminal"),
        pytest.param("Pluma", False, id="editor"),
        pytest.param("", False, id="no window"),
        pytest.param(None, False, id="no desktop"),
    ],
)
def test_a_page_hears_whether_a_terminal_has_the_keyboard(
    runtime: RuntimeDirectory,
    monkeypatch: pytest.MonkeyPatch,
    program: str | None,
    is_terminal: bool,
) -> None:
    monkeypatch.setattr(focus, "ask_x", lambda *_: program)
    assert asked(runtime, Page()) == [{"type": "focus", "terminal": is_terminal}]


def test_a_visitor_hears_it_who_sees_the_desktop(runtime: RuntimeDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focus, "ask_x", lambda *_: "Mate-terminal")
    visitor = Page("grace", is_owner=False)
    assert asked(runtime, visitor, "hank") == []
    assert asked(runtime, visitor, "hank", "grace") == [{"type": "focus", "terminal": True}]
