"""How the hub's process is set up."""

import asyncio
import contextlib
import gc
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterhub import orm
from sqlalchemy import event, text

from classdesk_hub.in_hub.process import (
    database_options,
    settle_memory,
    trust_the_database,
    watch_commands_without_threads,
)


@contextlib.contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    ((on_connect, event),) = database_options(file)["pool_events"]
    assert event == "connect"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        on_connect(connection, None)
        yield connection


def test_the_database_does_not_wait_for_the_disk_at_each_commit(tmp_path: Path) -> None:
    with _open(tmp_path / "jupyterhub.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)


_WRITE_AND_DIE = """
import os, sqlite3, sys
from pathlib import Path
from classdesk_hub.in_hub.process import database_options
((on_connect, _),) = database_options(Path(sys.argv[1]))["pool_events"]
connection = sqlite3.connect(sys.argv[1])
on_connect(connection, None)
connection.execute("CREATE TABLE jobs (id)")
connection.execute("INSERT INTO jobs VALUES (101)")
connection.commit()
os.kill(os.getpid(), 9)
"""


def test_another_database_is_left_as_it_is(tmp_path: Path) -> None:
    ((on_connect, _),) = database_options(tmp_path / "jupyterhub.sqlite")["pool_events"]
    on_connect(object(), None)  # a connection of another driver: it would fail at each statement


def test_what_was_committed_outlives_a_killed_process(tmp_path: Path) -> None:
    file = tmp_path / "jupyterhub.sqlite"
    subprocess.run([sys.executable, "-c", _WRITE_AND_DIE, file], check=False, timeout=60)
    with _open(file) as connection:
        assert connection.execute("SELECT id FROM jobs").fetchall() == [(101,)]


def test_nothing_of_a_removed_database_gets_into_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "jupyterhub.sqlite"
    with _open(file) as old:
        old.execute("CREATE TABLE jobs (id)")
        old.commit()
        file.unlink()
        assert (tmp_path / "jupyterhub.sqlite-wal").exists()
        with _open(file) as connection:
            assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_transaction_begins_without_asking_whether_the_file_is_there(tmp_path: Path) -> None:
    session = orm.new_session_factory(f"sqlite:///{tmp_path / 'jupyterhub.sqlite'}")()
    statements: list[str] = []
    event.listen(
        session.get_bind(),
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    session.commit()
    session.scalar(text("SELECT 42"))
    assert statements == ["SELECT 1", "SELECT 42"], "JupyterHub asks"
    trust_the_database(session)
    session.commit()
    statements.clear()
    session.scalar(text("SELECT 42"))
    assert statements == ["SELECT 42"]
    session.close()
    session.get_bind().dispose()


def test_what_is_loaded_is_left_out_of_garbage_collection() -> None:
    thresholds = gc.get_threshold()
    gc.unfreeze()  # what the tests have left out themselves
    try:
        settle_memory()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.set_threshold(*thresholds)


def test_commands_end_without_a_thread_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    start = threading.Thread.start

    def note(thread: threading.Thread) -> None:
        started.append(thread.name)
        start(thread)

    async def run_some() -> set[int]:
        watch_commands_without_threads()
        processes = [await asyncio.create_subprocess_exec("/bin/true") for _ in range(5)]
        return {await process.wait() for process in processes}

    monkeypatch.setattr(threading.Thread, "start", note)
    try:
        assert asyncio.run(run_some()) == {0}
        assert started == []
    finally:
        if sys.version_info < (3, 12):  # from then on Python does so itself
            asyncio.get_event_loop_policy().set_child_watcher(asyncio.ThreadedChildWatcher())


@pytest.mark.parametrize("service", ["hub", "proxy"])
def test_a_service_may_open_more_files_than_a_thousand_waiting_pages_need(service: str) -> None:
    systemd = Path(__file__).parents[3] / "hub_config/systemd"
    unit = (systemd / f"classdesk-{service}.service").read_text()
    (limit,) = re.findall(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE)
    assert int(limit) >= 4096
