"""Tells the hub on which port the session's server listens."""

from __future__ import annotations

import asyncio
import http.client
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from classdesk_desktop.messages import as_json
from classdesk_desktop.protocol import HubPath, Port

_FIRST_WAIT_SECONDS: Final = 0.25
_LONGEST_WAIT_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 15.0

log = logging.getLogger("classdesk-session")


class AnnouncementRefusedError(Exception):
    """The hub answered, and does not want this session; trying again would not help."""


async def announce_port(hub_api_url: str, token: str, port: int, environ: Mapping[str, str]) -> None:
    """Post the port to the hub, again and again until the hub takes it.

    A hub that is away, restarting (5xx) or busy (429) is waited for, as long as the job lives.

    Raises:
        AnnouncementRefusedError: the hub answered with another 4xx status.
    """
    async for _ in _attempts():
        try:
            status, text = await asyncio.to_thread(_post, hub_api_url, token, port, environ)
        except (OSError, http.client.HTTPException) as error:
            log.warning("The hub at %s does not answer (%s); trying again.", hub_api_url, error)
            continue
        if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
            log.info("The hub knows that the server listens on port %d.", port)
            return
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("The hub answered %d to the session's port; trying again.", status)
            continue
        raise AnnouncementRefusedError(
            f"The hub refused this session's port {port} with status {status}: {text}. "
            "The session was probably stopped or replaced while it started."
        )


async def _attempts() -> AsyncIterator[None]:
    wait = _FIRST_WAIT_SECONDS
    while True:
        yield
        await asyncio.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT_SECONDS)


def _post(hub_api_url: str, token: str, port: int, environ: Mapping[str, str]) -> tuple[int, str]:
    address = urlsplit(f"{hub_api_url}/{HubPath.PORT}")
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=_ANSWER_SECONDS, context=_tls(environ)
        )
    else:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(
            "POST",
            address.path,
            body=as_json(Port(port)),
            headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode("utf-8", "replace").strip()
    finally:
        connection.close()


def _tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    """The hub's own certificates where it uses `internal_ssl`, else the system's."""
    context = ssl.create_default_context(cafile=environ.get("JUPYTERHUB_SSL_CLIENT_CA") or None)
    certificate = environ.get("JUPYTERHUB_SSL_CERTFILE")
    if certificate:
        context.load_cert_chain(certificate, environ.get("JUPYTERHUB_SSL_KEYFILE"))
    return context
