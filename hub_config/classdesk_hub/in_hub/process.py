"""How the hub's own process is set up, so that a class that starts at once does not wait for Python or the disk."""

import asyncio
import gc
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from .upstream import stop_pinging

_GC_THRESHOLDS = (20_000, 20, 100)


def settle_memory() -> None:
    """Keep what the hub has loaded out of garbage collection; to be called once it has started.

    A full collection looks at some 700,000 objects that stay for ever, modules and tables above all: 0.2 s in which
    nobody is answered, several times while a class starts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def watch_commands_without_threads() -> None:
    """Let the event loop itself notice that a command has ended; to be called inside it.

    Until Python 3.12 a thread is started for each command instead, and a class runs hundreds of them.
    """
    if sys.version_info >= (3, 12):
        return
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return  # a kernel before Linux 5.3, or a container that does not allow it
    watcher = asyncio.PidfdChildWatcher()
    watcher.attach_loop(asyncio.get_running_loop())
    asyncio.get_event_loop_policy().set_child_watcher(watcher)


def database_options(file: Path) -> dict[str, Any]:
    """Return what JupyterHub is to open its database with: SQLite that does not wait for the disk at each commit.

    A start has a dozen commits, each of which held up the event loop for 2 ms on a fast disk. With a write-ahead log
    it is a fifth of that. A process that is killed loses nothing. A machine that loses its power may lose the last
    moments, and jobs that no session knows are cancelled.

    Args:
        file: The database.
    """
    if not file.exists():
        # Of a database that was removed; SQLite would put it into the new one.
        for leftover in ("-wal", "-shm"):
            file.with_name(file.name + leftover).unlink(missing_ok=True)
    return {"pool_events": [(_write_ahead, "connect")]}


def trust_the_database(session: Any) -> None:
    """Do not ask SQLite at each transaction whether it is still there, as JupyterHub does for database servers.

    Each request of each learner has several transactions: it is a twentieth of what a class costs the hub.
    """
    engine = session.get_bind()
    if engine.dialect.name == "sqlite":
        stop_pinging(engine)


def _write_ahead(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return  # a site may set `c.JupyterHub.db_url` to a database of its own
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
