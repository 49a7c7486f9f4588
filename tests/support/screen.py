"""What a session's X server says of its desktop: windows, sizes, colours. It looks only; nothing is sent to a window.

The tests work on the desktop through the browser; this is how they see what came of it. The X server is found by
the session's own process, so that private /tmp directories and equal display numbers do not matter.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from Xlib import X
from Xlib.display import Display
from Xlib.error import BadDrawable, BadWindow
from Xlib.support import connect, unix_connect
from Xlib.xauth import Xauthority

from support import world


@dataclass(frozen=True)
class Window:
    """A window as the X server has it, in pixels from the upper left corner of the desktop."""

    title: str
    kind: str
    """Its class, in lower case, such as `pluma`."""
    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


def session_processes(user: str) -> dict[int, str]:
    """The command lines of all processes of a user, by process id of the node."""
    pairs = (line.strip().partition(" ") for line in world.processes(user))
    return {int(pid): arguments.strip() for pid, _, arguments in pairs}


@dataclass(frozen=True)
class XServer:
    """The X server of one session."""

    pid: int
    display: int
    authority: str
    """Its cookie file, as the session sees it."""
    vnc_socket: str

    @classmethod
    def of(cls, user: str) -> "XServer":
        """The X server of a user's session.

        Raises:
            LookupError: There is none, or more than one.
        """
        found = []
        for pid, arguments in session_processes(user).items():
            match = re.match(r"/usr/bin/Xtigervnc :(\d+) ", arguments)
            if match:
                words = arguments.split()
                authority, socket = (words[words.index(option) + 1] for option in ("-auth", "-rfbunixpath"))
                found.append(cls(pid, int(match[1]), authority, socket))
        if len(found) != 1:
            raise LookupError(f"{len(found)} X servers of {user}, not one")
        return found[0]

    def path(self, inside: str) -> Path:
        """A path of the session, as the node's root sees it."""
        return Path(f"/proc/{self.pid}/root", inside.lstrip("/"))

    @property
    def socket(self) -> Path:
        return self.path(f"/tmp/.X11-unix/X{self.display}")

    @contextmanager
    def connection(self) -> Iterator[Display]:
        """A connection with the session's own cookie."""
        _, _, _, name, data = Xauthority(str(self.path(self.authority))).entries[0]
        connected = unix_connect._get_unix_socket(str(self.socket))
        with (
            patch.object(connect, "get_socket", lambda *_: connected),
            patch.object(connect, "get_auth", lambda *_: (name, data)),
        ):
            display = Display(f":{self.display}")
        try:
            yield display
        finally:
            display.close()

    def size(self) -> tuple[int, int]:
        """Width and height of the desktop."""
        with self.connection() as display:
            geometry = display.screen().root.get_geometry()
            return geometry.width, geometry.height

    def windows(self, *, stacked: bool = False) -> list[Window]:
        """The windows that the window manager shows, panel and desktop included: by age, or from the lowest up."""
        name = "_NET_CLIENT_LIST_STACKING" if stacked else "_NET_CLIENT_LIST"
        with self.connection() as display:
            found = [_window(display, number) for number in _numbers(display, name)]
            return [window for window in found if window]

    def active(self) -> Window | None:
        """The window that has the keyboard."""
        with self.connection() as display:
            numbers = _numbers(display, "_NET_ACTIVE_WINDOW")
            return _window(display, numbers[0]) if numbers and numbers[0] else None

    def menus(self) -> list[Window]:
        """Open menus and other pop-ups, which the window manager does not know."""
        with self.connection() as display:
            found = []
            for child in display.screen().root.query_tree().children:
                try:
                    attributes = child.get_attributes()
                except BadWindow:
                    continue
                if attributes.override_redirect and attributes.map_state == X.IsViewable:
                    window = _window(display, child.id)
                    if window and window.width > 20 and window.height > 20:
                        found.append(window)
            return found


def _numbers(display: Display, name: str) -> list[int]:
    answer = display.screen().root.get_full_property(display.intern_atom(name), X.AnyPropertyType)
    return list(answer.value) if answer else []


def _window(display: Display, number: int) -> Window | None:
    window = display.create_resource_object("window", number)
    try:
        name = window.get_full_property(display.intern_atom("_NET_WM_NAME"), X.AnyPropertyType)
        kinds = window.get_wm_class() or ("", "")
        size = window.get_geometry()
        place = display.screen().root.translate_coords(window, 0, 0)
    except (BadWindow, BadDrawable):
        return None  # it was closed while we looked
    title = name.value.decode(errors="replace") if name else window.get_wm_name() or ""
    return Window(str(title), kinds[1].lower(), place.x, place.y, size.width, size.height)
