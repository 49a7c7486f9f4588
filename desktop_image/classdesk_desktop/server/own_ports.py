"""Lets jupyter-server-proxy reach what this account listens on, and nothing of others on the node.

A page of another account would otherwise run at the hub's address with this learner's log-in, and a link to a dashboard
could show a neighbour's: sessions of a node share its ports.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tornado import web

from classdesk_desktop.server.upstream import check_ports

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS: Final = "0A"  # include/net/tcp_states.h


def listeners(lines: Iterable[str], port: int) -> set[int]:
    """The numbers of the accounts that listen on a port, by the lines of /proc/net/tcp (Linux: proc_net_tcp.rst)."""
    wanted = f":{port:04X}"
    rows = (line.split() for line in lines)
    return {int(row[7]) for row in rows if len(row) > 7 and row[3] == _LISTENS and row[1].endswith(wanted)}


def is_others(port: int) -> bool:
    """Whether somebody else listens on a port."""
    found: set[int] = set()
    for table in _TABLES:
        if table.exists():
            found |= listeners(table.read_text().splitlines(), port)
    return bool(found - {os.getuid()})


def keep_to_own_ports() -> None:
    """Have jupyter-server-proxy refuse the ports of others, for pages and for websockets."""
    check_ports(_refuse_others)


def _refuse_others(handler: Any, port: object) -> None:
    if handler.unix_socket is None and is_others(int(str(port))):
        sentence = f"Port {port} belongs to somebody else on this node."
        raise web.HTTPError(403, sentence, reason=sentence)
