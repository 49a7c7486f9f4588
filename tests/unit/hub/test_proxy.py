"""What the hub learns from its proxy about activity."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.proxy import ConfigurableHTTPProxy

from classdesk_hub.in_hub.proxy import SteadyProxy
from classdesk_spawner import DesktopSpawner
from classdesk_spawner.session.report import read_report, receive

IDLE = (
    b'{"idle_s": 3600, "busy": false, "cpu_s": 1, "memory_mib": 200, "desktop": "painted",'
    b' "safe": false, "hand": null, "watchers": []}'
)


def _route(user: str) -> dict[str, Any]:
    return {"data": {"user": user, "server_name": "", "last_activity": "2026-05-04T10:00:00Z"}}


def _user(name: str, *, measures: bool) -> SimpleNamespace:
    spawner = DesktopSpawner(user=SimpleNamespace(name=name), orm_spawner=SimpleNamespace(name="", server=None))
    if measures:
        spawner.report = receive(read_report(IDLE), None)
    return SimpleNamespace(name=name, spawners={"": spawner})


def test_bytes_are_no_activity_where_the_session_measures_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def routes(_proxy: ConfigurableHTTPProxy) -> dict[str, Any]:
        return {"/user/ada/": _route("ada"), "/user/bob/": _route("bob"), "/": {"data": {}}}

    monkeypatch.setattr(ConfigurableHTTPProxy, "get_all_routes", routes)
    users = {1: _user("ada", measures=True), 2: _user("bob", measures=False)}
    proxy = SteadyProxy(app=SimpleNamespace(users=users))
    found = asyncio.run(proxy.get_all_routes())
    assert "last_activity" not in found["/user/ada/"]["data"]
    assert "last_activity" in found["/user/bob/"]["data"]
    assert found["/"] == {"data": {}}
