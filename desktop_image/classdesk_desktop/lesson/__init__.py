"""The lesson files in a learner's home: the command `lesson`, and the copies made when a session starts.

Standard library only: it also runs with the system's Python, before any module is loaded.
"""

from classdesk_desktop.lesson.files import ensure_copies
from classdesk_desktop.lesson.icon import put_icon

__all__ = ["ensure_copies", "put_icon"]
