"""Keeps what a learner computes with dask to the learner.

dask listens without authentication: any account on the node could connect to a scheduler and run code as its learner.
So each learner has a certificate, and dask is told, by variables that reach every program of the session, to take part
in nothing without it (docs.dask.org, "TLS/SSL"). It is in the home, where jobs on other nodes find it, and copied into
the session's own directory, as a home may be full or read-only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from pathlib import Path
from typing import Final

from classdesk_desktop.session.environment import SYSTEM_PATH, learners_certificate
from classdesk_desktop.session.runtime import RuntimeDirectory

# Made anew for a session that begins in the second half of its time.
_DAYS: Final = 400
_DAY_SECONDS: Final = 86_400
_SECONDS: Final = 20.0
_PARTS: Final = (b"-----END PRIVATE KEY-----", b"-----END CERTIFICATE-----")

log = logging.getLogger("classdesk-session")


async def provide_certificate(home: Path, runtime: RuntimeDirectory) -> None:
    """See to the certificate in the session's directory: the one of the home, or else a new one, in some 10 ms."""
    kept = learners_certificate(home)
    text = _usable(kept)
    if text is None:
        text = await _new()
        if text is None:
            return
        # Where another session of the learner's has just done the same, both take what is there.
        with contextlib.suppress(OSError):
            kept.unlink(missing_ok=True)
            _write(kept, text)
        text = _usable(kept) or text
    _write(runtime.dask_certificate, text)


def is_there(runtime: RuntimeDirectory) -> bool:
    """Whether the certificate is still there: a learner may empty /tmp."""
    return runtime.dask_certificate.exists()


def _usable(path: Path) -> bytes | None:
    """Return what is in a certificate's file; None where it is none, is old, or others may have read it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        young = time.time() - facts.st_mtime < _DAYS * _DAY_SECONDS / 2
        text = file.read(1 << 16)
    alone = facts.st_uid == os.getuid() and not facts.st_mode & 0o077
    return text if young and alone and all(part in text for part in _PARTS) else None


def _write(path: Path, text: bytes) -> None:
    """Write a file that nobody else can read, in one move, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(unfinished)
    finally:
        unfinished.unlink(missing_ok=True)


async def _new() -> bytes | None:
    """Return a new key and its certificate, which is its own authority; None, and why in the log, where it fails."""
    command = (
        *("/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
        *("-keyout", "-", "-out", "-", "-days", str(_DAYS), "-subj", "/CN=classdesk"),
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={"PATH": SYSTEM_PATH},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_SECONDS):
            text, said = await process.communicate()
    except (OSError, TimeoutError) as error:
        log.warning("dask has no certificate in this session: %s", error)
        return None
    if process.returncode != 0:
        log.warning("dask has no certificate in this session: %s", said.decode(errors="replace"))
        return None
    return text
