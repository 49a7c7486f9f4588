"""The pages, their files and the desktop's socket, in a real Jupyter server with a token."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time

import pytest

from classdesk_desktop.protocol import TRY_AGAIN_LATER
from classdesk_desktop.server.pages import is_from_lab
from classdesk_desktop.session.runtime import RuntimeDirectory, write_state

from .served import AUTHORIZED, Server, connect, get

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def test_the_desktops_page_has_a_strict_policy_and_names_the_learner_safely(server: Server) -> None:
    async def visit(address: str) -> None:
        page = await get(f"http://{address}/desktop/", headers=AUTHORIZED)
        text = page.body.decode()
        assert page.code == 200
        assert "ada &lt;b&gt;" in text
        assert 'data-end="1900000000"' in text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "_xsrf" in page.headers["Set-Cookie"]
        assert "http" not in text.replace("/user/ada", "").replace("html", "")

    server.run(visit)


def test_every_file_that_the_pages_name_is_there(server: Server) -> None:
    async def visit(address: str) -> None:
        for page in ("desktop/", "terminal/"):
            text = (await get(f"http://{address}/{page}", headers=AUTHORIZED)).body.decode()
            host = address.partition("/")[0]
            names = [part.split('"')[0] for part in text.split('="/user/ada/')[1:]]
            files = [name for name in names if name.startswith("desktop/assets/")]
            assert files
            for name in files:
                answer = await get(f"http://{host}/user/ada/{name}")
                assert answer.code == 200, name
                if name.endswith("js"):
                    assert answer.headers["Content-Type"].startswith("text/javascript")
                assert "immutable" in answer.headers["Cache-Control"]

    server.run(visit)


@pytest.mark.parametrize(
    "name",
    [
        "package.json",
        "node_modules/@novnc/novnc/package.json",
        "static/../package.json",
        "static/%2e%2e/package.json",
        "static/nothing.js",
        "..%2f..%2fetc/passwd",
    ],
)
def test_no_other_file_is_sent(server: Server, name: str) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop/assets/0123/{name}")
        assert answer.code in {403, 404}

    server.run(visit)


def test_the_state_is_told_and_is_no_activity(server: Server, runtime: RuntimeDirectory) -> None:
    write_state(runtime.state_file, "painted", "", 2)

    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop/state", headers=AUTHORIZED)
        assert answer.code == 200
        assert b'"state": "painted"' in answer.body
        assert b'"end": 1900000000.0' in answer.body

    before = server.app.web_app.settings.get("api_last_activity")
    server.run(visit)
    assert server.app.web_app.settings.get("api_last_activity") == before


@pytest.mark.parametrize("path", ["desktop/", "terminal/"])
def test_a_stranger_is_sent_to_the_log_in(server: Server, path: str) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/{path}")
        assert answer.code == 302
        assert "login" in answer.headers["Location"]

    server.run(visit)


def test_a_stranger_learns_no_state_and_starts_no_desktop(server: Server) -> None:
    async def visit(address: str) -> None:
        assert (await get(f"http://{address}/desktop/state")).code == 403
        restart = await get(f"http://{address}/desktop/restart", method="POST", body="{}")
        assert restart.code == 403

    server.run(visit)


def test_a_new_desktop_is_asked_of_the_supervisor(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))

    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop/restart", method="POST", body="{}", headers=AUTHORIZED)
        assert answer.code == 202

    server.run(visit)
    assert sent == [(os.getppid(), signal.SIGUSR1)]


def test_bytes_pass_both_ways_without_delay_and_are_no_activity(server: Server, runtime: RuntimeDirectory) -> None:
    ended = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"RFB 003.008\n")
        while data := await reader.read(1 << 20):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        ended.set()

    async def visit(address: str) -> None:
        backend = await asyncio.start_unix_server(echo, runtime.vnc_socket)
        browser = await connect(address, AUTHORIZED)
        assert await browser.read_message() == b"RFB 003.008\n"
        sent = os.urandom(3 << 20)
        for start in range(0, len(sent), 1 << 16):
            await browser.write_message(sent[start : start + (1 << 16)], binary=True)
        received = b""
        while len(received) < len(sent):
            part = await browser.read_message()
            assert isinstance(part, bytes)
            received += part
        assert received == sent
        assert server.accepted[-1].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        browser.close()
        async with asyncio.timeout(5):
            await ended.wait()
        backend.close()

    server.run(visit)
    assert "jupyter-server-proxy" not in server.app.web_app.settings.get("last_activity_times", {})


def test_before_the_x_server_is_up_the_socket_closes_and_asks_to_come_again(server: Server) -> None:
    async def visit(address: str) -> None:
        browser = await connect(address, AUTHORIZED)
        assert await browser.read_message() is None
        assert browser.close_code == TRY_AGAIN_LATER
        browser.close()

    server.run(visit)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param({"Authorization": "token wrong"}, id="wrong token"),
    ],
)
def test_a_strangers_socket_is_refused(server: Server, runtime: RuntimeDirectory, headers: dict[str, str]) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop-websockify", headers=UPGRADE | headers)
        assert answer.code == 403

    server.run(visit)


def test_a_plain_request_to_the_socket_is_refused(server: Server) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop-websockify", headers=AUTHORIZED)
        assert answer.code == 405

    server.run(visit)


OPENED = {"Accept": "text/html", **AUTHORIZED}


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("lab", "lab"),
        ("lab/tree/a%20b.ipynb", "lab%2Ftree%2Fa%2520b.ipynb"),
        ("lab/tree/100%25%23.ipynb", "lab%2Ftree%2F100%2525%2523.ipynb"),
        ("lab/workspaces/x?reset", "lab%2Fworkspaces%2Fx%3Freset"),
        ("doc/tree/x.ipynb", "doc%2Ftree%2Fx.ipynb"),
    ],
    ids=["plain", "file", "marks", "workspace", "document"],
)
@pytest.mark.parametrize("said", [{"Sec-Fetch-Dest": "document"}, {}], ids=["browser that says it", "plain HTTP"])
def test_jupyterlab_opened_as_a_page_gets_the_bar(server: Server, path: str, at: str, said: dict[str, str]) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/{path}", headers={**OPENED, **said})
        assert (answer.code, answer.headers["Location"]) == (302, f"/user/ada/desktop/lab/?at={at}")

    server.run(visit)


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Dest": "iframe"},
        {"Referer": "http://hub/user/ada/desktop/lab/?at=lab"},
        {"Referer": "http://hub/user/ada/lab/tree/x.ipynb"},
    ],
    ids=["frame", "our page on plain HTTP", "JupyterLab itself on plain HTTP"],
)
def test_jupyterlab_in_the_frame_is_not_led_away(server: Server, said: dict[str, str]) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/lab", headers={**OPENED, **said})
        assert "desktop/lab/" not in answer.headers.get("Location", "")

    server.run(visit)


@pytest.mark.parametrize(
    ("referer", "ours"),
    [
        ("https://hub/user/ada/desktop/lab/?at=lab/tree/x", True),
        ("https://hub/user/ada/lab", True),
        ("https://hub/user/ada/lab/workspaces/auto-x", True),
        ("https://hub/user/ada/laboratory", False),
        ("https://hub/user/ada/files/x.html", False),
        ("https://hub/user/mallory/desktop/lab/", False),
        ("https://hub/user/mallory/files/user/ada/desktop/lab/", False),
        ("", False),
    ],
)
def test_who_may_frame_jupyterlab(referer: str, ours: bool) -> None:
    assert is_from_lab(referer, "/user/ada/") is ours


def test_the_pages_know_the_sessions_time_zone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()

    async def visit(address: str) -> None:
        for page in ("desktop/", "terminal/", "desktop/lab/"):
            text = (await get(f"http://{address}/{page}", headers=AUTHORIZED)).body.decode()
            assert 'data-utc-offset="19800"' in text

    try:
        server.run(visit)
    finally:
        monkeypatch.undo()
        time.tzset()
