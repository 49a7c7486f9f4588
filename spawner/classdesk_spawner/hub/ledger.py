"""The sessions' state in JupyterHub's database."""

import asyncio
from typing import Any


class Ledger:
    """Writes down what the next hub process must know of sessions.

    What is set and not committed in the same breath is lost: JupyterHub rolls back what it finds changed at
    the end of any request.
    """

    def __init__(self) -> None:
        self._soon: dict[int, Any] = {}

    def write(self, *spawners: Any) -> None:
        """Write the state of sessions now, with one commit."""
        for spawner in spawners:
            spawner.orm_spawner.state = spawner.get_state()
        spawners[0].user.db.commit()

    def write_soon(self, spawner: Any) -> None:
        """Write the state of a session, with the others that ask in this turn of the event loop.

        A commit costs some milliseconds, and a tick of the watcher has news of a whole class.
        """
        if not self._soon:
            asyncio.get_running_loop().call_soon(self._write_all)
        self._soon[id(spawner)] = spawner

    def _write_all(self) -> None:
        spawners, self._soon = tuple(self._soon.values()), {}
        self.write(*spawners)
