"""A lesson's Markdown as safe HTML: HTML in it is shown as it is written, and links lead only where they may.

Used for the page's pane and for paper. Links to files and blocks of commands are marked by attributes, for the pane.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Final

import mistune

from classdesk_desktop.lesson.model import Lesson
from classdesk_desktop.lesson.steps import with_variables

__all__ = ["html_of", "page_for_paper"]

_PLUGINS: Final = ("table", "strikethrough", "url")

_PAPER: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src file: data:">
<title>{title}</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 Cantarell, system-ui, sans-serif; }}
pre {{ padding: 0.5rem 0.75rem; border: 1px solid #888; border-radius: 0.25rem; white-space: pre-wrap; }}
pre, h2 {{ break-inside: avoid; }}
h2, h3 {{ break-after: avoid; }}
code {{ font-family: "DejaVu Sans Mono", monospace; font-size: 0.9em; }}
img {{ max-width: 100%; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: 0.125rem 0.5rem; border: 1px solid #888; }}
small {{ font-weight: normal; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


class _Renderer(mistune.HTMLRenderer):
    def __init__(self, lesson: Lesson, picture: Callable[[str], str], least_heading: int) -> None:
        super().__init__(escape=True)
        self._lesson = lesson
        self._picture = picture
        self._least_heading = least_heading

    def heading(self, text: str, level: int, **_attrs: object) -> str:
        """A heading, below those that are around it."""
        level = min(6, max(level, self._least_heading))
        return f"<h{level}>{text}</h{level}>\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        """A block of code; commands are marked."""
        commands = " data-commands" if (info or "").split()[:1] == ["bash"] else ""
        return f"<pre{commands}><code>{html.escape(code)}</code></pre>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to a file of the lesson, or elsewhere in a tab of its own; anything else is its text."""
        if url in self._lesson.files or url in self._lesson.data:
            return f'<span data-file="{html.escape(url)}">{text}</span>'
        if url.startswith(("https://", "http://")):
            said = f' title="{html.escape(title)}"' if title else ""
            return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer"{said}>{text}</a>'
        return text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture of the lesson's own, wherever it is shown."""
        said = html.escape(title or text)
        source = self._picture(url)
        return f'<img src="{html.escape(source)}" alt="{said}" loading="lazy">' if source else f"<em>{said}</em>"


def html_of(text: str, lesson: Lesson, picture: Callable[[str], str], least_heading: int = 1) -> str:
    """A part of a lesson's text as HTML.

    Args:
        text: In Markdown.
        lesson: The lesson, whose files links may name.
        picture: Returns the address at which a picture is shown; empty: its description is shown instead.
        least_heading: The level of the largest heading.
    """
    renderer = _Renderer(lesson, picture, least_heading)
    markdown = mistune.create_markdown(renderer=renderer, plugins=list(_PLUGINS))
    return str(markdown(with_variables(text, lesson.values)))


def page_for_paper(lesson: Lesson, picture: Callable[[str], str]) -> str:
    """The whole text as one page that needs nothing else, to be printed."""
    parts = [html_of(lesson.text.introduction, lesson, picture)]
    for step in lesson.text.steps:
        minutes = f" <small>{step.minutes} min</small>" if step.minutes else ""
        parts.append(f"<h2>{html.escape(step.title)}{minutes}</h2>\n{html_of(step.text, lesson, picture, 3)}")
    return _PAPER.format(title=html.escape(lesson.title), body="".join(parts))
