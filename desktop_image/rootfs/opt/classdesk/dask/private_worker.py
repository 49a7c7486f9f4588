"""A worker in a Slurm job serves no dashboard: it would listen on the node, where everybody reads along.

dask loads this into each worker (`distributed.worker.preload`), before the worker is told any work. The scheduler's
dashboard, which is the learner's alone, shows what all workers do.
"""

from __future__ import annotations

import os
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by dask when a worker starts."""
    if "SLURM_JOB_ID" in os.environ:
        worker.http_server.stop()
        worker.services.pop("dashboard", None)
