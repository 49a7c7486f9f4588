"""Of what listens on the node, jupyter-server-proxy reaches the learner's own."""

from __future__ import annotations

import os
import socket

import pytest

from classdesk_desktop.server.own_ports import is_others, listeners

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2253 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 15 1 0
   1: 0100007F:2254 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1002        0 16 1 0
   2: 0100007F:C001 0100007F:2253 01 00000000:00000000 00:00000000 00000000  1003        0 17 1 0
   3: 00000000000000000000000001000000:2253 00000000000000000000000000000000:0000 0A \
00000000:00000000 00:00000000 00000000  1004        0 18 1 0
"""


@pytest.mark.parametrize(
    ("port", "accounts"),
    [
        pytest.param(8787, {1001, 1004}, id="two addresses"),
        pytest.param(8788, {1002}, id="one"),
        pytest.param(0xC001, set(), id="connected, not listening"),
        pytest.param(8789, set(), id="nobody"),
        pytest.param(0x53, set(), id="the end of another number"),
    ],
)
def test_who_listens(port: int, accounts: set[int]) -> None:
    assert listeners(TABLE.splitlines(), port) == accounts


def test_a_port_is_its_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not is_others(port)
        account = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: account + 1)
        assert is_others(port)
    assert not is_others(port), "what nobody listens on is refused by nobody"
