"""The icon *Lesson* on the desktop, which opens the lesson: its text, and the folder of the learner's copies.

The copies are in ~/Desktop/Lesson, whose own icon would open a folder in a folder. Three small files in the home put
the launcher in its place: the launcher, a list that hides the folder where files are shown, and a bookmark that leads
to the folder in every program's *Open* and *Save as*. Each is written where nothing is; what a learner has stays.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from classdesk_desktop.lesson.files import copies_folder, write_new

__all__ = ["put_icon"]

_log = logging.getLogger(__name__)

_LAUNCHER: Final = Path("/usr/share/applications/classdesk-lesson.desktop")


def put_icon(home: Path, launcher: Path = _LAUNCHER) -> None:
    """Show the icon, if there are copies; what cannot be written is in the log.

    Args:
        home: The learner's.
        launcher: The panel's, which has the same name and opens the same.
    """
    copies = copies_folder(home)
    bookmarks = home / ".config/gtk-3.0/bookmarks"
    try:
        if not copies.is_dir():
            return
        lessons = [folder for folder in copies.iterdir() if folder.is_dir()]
        bookmarked = lessons[0] if len(lessons) == 1 else copies
        bookmarks.parent.mkdir(parents=True, exist_ok=True)
        # In this order: the folder is hidden only where there are other ways to it.
        write_new(bookmarks, f"{bookmarked.as_uri()} Lesson\n".encode())
        write_new(copies.with_name("Lesson.desktop"), launcher.read_bytes(), 0o755)
        write_new(copies.with_name(".hidden"), f"{copies.name}\n".encode())
    except OSError as error:
        _log.warning("the icon of the lesson was not made: %s", error)
