"""The class console: a service of the hub in which instructors see and repair the sessions of their classes.

It runs in its own process and decides nothing by itself: what an instructor may do, the hub decides by
their own token.
"""

from .app import run

__all__ = ["run"]
