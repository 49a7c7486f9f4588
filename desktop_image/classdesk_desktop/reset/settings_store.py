"""Moves a learner's desktop settings aside, and back: nothing is ever deleted.

A rename takes no space, so that this works in a full home, too. Standard library alone: the command `desktop-reset`
runs with any Python.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# What MATE and its programs read at their start, below the home directory. Nothing here belongs to programs that the
# learner works with.
SETTINGS: Final = (
    ".config/dconf/user",
    ".config/mate",
    ".config/mate-session",
    ".config/mate-menu",
    ".config/autostart",
    ".config/caja",
    ".config/pluma",
    ".config/eom",
    ".config/marco",
    ".config/menus",
    ".config/monitors.xml",
    ".config/gtk-2.0",
    ".config/gtk-3.0",
    ".config/fontconfig",
    ".config/mimeapps.list",
    ".config/user-dirs.dirs",
    ".config/user-dirs.locale",
    ".config/tigervnc",
    ".local/share/applications/mimeapps.list",
    ".local/share/mate-panel",
    ".local/share/gvfs-metadata",
    ".cache/sessions",
    ".cache/dconf",
    ".vnc",
    ".gtkrc-2.0",
    ".fonts.conf",
    ".themes",
)
_STORE: Final = ".local/state/classdesk/desktop-settings"
# Where the store cannot be made, a setting stays in its directory, under another name.
_BESIDE: Final = ".classdesk-"
_STAMP: Final = re.compile(r"\d{8}-\d{6}(?:-\d+)?")


@dataclass(slots=True)
class ResetReport:
    """What a reset or a restoration did.

    Attributes:
        stamp: the name under which the settings can be restored; empty if there were none.
        kept: where they are now, for the learner to read; empty if there were none.
        moved: the settings that were moved, below the home directory.
        failed: those that could not be, and why.
    """

    stamp: str = ""
    kept: str = ""
    moved: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The report for the learner."""
        parts = []
        if self.moved:
            parts.append(f"Your desktop settings are kept in {self.kept}.")
            parts.append(f"“desktop-reset --restore {self.stamp}” brings them back.")
        elif not self.failed:
            parts.append("There were no desktop settings of your own.")
        if self.failed:
            named = ", ".join(f"~/{name} ({why})" for name, why in self.failed.items())
            parts.append(f"These could not be moved, so the desktop may start without them: {named}.")
        return " ".join(parts)


def reset_settings(home: Path) -> ResetReport:
    """Move all desktop settings in this home aside."""
    present = [name for name in SETTINGS if os.path.lexists(home / name)]
    if not present:
        return ResetReport()
    stamp, store = _new_store(home)
    report = ResetReport(stamp)
    for name in present:
        target = store / name if store else _beside(home / name, stamp)
        try:
            if store:
                target.parent.mkdir(parents=True, exist_ok=True)
            (home / name).rename(target)
        except OSError:
            # The store may be on another disk, or out of space for one more directory.
            target = _beside(home / name, stamp)
            try:
                (home / name).rename(target)
            except OSError as error:
                report.failed[name] = error.strerror or "unknown"
                continue
        report.moved.append(name)
        inside = store is not None and target.is_relative_to(store)
        report.kept = report.kept or _tilde(store if inside and store else target, home)
    if store:
        _remove_empty(store)
    return report


def kept_settings(home: Path) -> dict[str, list[str]]:
    """The settings that earlier resets kept, by their stamps, the oldest first."""
    found: dict[str, list[str]] = {}
    for stamp, name, _ in _kept(home):
        found.setdefault(stamp, []).append(name)
    return dict(sorted(found.items()))


def restore_settings(home: Path, stamp: str) -> ResetReport:
    """Bring the settings of a stamp back; what has taken their place is moved aside first.

    Raises:
        LookupError: nothing is kept under this stamp.
    """
    wanted = [(name, path) for kept, name, path in _kept(home) if kept == stamp]
    if not wanted:
        raise LookupError(f"Nothing is kept under {stamp!r}.")
    report = reset_settings(home)
    report.moved, report.failed = [], {}
    for name, path in wanted:
        try:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            path.rename(home / name)
        except OSError as error:
            report.failed[name] = error.strerror or "unknown"
        else:
            report.moved.append(name)
    _remove_empty(home / _STORE / stamp)
    return report


def _kept(home: Path) -> Iterator[tuple[str, str, Path]]:
    """Stamp, setting, and where it is, of all that is kept."""
    for name in SETTINGS:
        for path in (home / _STORE).glob(f"*/{name}"):
            stamp = path.relative_to(home / _STORE).parts[0]
            if _STAMP.fullmatch(stamp):
                yield stamp, name, path
        for path in (home / name).parent.glob(f"{Path(name).name}{_BESIDE}*"):
            stamp = path.name.rpartition(_BESIDE)[2]
            if _STAMP.fullmatch(stamp):
                yield stamp, name, path


def _new_store(home: Path) -> tuple[str, Path | None]:
    """A new stamp and its directory; no directory where none can be made."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    taken = kept_settings(home)
    free = next(name for n in range(10_000) if (name := f"{stamp}-{n}" if n else stamp) not in taken)
    store = home / _STORE / free
    try:
        store.mkdir(mode=0o700, parents=True)
    except OSError:
        return free, None
    return free, store


def _beside(path: Path, stamp: str) -> Path:
    return path.with_name(f"{path.name}{_BESIDE}{stamp}")


def _remove_empty(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        directory.rmdir()


def _tilde(path: Path, home: Path) -> str:
    return f"~/{path.relative_to(home)}"
