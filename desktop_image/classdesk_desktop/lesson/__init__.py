"""The lesson files in a learner's home: the command `lesson`, and the copies made when a session starts.

Standard library only: it also runs with the system's Python, before any module is loaded.
"""

from classdesk_desktop.lesson.icon import put_icon
from classdesk_desktop.lesson.refresh import Watch, ensure_copies

__all__ = ["Watch", "ensure_copies", "put_icon"]
