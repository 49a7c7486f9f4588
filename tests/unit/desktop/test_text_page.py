"""A text in Markdown becomes a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from classdesk_desktop.lesson.text_page import page_of


@pytest.fixture
def text(tmp_path: Path) -> Path:
    folder = tmp_path / "a lesson"
    folder.mkdir()
    return folder / "README.md"


def test_the_marks_are_gone_and_the_first_heading_is_the_title(text: Path) -> None:
    text.write_text("Hello\n\n# A *loop* & more\n\n**bold**\n\n| a |\n| - |\n| b |\n\n## Later\n")
    page = page_of(text)
    assert "<title>A loop &amp; more</title>" in page
    assert f'<base href="{text.parent.as_uri()}/">' in page
    assert "<strong>bold</strong>" in page
    assert "<td>b</td>" in page


def test_a_text_without_a_heading_has_its_file_s_name(text: Path) -> None:
    text.write_bytes(b"na\xefve\n")
    page = page_of(text)
    assert "<title>README.md</title>" in page
    assert "na\ufffdve" in page


def test_no_script_runs(text: Path) -> None:
    text.write_text("<script>alert(1)</script>\n")
    assert "script-src 'none'" in page_of(text)
