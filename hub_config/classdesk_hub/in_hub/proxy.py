"""The hub's proxy, which has its routes again at once after it was restarted."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from traitlets import Dict

from classdesk_spawner import DesktopSpawner

from . import startup
from .upstream import StartUpHook

_LONGEST_WAIT_S = 60.0
_RETRY_S = 0.5
_SERVICE_POLL_S = 2


def look_often_after(services: Iterable[Any]) -> None:
    """Let the hub start a service of its own again within seconds after it has ended; JupyterHub looks each 30 s."""
    for service in services:
        spawner = service.spawner
        if spawner is not None and spawner.poll_interval > _SERVICE_POLL_S:
            spawner.poll_interval = _SERVICE_POLL_S
            spawner.start_polling()


class SteadyProxy(StartUpHook):
    """A proxy that has all its routes again within a second after it was restarted.

    Its routes are in its memory only, and JupyterHub looks at them every five minutes. A connection that
    is held open to it breaks when it dies: then, and once a minute, the routes are checked.
    """

    classes = Dict(
        help="""
        The classes of the site file, by name.

        When the hub has started, who is no longer in the file leaves the class.
        """
    ).tag(config=True)

    _upkeep: "asyncio.Task[None] | None" = None

    def hub_has_started(self, users: Mapping[Any, Any], services: Mapping[str, Any]) -> None:
        """Keep the routes as they should be from now on, and begin all else."""
        look_often_after(services.values())
        self._upkeep = asyncio.ensure_future(self._keep_routes(users, services))
        startup.begin(self.db, self.classes, self.config.DesktopSpawner.get("settings"))

    async def get_all_routes(self) -> dict[str, Any]:
        """Return the proxy's routes, without the last byte's time where a session measures activity itself.

        JupyterHub takes that time for the learner's activity. A desktop sends bytes as long as a tab is open.
        """
        routes: dict[str, Any] = await super().get_all_routes()
        measuring = set(self._that_measure_activity())
        for route in routes.values():
            data = route["data"]
            if (data.get("user"), data.get("server_name")) in measuring:
                data.pop("last_activity", None)
        return routes

    def _that_measure_activity(self) -> Iterator[tuple[str, str]]:
        for user in self.app.users.values():
            for spawner in user.spawners.values():
                if isinstance(spawner, DesktopSpawner) and spawner.measures_activity:
                    yield user.name, spawner.name

    async def _keep_routes(self, user_dict: Mapping[Any, Any], service_dict: Mapping[str, Any]) -> None:
        address = urlsplit(self.api_url)
        while True:
            try:
                await self._until_cut(address.hostname or "127.0.0.1", address.port or 8001)
                await self.check_routes(user_dict, service_dict)
                look_often_after(service_dict.values())
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look may work
                self.log.warning("The proxy's routes could not be checked: %s", error)
                await asyncio.sleep(_RETRY_S)

    async def _until_cut(self, host: str, port: int) -> None:
        """Wait until the proxy dies and one answers again, or a minute has passed."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                await reader.read()
        except TimeoutError:
            return
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(_RETRY_S)
            else:
                writer.close()
                return
