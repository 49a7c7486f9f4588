"""What we touch of JupyterHub and others, and they may change without a word, is as we know it.

Where one of these fails after an upgrade, its module `upstream.py` is the place to look at.
"""

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupyter_server_proxy
import pytest
from batchspawner.api import BatchSpawnerAPIHandler
from jupyter_server.base.handlers import APIHandler as ServerAPIHandler
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp, ServerWebApplication
from jupyter_server_proxy.handlers import ProxyHandler
from jupyter_server_proxy.rawsocket import RawSocketHandler, RawSocketProtocol
from jupyterhub import app, metrics
from jupyterhub import handlers as pages
from jupyterhub.apihandlers import APIHandler, default_handlers
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.apihandlers.users import UserServerAPIHandler
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.objects import Server
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider, JupyterHubSingleUser
from jupyterhub.spawner import Spawner
from jupyterlab_server.handlers import LabHandler

from classdesk_hub.in_hub.audit_hooks import RecordedServerHandler
from classdesk_hub.in_hub.pages import _INSTEAD
from classdesk_hub.in_hub.visits import VisitorAuthorizeHandler
from classdesk_spawner import replace_handler
from classdesk_spawner.api.job_handlers import PortHandler
from classdesk_spawner.hub.upstream import UpstreamError


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        pytest.param(ConfigurableHTTPProxy.check_routes, ["self", "user_dict", "service_dict", "routes"], id="routes"),
        pytest.param(ConfigurableHTTPProxy.get_all_routes, ["self"], id="all routes"),
        pytest.param(SpawnHandler._get, ["self", "user_name", "server_name", "display_name"], id="form"),
        pytest.param(SpawnHandler._post, ["self", "user_name", "server_name", "display_name"], id="form sent"),
        pytest.param(SpawnHandler._get_user_options, ["self", "query_options"], id="options of a link"),
        pytest.param(SpawnHandler._get_pending_url, ["self", "user", "server_name"], id="waiting page"),
        pytest.param(
            BaseHandler.spawn_single_user, ["self", "user", "server_name", "display_name", "options"], id="start"
        ),
        pytest.param(BaseHandler.stop_single_user, ["self", "user", "server_name"], id="stop"),
        pytest.param(UserServerAPIHandler.on_finish, ["self"], id="answered"),
        pytest.param(OAuthAuthorizeHandler.prepare, ["self"], id="log-in at a session"),
        pytest.param(Server.wait_up, ["self", "timeout", "http", "ssl_context", "extra_path"], id="first answer"),
    ],
)
def test_jupyterhubs_functions_take_what_we_know(function: Callable[..., Any], names: list[str]) -> None:
    assert parameters(function) == names


@pytest.mark.parametrize("name", ["_spawn_pending", "_stop_pending", "_check_pending", "_spawn_future", "_server"])
def test_a_spawner_has_the_marks_of_a_start_and_a_stop(name: str) -> None:
    assert not getattr(Spawner, name)


def test_a_stop_is_kept_with_the_spawner() -> None:
    assert "spawner._stop_future = " in inspect.getsource(BaseHandler.stop_single_user)


def test_who_asked_is_kept_with_the_request() -> None:
    assert "self._jupyterhub_user" in inspect.getsource(BaseHandler)


def test_the_form_decides_itself_who_may_start_a_session() -> None:
    for method in (SpawnHandler._get, SpawnHandler._post):
        assert method.__wrapped__, "decorated, as ours is that takes its place"


def test_the_last_of_the_hubs_start_is_to_check_the_routes() -> None:
    source = inspect.getsource(app.JupyterHub.start)
    assert source.count("await self.proxy.check_routes(self.users, self._service_map)") == 1
    assert source.index("self.http_server.listen") < source.index("self.proxy.check_routes")
    assert "await spawner" not in source.partition("self.proxy.check_routes")[2]


def test_the_time_of_starts_is_measured_with_the_labels_that_the_console_reads() -> None:
    assert metrics.SERVER_SPAWN_DURATION_SECONDS._labelnames[0] == "status"


@pytest.mark.parametrize(
    ("handlers", "old"),
    [
        *(pytest.param(pages.default_handlers, old, id=old.__name__) for old in _INSTEAD),
        pytest.param(default_handlers, UserServerAPIHandler, id="UserServerAPIHandler"),
        pytest.param(default_handlers, OAuthAuthorizeHandler, id="OAuthAuthorizeHandler"),
    ],
)
def test_there_is_a_handler_to_take_the_place_of(handlers: list[Any], old: type) -> None:
    assert [row for row in handlers if issubclass(row[1], old)]


def test_ours_take_the_place_of_a_handler_and_of_nothing_else() -> None:
    handlers = [("/a", UserServerAPIHandler), ("/b", APIHandler), ("/c", OAuthAuthorizeHandler, {"kept": 1})]
    replace_handler(handlers, UserServerAPIHandler, RecordedServerHandler, {"site": 2})
    replace_handler(handlers, OAuthAuthorizeHandler, VisitorAuthorizeHandler)
    assert handlers == [
        ("/a", RecordedServerHandler, {"site": 2}),
        ("/b", APIHandler),
        ("/c", VisitorAuthorizeHandler, {"kept": 1}),
    ]


def test_a_handler_that_is_gone_is_noticed() -> None:
    with pytest.raises(UpstreamError, match="There is no BatchSpawnerAPIHandler that PortHandler could"):
        replace_handler([("/b", APIHandler)], BatchSpawnerAPIHandler, PortHandler)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        pytest.param(ServerApp._find_http_port, ["self"], id="find a port"),
        pytest.param(ServerApp._bind_http_server_tcp, ["self"], id="bind it"),
        pytest.param(ServerApp._signal_stop, ["self", "sig", "frame"], id="stop"),
        pytest.param(ServerWebApplication.last_activity, ["self"], id="activity"),
        pytest.param(JupyterHubSingleUser.get_extension_package, [], id="package"),
        pytest.param(JupyterHubSingleUser.load_config_file, ["self"], id="configuration"),
        pytest.param(JupyterHubSingleUser.make_serverapp, ["kwargs"], id="make the server"),
        pytest.param(
            JupyterHubSingleUser.initialize_server, ["argv", "load_other_extensions", "kwargs"], id="set it up"
        ),
        pytest.param(JupyterHubSingleUser.check_hub_version, ["self"], id="version of the hub"),
        pytest.param(JupyterHubIdentityProvider.get_user, ["self", "handler"], id="who asks"),
        pytest.param(jupyter_server_proxy.get_entrypoint_server_processes, [], id="entry points"),
        pytest.param(ProxyHandler.proxy, ["self", "host", "port", "proxied_path"], id="page of a port"),
        pytest.param(ProxyHandler.proxy_open, ["self", "host", "port", "proxied_path"], id="websocket of a port"),
        pytest.param(RawSocketHandler.proxy_open, ["self", "host", "port", "proxied_path"], id="websocket of VNC"),
        pytest.param(RawSocketHandler.on_message, ["self", "message"], id="from the browser"),
        pytest.param(RawSocketProtocol.data_received, ["self", "data"], id="from VNC"),
    ],
)
def test_the_functions_of_the_sessions_server_take_what_we_know(function: Callable[..., Any], names: list[str]) -> None:
    assert parameters(function) == names


def test_the_websocket_of_vnc_keeps_its_connection_where_we_do() -> None:
    for method in (RawSocketHandler.proxy_open, RawSocketHandler.on_message, RawSocketHandler.on_close):
        assert "self.ws_transp" in inspect.getsource(method)


def test_a_handlers_own_requests_may_be_no_activity() -> None:
    assert "self._track_activity" in inspect.getsource(JupyterHandler) + inspect.getsource(ServerAPIHandler)


def test_the_page_of_lab_has_a_policy_of_its_own() -> None:
    assert isinstance(inspect.getattr_static(LabHandler, "content_security_policy"), property)
    assert issubclass(LabHandler, JupyterHandler)


def test_the_pages_know_the_version_of_novnc_that_they_get() -> None:
    web = Path(__file__).parents[2] / "desktop_image/web"
    version = json.loads((web / "package.json").read_text())["dependencies"]["@novnc/novnc"]
    for folder in ("desktop", "keyboard"):
        assert f"noVNC {version}" in (web / "static" / folder / "upstream.js").read_text()
    private = re.compile(r"\b(?:this|super|rfb|cursor)\._[a-zA-Z]|RFB\.messages")
    for path in (web / "static").rglob("*.js"):
        assert path.name == "upstream.js" or not private.search(path.read_text()), path.name
