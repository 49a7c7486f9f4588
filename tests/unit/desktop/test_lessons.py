"""The calls of the lesson's pane."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from classdesk_desktop.server import lessons

from .served import AUTHORIZED, VISITING, Server, get

MANIFEST = """
title = "Short"
minutes = 5
[files]
"README.md" = "the steps"
"hello.py" = "says hello"
"solutions/hello.py" = "its solution"
[[exercises]]
name = "hello"
title = "Hello"
script = "hello.py"
produces = ["picture.png"]
"""
TEXT = """# Short

Look: <script>alert(1)</script>

## Hello (5 min)

Open [hello.py](hello.py).

```bash
lesson check hello
```

![a picture](picture.png)
"""


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packs" / "short"
    (folder / "solutions").mkdir(parents=True)
    (folder / "lesson.toml").write_text(MANIFEST)
    (folder / "README.md").write_text(TEXT)
    (folder / "hello.py").write_text("print('hello')\n")
    (folder / "solutions" / "hello.py").write_text("print('hello world')\n")
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "lesson.toml").write_text("titel = 1\n")
    monkeypatch.setenv("CLASSDESK_LESSONS", str(folder.parent))
    return folder


async def read(address: str, path: str, **options: Any) -> tuple[int, Any]:
    answer = await get(f"http://{address}/desktop/lessons{path}", headers=AUTHORIZED, **options)
    return answer.code, json.loads(answer.body)


async def act(address: str, path: str, what: str) -> tuple[int, Any]:
    return await read(address, path, method="POST", body=json.dumps({"what": what}))


def test_all_lessons_are_told_and_what_is_refused(pack: Path, server: Server) -> None:
    async def visit(address: str) -> None:
        assert await read(address, "") == (
            200,
            {
                "lessons": [{"name": "short", "title": "Short", "minutes": 5}],
                "refused": [f"{pack.parent}/broken/lesson.toml, line 1: There is no key 'titel'. Did you mean title?"],
            },
        )

    server.run(visit)


def test_a_lesson_comes_as_html_without_scripts(pack: Path, server: Server) -> None:
    async def visit(address: str) -> None:
        code, lesson = await read(address, "/short")
        assert code == 200
        assert "&lt;script&gt;" in lesson["introduction"]
        (step,) = lesson["steps"]
        assert (step["name"], step["title"], step["minutes"]) == ("hello", "Hello", 5)
        assert '<span data-file="hello.py">hello.py</span>' in step["html"]
        assert "<em>a picture</em>" in step["html"], "no script has made it yet"
        assert lesson["solutions"] == ["hello"]
        assert (await read(address, "/shirt"))[0] == 404

    server.run(visit)


def test_a_picture_that_a_script_has_made_is_shown(pack: Path, server: Server) -> None:
    copies = Path.home() / "Desktop" / "Lesson" / "short"
    copies.mkdir(parents=True)
    (copies / "picture.png").write_bytes(b"\x89PNG")
    (copies / "secret.png").write_bytes(b"secret")

    async def visit(address: str) -> None:
        _, lesson = await read(address, "/short")
        assert 'src="/user/ada/desktop/lessons/short/pictures/picture.png"' in lesson["steps"][0]["html"]
        answer = await get(f"http://{address}/desktop/lessons/short/pictures/picture.png", headers=AUTHORIZED)
        assert (answer.body, answer.headers["Content-Type"]) == (b"\x89PNG", "image/png")
        for other in ("secret.png", "hello.py", "..%2Fshort%2Fpicture.png", "%2Fetc%2Fpasswd"):
            answer = await get(f"http://{address}/desktop/lessons/short/pictures/{other}", headers=AUTHORIZED)
            assert answer.code == 404, other
        (copies / "picture.png").unlink()
        (copies / "picture.png").symlink_to(copies / "secret.png")
        answer = await get(f"http://{address}/desktop/lessons/short/pictures/picture.png", headers=AUTHORIZED)
        assert answer.code == 404

    server.run(visit)


def test_a_solution_is_shown_where_the_lesson_offers_it(pack: Path, server: Server) -> None:
    async def visit(address: str) -> None:
        wanted = {"file": "hello.py", "text": "print('hello world')\n"}
        assert await act(address, "/short/solution", "hello") == (200, wanted)
        (pack / "lesson.toml").write_text("offer_solutions = false\n" + MANIFEST)
        code, refusal = await act(address, "/short/solution", "hello")
        assert (code, refusal["message"]) == (409, "The solution of hello is not offered. Ask your instructor.")

    server.run(visit)


@pytest.mark.parametrize(
    ("call", "what", "said"),
    [
        ("check", "helo", "no exercise 'helo' in the lesson short. Did you mean hello?"),
        ("open", "../../.bashrc", "is not a file's name in a lesson"),
        ("open", "solutions/hello.py", "solutions/hello.py is a solution."),
        ("open", "hello.py", "There is no desktop to open the file in."),
        ("solution", "", "is not a file's name in a lesson"),
    ],
)
def test_what_cannot_be_done_is_said(pack: Path, server: Server, call: str, what: str, said: str) -> None:
    async def visit(address: str) -> None:
        code, refusal = await act(address, f"/short/{call}", what)
        assert code == 409
        assert said in refusal["message"]

    server.run(visit)


def test_a_check_runs_as_in_a_terminal_and_without_the_hub_s_token(
    pack: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "_CHECK", 'echo "$@"; env | grep -c JUPYTER; exit 1')

    async def visit(address: str) -> None:
        assert await act(address, "/short/check", "hello") == (200, {"right": False, "said": "short hello\n0"})

    server.run(visit)


def test_visitors_see_none_of_it(pack: Path, server: Server) -> None:
    async def visit(address: str) -> None:
        answer = await get(f"http://{address}/desktop/lessons", headers=VISITING)
        assert answer.code == 403

    server.run(visit)
