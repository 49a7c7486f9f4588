"""A `DesktopSpawner` as JupyterHub makes it, on the fake Slurm, for scenes that run in an event loop."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from classdesk_spawner import Cluster, DesktopSpawner, SlurmSettings, SpawnerSettings
from support.clock import pass_time
from support.fake_slurm import FakeSlurm


class Database:
    """Counts what JupyterHub's database would be told to keep."""

    def __init__(self) -> None:
        self.commits = 0

    def commit(self) -> None:
        self.commits += 1


def make_spawner(fake: FakeSlurm, **slurm: Any) -> DesktopSpawner:
    """Return the spawner of this process's account, on a cluster that looks ten times a second."""
    settings = SpawnerSettings(
        slurm=SlurmSettings(
            bin_directory=str(fake.directory),
            use_sudo=False,
            fast_tick_s=0.1,
            slow_tick_s=0.2,
            **slurm,
        )
    )
    spawner = DesktopSpawner(
        settings=settings,
        user=SimpleNamespace(name=getpass.getuser(), url="/user/ada/", escaped_name="ada", db=Database()),
        hub=SimpleNamespace(public_host="", api_url="http://192.0.2.1:8081/hub/api", base_url="/hub/"),
        orm_spawner=SimpleNamespace(name="", server=None, user_options=None, state=None),
        api_token="secret",
        oauth_client_id="client",
    )
    _CLUSTERS.append(spawner.cluster)
    return spawner


def stored_state(job_id: str = "", port: int = 43210) -> dict[str, Any]:
    """Return the state of a session of an earlier hub process."""
    job = {
        "user": getpass.getuser(),
        "submission": "5ub",
        "token_hash": "",
        "job_id": job_id,
        "port": port,
    }
    return {"classdesk": job}


def give_server(spawner: DesktopSpawner, ip: str = "", port: int = 0) -> None:
    """Give the spawner a record of its server, as JupyterHub does before it calls start()."""
    spawner.orm_spawner.server = object()

    async def wait_up(**_options: object) -> None:
        return

    spawner._server = SimpleNamespace(
        orm_server=spawner.orm_spawner.server, ip=ip, port=port, proto="http", wait_up=wait_up
    )


_CLUSTERS: list[Cluster] = []
"""The clusters of the test that runs."""


def run_scene(scene: Callable[[], Awaitable[None]]) -> None:
    """Play a scene of at most 20 s, then let what it left in the background end."""

    async def bounded() -> None:
        try:
            async with asyncio.timeout(20):
                await scene()
        finally:
            while _CLUSTERS:
                await _come_to_rest(_CLUSTERS.pop())

    asyncio.run(bounded())


async def _come_to_rest(cluster: Cluster) -> None:
    """Let what runs in the background end by itself.

    Python 3.11 never returns from a task that is cancelled while it starts a process.
    """
    for task in cluster._tasks:
        if "_sweep" in repr(task.get_coro()):
            task.cancel()
    cluster.watcher._followed.clear()
    cluster.watcher._hurry.set()
    pass_time(2)  # between two looks at the queue, or two tries
    running = {*cluster._tasks, *filter(None, [cluster.watcher._task])}
    if running:
        await asyncio.wait(running, timeout=15)


def message(spawner: DesktopSpawner) -> str:
    """Return what the learner reads on the waiting page."""
    return str(spawner.progress_event()["message"])


async def until(true: Callable[[], bool]) -> None:
    """Wait until the condition holds; the scene's deadline bounds it."""
    while not true():
        await asyncio.sleep(0.02)
