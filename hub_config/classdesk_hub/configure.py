"""From the site file to JupyterHub's configuration: one function a topic, each only sets values."""

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from classdesk_spawner import DesktopSpawner, SpawnerSettings

from .in_hub import audit_hooks, pages, sessions, visits
from .in_hub import roles as classes
from .in_hub.login import AccountAuthenticator
from .in_hub.process import database_options
from .in_hub.proxy import SteadyProxy
from .site.file import SITE_FILE, Site, load_site
from .site.tokens import proxy_token, status_token

_log = logging.getLogger("jupyterhub.classdesk")


def configure(c: Any, site_file: str | Path = SITE_FILE) -> Site:
    """Set up JupyterHub as the site file says.

    What `jupyterhub_config.py` sets after this call wins.

    Args:
        c: JupyterHub's configuration object.
        site_file: The site file.

    Returns:
        The site, for configuration of one's own.

    Raises:
        SiteFileError: The file cannot be used; the hub does not start.
    """
    site = load_site(Path(site_file))
    _log.info("classdesk %s, site file %s", version("classdesk"), site_file)
    _addresses(c, site)
    _state(c, site)
    _login(c, site)
    _sessions(c, site)
    _status(c, site)
    classes.configure(c, site, Path(site_file))
    audit_hooks.configure(c, site)
    visits.configure(site)
    pages.configure(c, site)
    return site


def _addresses(c: Any, site: Site) -> None:
    c.JupyterHub.bind_url = site.hub.bind_url
    c.JupyterHub.hub_bind_url = site.hub.api_url
    # The proxy is a process of its own, so that a restart of the hub cuts no session.
    c.JupyterHub.proxy_class = SteadyProxy
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = site.hub.proxy_api_url
    c.ConfigurableHTTPProxy.auth_token = proxy_token(site)
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False


def _state(c: Any, site: Site) -> None:
    state = Path(site.hub.state_directory)
    database = state / "jupyterhub.sqlite"
    c.JupyterHub.db_url = f"sqlite:///{database}"
    c.JupyterHub.db_kwargs = database_options(database)
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")


def _login(c: Any, site: Site) -> None:
    c.JupyterHub.authenticator_class = AccountAuthenticator
    c.PAMAuthenticator.service = site.login.pam_service
    # Sessions of PAM are for root; the job's own are opened by Slurm on the node.
    c.PAMAuthenticator.open_sessions = False
    if site.login.allowed_groups:
        c.PAMAuthenticator.allowed_groups = set(site.login.allowed_groups)
    else:
        c.PAMAuthenticator.allow_all = True
    c.Authenticator.admin_users = set(site.login.admins)


def _sessions(c: Any, site: Site) -> None:
    c.JupyterHub.spawner_class = DesktopSpawner
    c.DesktopSpawner.settings = SpawnerSettings(
        form=site.form,
        slurm=site.slurm,
        runtime=site.runtime,
        session=site.session,
        desktop=site.desktop,
    )
    c.DesktopSpawner.lesson_directories = lambda spawner: site.lesson_directories(
        spawner.user.name, {group.name for group in spawner.user.groups}
    )
    c.DesktopSpawner.start_timeout = round(site.session.start_timeout_minutes * 60)
    c.DesktopSpawner.http_timeout = 60
    c.DesktopSpawner.poll_interval = 5  # reads the watcher's snapshot, costs nothing
    # The hub answers while sessions that wait in the queue are taken up again, however long that is.
    c.JupyterHub.init_spawners_timeout = 1
    # A whole class presses Start at once; Slurm queues, the hub need not refuse.
    c.JupyterHub.concurrent_spawn_limit = 0
    if urlsplit(site.hub.api_url).hostname == "0.0.0.0":  # noqa: S104
        # Sessions need a name to call; JupyterHub takes the machine's own.
        c.JupyterHub.hub_connect_ip = ""


def _status(c: Any, site: Site) -> None:
    """Let the status command ask the hub which sessions there are."""
    # Added to, not set: a site may have services and roles of its own.
    c.JupyterHub.services = [
        *c.JupyterHub.get("services", []),
        {"name": sessions.SERVICE, "api_token": status_token(site)},
    ]
    c.JupyterHub.load_roles = [
        *c.JupyterHub.get("load_roles", []),
        {"name": sessions.SERVICE, "scopes": list(sessions.SCOPES), "services": [sessions.SERVICE]},
    ]
