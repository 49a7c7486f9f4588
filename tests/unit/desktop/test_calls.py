"""The page's calls: more time, the end, the scale."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from classdesk_desktop.lesson.model import LessonError
from classdesk_desktop.server import calls
from classdesk_desktop.server.scale import ScaleError
from support.fake_hub import FakeHub

from .served import AUTHORIZED, TOKEN, Server, get


@pytest.fixture
def generous_server(monkeypatch: pytest.MonkeyPatch, hub: FakeHub, request: pytest.FixtureRequest) -> Server:
    monkeypatch.setenv("CLASSDESK_POLICY", '{"extend_minutes": 30}')
    monkeypatch.setenv("JUPYTERHUB_API_URL", hub.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    server: Server = request.getfixturevalue("server")
    return server


async def ask(address: str, call: str, body: Any) -> tuple[int, Any]:
    answer = await get(
        f"http://{address}/desktop/{call}",
        method="POST",
        body=body if isinstance(body, str) else json.dumps(body),
        headers=AUTHORIZED,
    )
    return answer.code, json.loads(answer.body)


def test_more_time_is_asked_of_the_hub_and_told_to_the_pages(generous_server: Server, hub: FakeHub) -> None:
    hub.extensions = [(200, {"end": 1900001800})]

    async def visit(address: str) -> None:
        assert await ask(address, "extend", {"minutes": 30}) == (200, {"end": 1900001800})
        state = await get(f"http://{address}/desktop/state", headers=AUTHORIZED)
        assert json.loads(state.body)["end"] == 1900001800

    generous_server.run(visit)
    assert hub.posts == [(f"token {TOKEN}", {"minutes": 30})]


def test_what_the_hub_says_against_it_is_told_in_its_own_words(generous_server: Server, hub: FakeHub) -> None:
    hub.extensions = [
        (409, {"message": "The partition ends at noon."}),
        (500, {}),
    ]

    async def visit(address: str) -> None:
        assert await ask(address, "extend", {"minutes": 30}) == (
            409,
            {"message": "The partition ends at noon."},
        )
        code, answer = await ask(address, "extend", {"minutes": 30})
        assert (code, "does not answer" in answer["message"]) == (409, True)

    generous_server.run(visit)


@pytest.mark.parametrize("minutes", [0, -5, 31, "30", 1.5, None, True])
def test_no_other_time_than_the_site_s_is_asked_for(generous_server: Server, hub: FakeHub, minutes: object) -> None:
    async def visit(address: str) -> None:
        code, answer = await ask(address, "extend", {"minutes": minutes})
        assert (code, "up to 30 minutes" in answer["message"]) == (400, True)

    generous_server.run(visit)
    assert hub.posts == []


def test_where_the_site_gives_no_time_none_is_asked_for(server: Server) -> None:
    async def visit(address: str) -> None:
        code, answer = await ask(address, "extend", {"minutes": 30})
        assert (code, "does not allow extending" in answer["message"]) == (403, True)

    server.run(visit)


def test_the_end_is_asked_of_the_supervisor(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))

    async def visit(address: str) -> None:
        assert await ask(address, "end", {}) == (202, {})

    server.run(visit)
    assert sent == [(os.getppid(), signal.SIGTERM)]


def test_a_reset_of_the_desktop_moves_settings_aside_and_asks_for_a_fresh_one(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: sent.append(number))
    settings = tmp_path / ".config" / "caja"
    settings.mkdir(parents=True)

    async def visit(address: str) -> None:
        code, answer = await ask(address, "reset", {"what": "desktop"})
        assert code == 200
        assert answer["kept"].startswith("~/")
        assert answer["kept"] in answer["sentence"]

    server.run(visit)
    assert not settings.exists()
    assert sent == [signal.SIGUSR1]


def test_a_reset_of_the_lesson_names_what_is_kept_or_says_why_not(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "Desktop" / "Lesson" / "a.py.bak"
    fresh = kept.with_name("a.py")
    answers: list[dict[Path, Path | None] | LessonError] = [
        {fresh: kept},
        {},
        {fresh: None},
        LessonError("Your disk is full."),
    ]

    def reset_all(_home: Path) -> dict[Path, Path | None]:
        answer = answers.pop(0)
        if isinstance(answer, LessonError):
            raise answer
        return answer

    monkeypatch.setattr("classdesk_desktop.lesson.files.reset_all", reset_all)

    async def visit(address: str) -> None:
        code, answer = await ask(address, "reset", {"what": "lesson"})
        assert (code, answer["kept"]) == (200, ["~/Desktop/Lesson/a.py.bak"])
        assert "~/Desktop/Lesson/a.py.bak" in answer["sentence"]
        code, answer = await ask(address, "reset", {"what": "lesson"})
        assert (code, answer["kept"], answer["restored"]) == (200, [], [])
        assert "unchanged" in answer["sentence"]
        code, answer = await ask(address, "reset", {"what": "lesson"})
        assert (code, answer["kept"], answer["restored"]) == (200, [], ["a.py"])
        assert "Fresh copies: a.py." in answer["sentence"]
        refused = (409, {"message": "Your disk is full."})
        assert await ask(address, "reset", {"what": "lesson"}) == refused
        assert (await ask(address, "reset", {"what": "home"}))[0] == 400

    server.run(visit)


@pytest.mark.parametrize("body", ["{", "[]", "3"])
def test_what_is_no_wish_is_refused(server: Server, body: str) -> None:
    async def visit(address: str) -> None:
        code, answer = await ask(address, "scale", body)
        assert (code, "JSON" in answer["message"]) == (400, True)

    server.run(visit)


def test_the_scale_is_set_and_told_or_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [ScaleError("The desktop's settings cannot be written.")]

    async def set_scale(_runtime: object, _factor: int) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(calls, "set_scale", set_scale)

    async def visit(address: str) -> None:
        assert (await ask(address, "scale", {"factor": 3}))[0] == 400
        assert await ask(address, "scale", {"factor": 2}) == (
            409,
            {"message": "The desktop's settings cannot be written."},
        )
        assert await ask(address, "scale", {"factor": 2}) == (200, {"factor": 2})
        state = await get(f"http://{address}/desktop/state", headers=AUTHORIZED)
        assert json.loads(state.body)["scale"] == 2

    server.run(visit)
