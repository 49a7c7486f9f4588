"""Starting a desktop without the learner's own settings, where these cannot be used."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path
from typing import Final

from classdesk_desktop.session.runtime import RuntimeDirectory

# Where MATE's programs write at their start; caja ends with a message where it cannot.
_WRITTEN: Final = (".config", ".config/caja", ".config/dconf", ".config/mate")
_PROBE_BYTES: Final = 4096

_KEPT: Final = "so this desktop uses fresh settings of its own for as long as it runs"
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def home_trouble(home: Path) -> str:
    """Why a desktop cannot keep its settings in this home, as a sentence; empty where it can.

    It writes a small file and removes it: a quota is noticed by nothing less.
    """
    return _misplaced(home) or _forbidden(home) or _full(home)


def _misplaced(home: Path) -> str:
    for directory in (*(home / name for name in _WRITTEN), _desktop_folder(home)):
        if directory.is_dir():
            continue
        # A file, or a link to nothing: MATE could not make the folder in its place.
        if os.path.lexists(directory) or not (home in directory.parents or directory.parent.is_dir()):
            return f"{_tilde(directory, home)} is not a folder that can be used, {_KEPT}."
    return ""


def _desktop_folder(home: Path) -> Path:
    """The folder whose files lie on the desktop: the learner's user-dirs.dirs may name another one."""
    named: list[str] = []
    record = home / ".config/user-dirs.dirs"
    if record.is_file() and os.access(record, os.R_OK):
        text = record.read_text(errors="replace")
        named = re.findall(r'^\s*XDG_DESKTOP_DIR\s*=\s*"((?:\$HOME|/)[^"\0]*)"', text, re.MULTILINE)
    return Path(named[-1].replace("$HOME", str(home), 1)) if named else home / "Desktop"


def _forbidden(home: Path) -> str:
    for directory in (home, *(home / name for name in _WRITTEN)):
        # X alone would be enough to look, but not to keep anything.
        if directory.is_dir() and not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            if os.statvfs(directory).f_flag & os.ST_RDONLY:
                return f"Your home directory is read-only, {_KEPT}."
            return f"You may not write to {_tilde(directory, home)}, {_KEPT}."
    database = home / ".config/dconf/user"
    # Who opens a named pipe waits for ever.
    if database.exists() and not (database.is_file() and os.access(database, os.R_OK)):
        return f"Your settings in {_tilde(database, home)} cannot be read, {_KEPT}."
    return ""


def _full(home: Path) -> str:
    config = home / ".config"
    try:
        _write_probe(config if config.is_dir() else home)
    except OSError as error:
        if error.errno in _NO_SPACE:
            return f"Your home directory is full, {_KEPT}. Delete some files, also in the wastebasket."
        return f"Nothing can be written to your home directory ({error.strerror}), {_KEPT}."
    return ""


def after_faults(detail: str) -> str:
    """The sentence that says why a desktop starts safe after faults; `detail` says what ended last."""
    return (
        f"Your desktop ended three times right after its start ({detail.rstrip('.')}), {_KEPT}. Yours are kept as they "
        "are; “Reset my desktop” moves them aside and starts afresh."
    )


def private_settings(runtime: RuntimeDirectory, home: Path) -> dict[str, str]:
    """Variables that move all settings into fresh directories of this session; HOME stays the learner's."""
    base = runtime.path / "safe"
    variables = {}
    for name in ("config", "cache", "data", "state"):
        directory = base / name
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        variables[f"XDG_{name.upper()}_HOME"] = str(directory)
    # What is thrown away goes where the learner looks for it, and not with the session.
    trash = home / ".local/share/Trash"
    if trash.is_dir():
        with contextlib.suppress(FileExistsError):
            (base / "data/Trash").symlink_to(trash)
    if not _is_there(home / "Desktop"):
        # caja would show nothing but a message that it cannot make it.
        desktop = base / "Desktop"
        desktop.mkdir(mode=0o700, exist_ok=True)
        (base / "config/user-dirs.dirs").write_text(f'XDG_DESKTOP_DIR="{desktop}"\n')
    return variables


def _is_there(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        directory.mkdir(exist_ok=True)
    return directory.is_dir()


def _write_probe(directory: Path) -> None:
    path = directory / f".classdesk-{os.urandom(6).hex()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        # Over a network, a quota's answer may come as late as with fsync.
        os.write(descriptor, bytes(_PROBE_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


def _tilde(path: Path, home: Path) -> str:
    if path == home:
        return "your home directory"
    return f"~/{path.relative_to(home)}" if home in path.parents else str(path)
