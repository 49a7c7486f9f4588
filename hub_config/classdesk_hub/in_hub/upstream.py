"""What the hub touches of JupyterHub that may change without a word: the place to look at when it is upgraded.

`tests/unit/test_upstream.py` holds each of these names and signatures against the version that is installed.
`replace_handler` and what the spawner touches are in `classdesk_spawner.hub.upstream`.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.scopes import needs_scope
from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError


class StartUpHook(ConfigurableHTTPProxy):  # type: ignore[misc]  # jupyterhub has no type information
    """Calls `hub_has_started` once.

    JupyterHub has no hook for it. The last thing that it does in its start, when all sessions are loaded and it
    answers, is to have its proxy's routes checked.
    """

    _has_started = False

    async def check_routes(
        self,
        user_dict: Mapping[Any, Any],
        service_dict: Mapping[str, Any],
        routes: Mapping[str, Any] | None = None,
    ) -> None:
        """Add missing routes, and remove stale ones."""
        await super().check_routes(user_dict, service_dict, routes)
        if not self._has_started:
            self._has_started = True
            self.hub_has_started(user_dict, service_dict)

    def hub_has_started(self, users: Mapping[Any, Any], services: Mapping[str, Any]) -> None:
        """Begin what is to go on while the hub runs."""


class SpawnPage(SpawnHandler):  # type: ignore[misc]  # as above
    """JupyterHub's page of the form, with names for what it lets nobody change.

    The decorators are JupyterHub's own: a method that takes a decorated one's place has to repeat them.
    """

    def leads_elsewhere(self, user_name: str, server_name: str) -> bool:
        """Lead who asks for the form to another page, if they should see another one; tell whether that was done."""
        raise NotImplementedError

    def options_in(self, query: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return the part of a link's query that starts a session at once."""
        raise NotImplementedError

    @needs_scope("servers")  # type: ignore[untyped-decorator]
    async def _get(self, user_name: str, server_name: str, display_name: str) -> None:
        if not self.leads_elsewhere(user_name, server_name):
            await super()._get(user_name, server_name, display_name)

    @needs_scope("servers")  # type: ignore[untyped-decorator]
    async def _post(self, user_name: str, server_name: str, display_name: str) -> None:
        """Take who presses *Start* twice to the session, or to the page that waits for it."""
        user = self.find_user(user_name)
        spawner = user.spawners.get(server_name) if user else None
        if spawner is not None and spawner.active:
            self.redirect(self._get_pending_url(user, server_name))
        else:
            await super()._post(user_name, server_name, display_name)

    def _get_user_options(self, query_options: Mapping[str, list[str]]) -> dict[str, list[str]]:
        options: dict[str, list[str]] = super()._get_user_options(self.options_in(query_options))
        return options


def asker_of(handler: Any) -> Any:
    """Return who has made a request that is answered already; None where nobody has logged in."""
    return getattr(handler, "_jupyterhub_user", None)


def stop_pinging(engine: Any) -> None:
    """Take away JupyterHub's question to the database, at each transaction, whether it is still there."""
    for ping in list(engine.dispatch.engine_connect):
        with contextlib.suppress(InvalidRequestError):
            event.remove(engine, "engine_connect", ping)
