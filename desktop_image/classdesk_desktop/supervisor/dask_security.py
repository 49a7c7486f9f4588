"""Keeps what a learner computes with dask to the learner.

dask listens without authentication: any account on the node could connect to a scheduler and run code as its learner.
So each session has a certificate of its own, and dask is told, by variables that reach every program of the session, to
take part in nothing without it (docs.dask.org, "TLS/SSL").
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from classdesk_desktop.session.environment import SYSTEM_PATH
from classdesk_desktop.session.runtime import RuntimeDirectory

# A longer one than any session: clocks of nodes may differ.
_DAYS: Final = "400"
_SECONDS: Final = 20.0

log = logging.getLogger("classdesk-session")


async def make_certificate(runtime: RuntimeDirectory) -> None:
    """Make the session's key and its certificate, which is its own authority; in some 10 ms."""
    command = (
        *(
            "/usr/bin/openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
        ),
        *("-keyout", str(runtime.dask_key), "-out", str(runtime.dask_certificate)),
        *("-days", _DAYS, "-subj", "/CN=classdesk"),
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={"PATH": SYSTEM_PATH},
            umask=0o077,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_SECONDS):
            _, said = await process.communicate()
    except (OSError, TimeoutError) as error:
        log.warning("dask has no certificate in this session: %s", error)
        return
    if process.returncode != 0:
        log.warning("dask has no certificate in this session: %s", said.decode(errors="replace"))


def is_there(runtime: RuntimeDirectory) -> bool:
    """Whether the certificate is still there: a learner may empty /tmp."""
    return Path(runtime.dask_certificate).exists()
