"""A lesson's text in a terminal and as HTML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from classdesk_desktop.lesson.command import main
from classdesk_desktop.lesson.html import html_of, page_for_paper
from classdesk_desktop.lesson.model import Lesson, load_lesson
from classdesk_desktop.lesson.reading import for_terminal
from classdesk_desktop.lesson.shelf import read_shelf

HOSTILE = """\
<script>alert(1)</script>

<img src=x onerror=alert(1)> and [a](javascript:alert(1)), [b](data:text/html;base64,PHNjcmlwdD4=),
[c](<vbscript:x>), ![d](https://elsewhere.example/x.png), ![e" onerror="alert(1)](hello.py), <a href="x">y</a>,
[f](https://example.org/"onclick="alert(1)), `<b>`

```bash "onclick="alert(1)
echo "<script>"
```
"""


def test_a_terminal_gets_wrapped_lines_and_plain_commands(lesson: Lesson) -> None:
    text = (
        "# Title\n\nOne *two* **three** `four` [five](hello.py) <https://example.org> six seven\n\n"
        "1. first\n2. second\n   - inner\n\n```bash\ncd x\n\nls\n```\n\n> said\n\n| a | bb |\n|---|---|\n| 1 | 2 |\n"
    )
    assert for_terminal(lesson, text, 40, colours=False) == (
        "Title\n=====\n\nOne two three four five (hello.py)\nhttps://example.org six seven\n\n"
        "1. first\n2. second\n   - inner\n\n    cd x\n    \n    ls\n\n| said\n\n    a  bb\n    1  2\n"
    )
    assert "\x1b[1mTitle\x1b[0m" in for_terminal(lesson, text, 40, colours=True)


def test_a_text_sends_no_commands_to_the_terminal(lesson: Lesson) -> None:
    assert for_terminal(lesson, "a\x1b]0;title\x07b\x9b2J", 40, colours=True) == "a]0;titleb2J\n"


def test_html_and_scripts_are_shown_as_they_are_written(lesson: Lesson) -> None:
    made = html_of(HOSTILE, lesson, lambda name: name if name in lesson.files else "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made
    for live in (
        "<script",
        '<a href="x',
        "<img src=x",
        "javascript:",
        "data:text",
        "vbscript:",
        "elsewhere",
        '"onclick',
    ):
        assert live not in made.replace("&quot;onclick", ""), made
    assert ' onerror="' not in made.replace("&quot;", "")


def test_files_and_commands_are_marked(lesson: Lesson) -> None:
    made = html_of("# T\n[s](hello.py)\n\n```bash window\nls\n```\n\n```python\n1\n```\n", lesson, str, least_heading=3)
    assert "<h3>T</h3>" in made
    assert '<span data-file="hello.py">s</span>' in made
    assert "<pre data-commands><code>ls\n</code></pre>" in made
    assert "<pre><code>1\n</code></pre>" in made


def test_a_page_for_paper_needs_nothing_else(lesson: Lesson) -> None:
    page = page_for_paper(lesson, lambda _: "")
    assert "<title>Short</title>" in page
    assert "<h2>Hello <small>5 min</small></h2>" in page
    assert "http" not in page.replace("http-equiv", "")


def test_read_shows_a_step_or_all(masters: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "hello"]) == 0
    assert capsys.readouterr().out == "Hello (5 min)\n\n    python hello.py\n"
    assert main(["read"]) == 0
    assert capsys.readouterr().out.startswith("Short, naïve\n============\n\nAn example.\n\nHello (5 min)\n")
    assert main(["read", "--html"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert main(["read", "helo"]) == 2
    assert "Did you mean hello?" in capsys.readouterr().err


def test_the_site_s_values_are_in_the_text(masters: Path, tmp_path: Path) -> None:
    manifest = masters / "short" / "lesson.toml"
    manifest.write_text(manifest.read_text() + '[variables.account]\nabout = "who pays"\ndefault = "def"\n')
    text = masters / "short" / "README.md"
    text.chmod(0o644)
    text.write_text("by {{account}}\n")
    lesson = load_lesson(masters / "short")
    assert for_terminal(lesson, lesson.text.introduction, 40, colours=False) == "by def\n"
    (masters / "variables.toml").write_text('account = "<our own>"\n')
    lesson = read_shelf([masters]).lessons["short"]
    assert html_of(lesson.text.introduction, lesson, str) == "<p>by &lt;our own&gt;</p>\n"
    (tmp_path / "variables.toml").write_text("account = 1\n")
    shelf = read_shelf([tmp_path, masters])
    assert [str(r) for r in shelf.refused] == [f"{tmp_path}/variables.toml, line 1: account is 1; expected: a text."]
    assert shelf.lessons["short"] == replace(lesson)
