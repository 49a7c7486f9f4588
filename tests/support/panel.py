"""The desktop's panel and its files, for the tests that click on them."""

import re
import shutil
from pathlib import Path
from typing import Final

from PIL import ImageChops

from support.browser_desktop import Desktop
from support.world import REPOSITORY, wait_until

_SETTINGS: Final = REPOSITORY / "desktop_image/rootfs/etc/dconf/db/classdesk.d/10-panel"
HEIGHT: Final = 34
"""Of the panel, in pixels at the usual density."""


def launcher(desktop: Desktop, name: str) -> tuple[int, int]:
    """Where the button of a launcher is, by its name in the panel's settings."""
    section = re.search(
        rf"^\[org/mate/panel/objects/{name}\]\n(.+?)(?:\n\n|\Z)",
        _SETTINGS.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert section, f"the panel has no launcher {name}"
    facts = dict(re.findall(r"^([\w-]+)=(.*)$", section[1], re.MULTILINE))
    place = int(facts["position"]) + HEIGHT // 2
    # Beyond the end means at the end.
    place = min(place, desktop.room()[0] - HEIGHT // 2)
    return place, HEIGHT // 2


def press(desktop: Desktop, name: str) -> None:
    """Clicks on a launcher."""
    desktop.click(*launcher(desktop, name))


def place_of(desktop: Desktop, folder: str, name: str) -> tuple[int, int]:
    """Where a file is in the file manager's window: its icon changes its colour when its name is typed."""
    window = desktop.window(folder, "caja")
    # Below the menus, above the status line and the box that shows what is typed.
    right, bottom = window.x + window.width - 20, window.y + window.height - 50
    box = (window.x + 4, window.y + 100, right, bottom)
    # Away from the icons, which change their colour under the pointer, too.
    desktop.click(box[2] - 10, box[3] - 10)
    before = desktop.still_picture().crop(box)
    desktop.type(name)

    def changed() -> tuple[int, int, int, int] | None:
        return ImageChops.difference(before, desktop.picture().crop(box)).getbbox()

    found = wait_until(changed, 5, f"{name} is selected")
    assert found
    left, top, right, bottom = found
    desktop.press("Escape")
    return box[0] + (left + right) // 2, box[1] + (top + bottom) // 2


def write_for(name: str, path: Path, data: bytes) -> None:
    """Puts a file into a learner's home, as their own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    for made in (path.parent, path):
        shutil.chown(made, name)
