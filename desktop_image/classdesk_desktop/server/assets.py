"""The pages' files: our own and the npm packages', under addresses that change with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# Only these are served: the folder also holds the packages' sources, maps and metadata.
SERVED: Final = (
    "static/",
    "node_modules/@novnc/novnc/core/",
    "node_modules/@novnc/novnc/vendor/",
    "node_modules/@xterm/xterm/lib/",
    "node_modules/@xterm/xterm/css/",
    "node_modules/@xterm/addon-fit/lib/",
)
_PRELOADED_SUFFIX: Final = ".js"


class WebAssets:
    """The folder of the pages' files.

    Attributes:
        root: the folder.
        version: a digest that changes when a file changes. As a part of each address it lets browsers keep
            the files for ever: noVNC is 50 modules, which nobody wants to ask for again.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version = _digest(root, self._files())

    def is_served(self, name: str) -> bool:
        """Whether a file may be sent, by its path below the root."""
        return name.startswith(SERVED) and ".." not in name

    def modules(self, *folders: str) -> list[str]:
        """The JavaScript modules below some folders, for the page to ask for all at once."""
        return sorted(
            str(path.relative_to(self.root))
            for folder in folders
            for path in (self.root / folder).rglob(f"*{_PRELOADED_SUFFIX}")
        )

    def _files(self) -> list[Path]:
        own = (self.root / "static").rglob("*")
        return sorted(path for path in own if path.is_file())


def _digest(root: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    # The lock file stands for the packages' content.
    for path in (root / "package-lock.json", *files):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()[:16]
