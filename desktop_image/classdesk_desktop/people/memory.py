"""What must be known again after the server has started anew: a small file in the session's private directory."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class Memory:
    """A few facts, kept in a file of mode 0600.

    A full disk costs the memory, and nothing else.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            facts = json.loads(file.read_bytes())
        except (OSError, ValueError):
            facts = {}
        self._facts: dict[str, Any] = facts if isinstance(facts, dict) else {}

    def get(self, name: str) -> Any:
        """A fact, or None."""
        return self._facts.get(name)

    def set(self, name: str, value: object) -> None:
        """Keep a fact."""
        self._facts[name] = value
        draft = self._file.with_suffix(".new")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(self._facts, file)
            draft.replace(self._file)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error)
