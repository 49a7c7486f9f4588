"""The record of what instructors did: lines of JSON in the hub's state directory, for administrators to keep."""

import contextlib
import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .site.file import Site

_MODE = 0o640
_LARGEST = 5_000_000
_OLD_FILES = 5

ACT_TITLES: Final[Mapping[str, str]] = {
    "start": "Start",
    "stop": "Stop",
    "restart": "Restart",
    "reset-desktop": "Desktop reset",
    "reset-lesson": "Restored lesson files",
    "extend": "Extension",
    "message": "Message",
    "take-hand": "Coming to help",
    "lower-hand": "Lowered hand",
    "import": "Roster import",
    "observe": "Look at the desktop",
    "control": "Keyboard and mouse",
    "help": "Help",
}
"""What people read for the acts on record; page and command show them."""

_log = logging.getLogger("classdesk.audit")


def audit_log(site: Site) -> "AuditLog":
    """Return the record of a site, which the hub and the console write."""
    return AuditLog(Path(site.hub.state_directory) / "audit.jsonl")


@dataclass(frozen=True)
class AuditLog:
    """A file of events, the newest last; files that are full are kept as FILE.1 and so on.

    Args:
        path: The file.
        largest: Bytes at which a new file begins.
    """

    path: Path
    largest: int = _LARGEST

    def write(  # noqa: PLR0913  # who, what, whom, with which result
        self,
        class_name: str,
        who: str,
        act: str,
        whom: Sequence[str],
        result: str,
        *,
        detail: str = "",
        act_id: str = "",
    ) -> None:
        """Add an event. A full disk must not keep an instructor from helping: it is logged, not raised."""
        event = {
            "time": round(time.time(), 3),
            "class": class_name,
            "who": who,
            "act": act,
            "whom": list(whom),
            "result": result,
            "detail": detail[:500],
            **({"act_id": act_id} if act_id else {}),
        }
        try:
            with self._locked():
                self._rotate()
                self._append(_line(event))
        except OSError as error:
            _log.error("The record cannot be written: %s; the event is %s", error, event)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let hub and console, which both write, take turns."""
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
        try:
            os.fchmod(descriptor, _MODE)
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # half a line of a full disk, which takes no other with it
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def newest(self, class_name: str | None, limit: int) -> list[dict[str, Any]]:
        """Return the newest events of a class, or of all, the newest first.

        What an instructor asked for is left out once its results are there.
        """
        found: list[dict[str, Any]] = []
        told: dict[str, int] = {}
        for event in self._backwards():
            if class_name is not None and event.get("class") != class_name:
                continue
            act_id, whom = event.get("act_id", ""), event.get("whom", [])
            if event.get("result") != "asked":
                told[act_id] = told.get(act_id, 0) + len(whom)
            elif told.get(act_id, 0) >= len(whom):
                continue
            found.append(event)
            if len(found) >= limit:
                break
        return found

    def _backwards(self) -> Iterator[dict[str, Any]]:
        for path in (self.path, *(self._old(number) for number in range(1, _OLD_FILES + 1))):
            try:
                lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            except FileNotFoundError:
                return
            for line in reversed(lines):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue  # half a line, of a machine that went down
                if isinstance(event, dict):
                    yield event

    def _rotate(self) -> None:
        try:
            if self.path.stat().st_size < self.largest:
                return
        except FileNotFoundError:
            return
        for number in range(_OLD_FILES, 1, -1):
            older = self._old(number - 1)
            if older.exists():
                older.replace(self._old(number))
        self.path.replace(self._old(1))

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _line(event: dict[str, Any]) -> bytes:
    """Return an event as a line of JSON that is one line to every program, and only shows itself in a terminal."""
    text = json.dumps(event, ensure_ascii=False)
    shown = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    return shown.encode() + b"\n"
