"""Files through a real server: sending, listing, taking along, and the site's rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import HTTPResponse

from classdesk_desktop.files import handlers as files_handlers
from classdesk_desktop.files import store as files

from .served import AUTHORIZED, Server, get


async def send(address: str, name: str, body: bytes, headers: dict[str, str] | None = None) -> HTTPResponse:
    return await get(
        f"http://{address}/desktop/upload?folder=Uploads&name={quote(name)}",
        method="POST",
        body=body,
        headers=AUTHORIZED if headers is None else headers,
    )


def answer_of(response: HTTPResponse) -> Any:
    return json.loads(response.body)


def test_a_file_comes_in_and_goes_out_unchanged(server: Server, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000

    async def visit(address: str) -> None:
        for name in ("größe 数.bin", "größe 数 (2).bin"):
            answer = await send(address, "größe 数.bin", content)
            assert answer.code == 200, answer.body
            assert answer_of(answer) == {"name": name, "path": f"~/Uploads/{name}"}
        listing = await get(f"http://{address}/desktop/files/Uploads/", headers=AUTHORIZED)
        assert [entry["name"] for entry in answer_of(listing)["entries"]] == [
            "größe 数 (2).bin",
            "größe 数.bin",
        ]
        url = f"http://{address}/desktop/files/Uploads/{quote('größe 数.bin')}"
        fetched = await get(url, headers=AUTHORIZED)
        assert fetched.body == content
        assert fetched.headers["Content-Disposition"] == (f"attachment; filename*=UTF-8''{quote('größe 数.bin')}")

    server.run(visit)
    assert (tmp_path / "Uploads" / "größe 数.bin").read_bytes() == content


def test_a_file_of_no_bytes_is_a_file(server: Server, tmp_path: Path) -> None:
    async def visit(address: str) -> None:
        assert (await send(address, "empty", b"")).code == 200
        answer = await get(f"http://{address}/desktop/files/Uploads/empty", headers=AUTHORIZED)
        assert (answer.code, answer.body) == (200, b"")

    server.run(visit)
    assert (tmp_path / "Uploads" / "empty").read_bytes() == b""


def test_a_file_that_is_too_large_is_refused_in_a_sentence(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_handlers, "LARGEST_UPLOAD", 1000)

    async def visit(address: str) -> None:
        answer = await send(address, "large", b"x" * 1001)
        assert answer.code == 413
        assert "larger than" in answer_of(answer)["message"]

    server.run(visit)
    assert not (tmp_path / "Uploads").exists()


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: files.Incoming, data: bytes) -> None:
        raise files.FilesError("Your disk space is used up.", 507)

    monkeypatch.setattr(files.Incoming, "write", fail)

    async def visit(address: str) -> None:
        answer = await send(address, "a", b"x" * (3 << 20))
        assert answer.code == 507
        assert answer_of(answer)["message"] == "Your disk space is used up."

    server.run(visit)
    assert list((tmp_path / "Uploads").iterdir()) == []


@pytest.mark.parametrize(
    "path",
    ["..%2Fsecret", "%2e%2e/secret", "/etc/passwd", "out/secret", "nothing", "%00"],
)
def test_nothing_outside_the_home_is_sent(server: Server, tmp_path: Path, path: str) -> None:
    (tmp_path.parent / "secret").write_text("secret")
    (tmp_path / "out").symlink_to(tmp_path.parent)

    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop/files/{path}", headers=AUTHORIZED)
        assert answer.code in {403, 404}
        assert b"secret" not in answer.body

    server.run(visit)


def test_strangers_neither_send_nor_fetch(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")

    async def visit(address: str) -> None:
        assert (await send(address, "b", b"b", headers={})).code == 403
        assert (await get(f"http://{address}/desktop/files/a")).code == 403

    server.run(visit)
    assert not (tmp_path / "Uploads").exists()


def test_the_site_s_rules_hold(policy_server: Server, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")

    async def visit(address: str) -> None:
        sent = await send(address, "b", b"b")
        fetched = await get(f"http://{address}/desktop/files/a", headers=AUTHORIZED)
        for answer in (sent, fetched):
            assert answer.code == 403
            assert "does not allow" in answer_of(answer)["message"]

    policy_server.run(visit)
    assert not (tmp_path / "Uploads").exists()


@pytest.fixture
def policy_server(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Server:
    monkeypatch.setenv("CLASSDESK_POLICY", '{"upload": false, "download": false}')
    server: Server = request.getfixturevalue("server")
    return server
