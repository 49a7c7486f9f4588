"""A text in Markdown, such as a lesson's steps, as a page that the desktop's browser shows."""

from __future__ import annotations

import hashlib
import html
import os
import sys
from pathlib import Path

import mistune
from mistune.util import striptags

from classdesk_desktop.lesson.files import shown

__all__ = ["main", "page_of"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'">
<title>{title}</title>
<base href="{folder}/">
<link rel="stylesheet" href="file:///usr/share/classdesk/pages.css">
</head>
<body>
<main class="text">
<p class="place">{place}</p>
{text}</main>
</body>
</html>
"""


class _Renderer(mistune.HTMLRenderer):
    """HTML that knows its title."""

    title = ""

    def heading(self, text: str, level: int, **attrs: object) -> str:
        """A heading; the first one is the page's title."""
        self.title = self.title or text
        return super().heading(text, level, **attrs)


def page_of(file: Path) -> str:
    """The page of a text.

    Raises:
        OSError: The file cannot be read.
    """
    renderer = _Renderer(escape=False)
    markdown = mistune.create_markdown(renderer=renderer, plugins=["table", "strikethrough", "url"])
    text = markdown(file.read_text(encoding="utf-8", errors="replace"))
    return _PAGE.format(
        title=striptags(renderer.title) or html.escape(file.name),
        folder=file.parent.as_uri(),
        place=html.escape(shown(file, Path.home())),
        text=text,
    )


def main() -> None:
    """Show a text in the browser; one that cannot be read goes to the editor, which says why."""
    file = Path(sys.argv[1]).absolute()
    page = Path(os.environ["XDG_RUNTIME_DIR"]) / f"{_short(file)}.html"
    try:
        page.write_text(page_of(file), encoding="utf-8")
        command = ["firefox-esr", page.as_uri()]
    except OSError:
        command = ["pluma", str(file)]
    os.execvp(command[0], command)  # noqa: S606


def _short(file: Path) -> str:
    """One page for each text, so that opening it again leaves nothing behind."""
    return hashlib.sha256(os.fsencode(file)).hexdigest()[:16]
