"""A session's private directory: sockets, cookies and the state file, on the node, for one user alone."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classdesk_desktop.protocol import DesktopState

# Unix socket addresses end at 107 bytes, and programs of the desktop make sockets some directories below.
MAX_DIRECTORY_LENGTH: Final = 60
_YOUNG_SECONDS: Final = 60.0


class RuntimeDirectoryError(Exception):
    """No directory of the node can hold the session's sockets; the text lists what was tried."""


@dataclass(frozen=True, slots=True)
class RuntimeDirectory:
    """The private directory and the names in it."""

    path: Path

    @classmethod
    def create(cls, environ: Mapping[str, str], uid: int) -> RuntimeDirectory:
        """Make a new directory with mode 0700 under TMPDIR, /tmp or /dev/shm, the first that serves.

        Raises:
            RuntimeDirectoryError: none of them is short enough and writable.
        """
        name = f"classdesk-{uid}-{os.urandom(6).hex()}"
        failures: list[str] = []
        for base in (environ.get("TMPDIR", ""), "/tmp", "/dev/shm"):  # noqa: S108 - own 0700 directory below
            path = Path(base) / name
            if not path.is_absolute():
                continue
            if len(os.fsencode(path)) > MAX_DIRECTORY_LENGTH:
                failures.append(f"{base}: the path is too long for sockets")
                continue
            try:
                path.mkdir(mode=0o700)
            except OSError as error:
                failures.append(f"{base}: {error.strerror}")
            else:
                _remove_dead(Path(base), uid)
                _hold(path)
                return cls(path)
        raise RuntimeDirectoryError("The session needs a directory for its sockets; tried " + "; ".join(failures))

    @property
    def vnc_socket(self) -> Path:
        """Where Xtigervnc listens for the page."""
        return self.path / "vnc.sock"

    @property
    def x_authority(self) -> Path:
        """The X server's cookie."""
        return self.path / "Xauthority"

    @property
    def ice_authority(self) -> Path:
        """The session manager's cookies."""
        return self.path / "ICEauthority"

    @property
    def state_file(self) -> Path:
        """What the desktop is doing, for the page."""
        return self.path / "state.json"

    @property
    def desktop_file(self) -> Path:
        """How the session's other processes reach the desktop: see `write_desktop`."""
        return self.path / "desktop.json"

    @property
    def dask_certificate(self) -> Path:
        """The learner's certificate for dask, with its key."""
        return self.path / "dask.pem"

    @property
    def git_config(self) -> Path:
        """What git takes for the system's settings."""
        return self.path / "gitconfig"

    @property
    def bus_socket(self) -> Path:
        """Where the desktop's own message bus listens."""
        return self.path / "bus"

    @property
    def bus_address(self) -> str:
        """The bus's address as D-Bus clients take it."""
        return f"unix:path={self.bus_socket}"

    def restore(self) -> None:
        """Make the directory again where it has been removed, as by a learner who empties /tmp.

        Raises:
            OSError: it cannot be made, or somebody else has taken its name.
        """
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
            _hold(self.path)
        if self.path.lstat().st_uid != os.getuid():
            raise PermissionError(errno.EACCES, "the directory belongs to somebody else")

    def remove(self) -> None:
        """Remove the directory with all that is in it; what is gone already is not an error."""
        shutil.rmtree(self.path, ignore_errors=True)


def _hold(path: Path) -> None:
    """Mark a directory as in use for as long as this process lives."""
    # Some file servers know no locks; then nobody finds the directory unmarked either.
    with contextlib.suppress(OSError):
        fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_dead(base: Path, uid: int) -> None:
    """Remove directories of the same user whose sessions were killed, where /tmp outlives them."""
    for path in base.glob(f"classdesk-{uid}-*"):
        with contextlib.suppress(OSError):
            # A younger one may not be marked yet.
            if path.lstat().st_uid != uid or time.time() - path.lstat().st_mtime < _YOUNG_SECONDS:
                continue
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def write_x_authority(path: Path, cookie: bytes) -> None:
    """Write an Xauthority file that holds one MIT-MAGIC-COOKIE-1 for every display, mode 0600.

    The format is libXau's: big-endian 16-bit family, then address, display number, name and data, each
    with its 16-bit length. The family FamilyWild with an empty number fits any display, so that the file
    can be written before the display's number is known, and without the program xauth.
    """

    def counted(data: bytes) -> bytes:
        return len(data).to_bytes(2, "big") + data

    family_wild = (0xFFFF).to_bytes(2, "big")
    entry = family_wild + b"".join(map(counted, (b"", b"", b"MIT-MAGIC-COOKIE-1", cookie)))
    _write_private(path, entry)


def read_cookie(path: Path) -> bytes:
    """The cookie in an Xauthority file that `write_x_authority` wrote."""
    return path.read_bytes()[-16:]


def write_state(  # noqa: PLR0913 - the fields of the file
    path: Path,
    state: DesktopState,
    detail: str = "",
    starts: int = 0,
    *,
    safe_reason: str = "",
    notice: str = "",
) -> None:
    """Replace the state file in one step, so that a reader never sees half of it.

    Args:
        path: the state file.
        state: what the desktop is doing.
        detail: a sentence about it, for who wants to know more.
        starts: the number of this desktop, from 1.
        safe_reason: why it has private settings, as a sentence for the learner; empty if it has the learner's own.
        notice: what happened to the desktop before this one, as a sentence for the learner.
    """
    _replace_private(
        path,
        {
            "state": state,
            "detail": detail,
            "starts": starts,
            "since": time.time(),
            "safe": bool(safe_reason),
            "safe_reason": safe_reason,
            "notice": notice,
        },
    )


def read_state(path: Path) -> dict[str, object]:
    """The last state written; where there is none yet, the desktop is about to start."""
    try:
        record: dict[str, object] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {
            "state": "starting X",
            "detail": "",
            "starts": 0,
            "since": 0.0,
            "safe": False,
            "safe_reason": "",
            "notice": "",
        }
    return record


def write_desktop(path: Path, display: int, x_authority: Path, bus: str) -> None:
    """Write down where the present desktop's X server and message bus are."""
    _replace_private(path, {"display": f":{display}", "x_authority": str(x_authority), "bus": bus})


def read_desktop(path: Path) -> dict[str, str]:
    """Where the desktop is: `display`, `x_authority`, `bus`; empty where there is none."""
    try:
        record: dict[str, str] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record


def _replace_private(path: Path, record: dict[str, Any]) -> None:
    data = json.dumps(record).encode()
    draft = path.with_suffix(".new")
    try:
        _write_private(draft, data)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.errno != errno.ENOSPC or not path.exists():
            raise
        # A learner has filled /tmp. What is there has its room already.
        with path.open("r+b") as file:
            file.write(data)
            file.truncate()
    else:
        draft.replace(path)


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
