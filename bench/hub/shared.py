"""What both hubs of the benchmarks have in common: log-in, limits, addresses, and the thermometer in the event loop."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import jupyterhub

DIRECTORY = Path(os.environ["CLASSDESK_BENCH"])
TICK_S = 0.01


def configure(c: Any) -> None:
    """Set what both hubs share; called last, so that it wins."""
    # Passwords are not what is measured, and hashing a class of them takes longer than all the rest.
    c.JupyterHub.authenticator_class = "dummy"
    c.Authenticator.allow_all = True
    # The default refuses learner 101 with status 429. It is lifted for both, so that the same class is compared.
    c.JupyterHub.concurrent_spawn_limit = 0
    c.Spawner.http_timeout = 120
    # The session answers with the hub's version, as a real one does; otherwise the hub logs a warning each time.
    c.Spawner.environment = {"CLASSDESK_BENCH_VERSION": jupyterhub.__version__}
    # JupyterHub reads its configuration inside its event loop.
    _keep.append(asyncio.get_running_loop().create_task(_measure_lag()))


_keep: list[asyncio.Task[None]] = []


async def _measure_lag() -> None:
    """Write how much later than asked for a sleep of 10 ms ends: `UNIX_TIME LAG_S` a line."""
    lines = []
    with (DIRECTORY / "lag").open("a", encoding="ascii") as file:  # a few bytes a second
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(TICK_S)
            lines.append(f"{time.time():.3f} {time.perf_counter() - asked - TICK_S:.6f}\n")
            if len(lines) == 50:
                file.write("".join(lines))
                file.flush()
                lines = []
