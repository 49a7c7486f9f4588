"""What a session is told: read once from the job's environment, checked, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, get_args
from urllib.parse import urlsplit

from classdesk_desktop.protocol import InterfaceKind, Variable

INTERFACES: Final[tuple[str, ...]] = get_args(InterfaceKind)


class SettingsError(Exception):
    """The job's environment cannot make a session; the text says which variable and why."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """One session's facts.

    Attributes:
        interface: what the session opens.
        user: the learner's login name.
        home: the learner's home directory.
        bind_address: the address on which the server listens; empty means every address.
        ports: those that it may listen on; 0 alone is any.
        hub_api_url: the hub's API, without a slash at its end.
        hub_token: the session's own token for that API.
    """

    interface: InterfaceKind
    user: str
    home: Path
    bind_address: str
    ports: range
    hub_api_url: str
    hub_token: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> SessionSettings:
        """Read the settings from a job's environment.

        Raises:
            SettingsError: a variable is missing or has a value that cannot be used.
        """
        interface = environ.get(Variable.INTERFACE) or "desktop"
        if interface not in INTERFACES:
            raise SettingsError(f"{Variable.INTERFACE} is {interface!r}; it must be one of {', '.join(INTERFACES)}.")
        service_url = _required(environ, "JUPYTERHUB_SERVICE_URL")
        home = Path(_required(environ, "HOME"))
        if not home.is_absolute():
            raise SettingsError(f"HOME is {str(home)!r}; it must be an absolute path.")
        return cls(
            interface=cast("InterfaceKind", interface),
            user=environ.get("USER") or environ.get("LOGNAME") or home.name,
            home=home,
            bind_address=urlsplit(service_url).hostname or "",
            ports=_ports(environ.get(Variable.PORTS, "")),
            hub_api_url=_required(environ, "JUPYTERHUB_API_URL").rstrip("/"),
            hub_token=_required(environ, "JUPYTERHUB_API_TOKEN"),
        )


def _ports(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1) if last else range(1)


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set. A session is started by the hub's spawner, which sets it.")
    return value
