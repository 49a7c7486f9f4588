import os
import re
import stat
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.handlers import default_handlers
from traitlets.config import Config

from classdesk_hub import Site, SiteFileError, configure
from classdesk_hub.command.app import proxy_arguments
from classdesk_hub.in_hub.lesson_files import LessonFileHandler
from classdesk_hub.in_hub.pages import FormLinkHandler
from classdesk_hub.site.file import HubSettings
from classdesk_hub.site.reconnecting import write_error_folder
from classdesk_hub.site.tokens import proxy_token
from classdesk_spawner import DesktopSpawner


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(f'[hub]\nstate_directory = "{tmp_path}"\n[form]\nmax_hours = 8\n[login]\nadmins = ["root2"]')
    return path


def test_configure_sets_the_spawner_and_keeps_sessions_over_a_restart(site_file: Path) -> None:
    c = Config()
    site = configure(c, site_file)
    assert c.JupyterHub.spawner_class is DesktopSpawner
    assert c.DesktopSpawner.settings.form == site.form
    assert c.DesktopSpawner.settings.form.max_hours == 8
    assert c.ConfigurableHTTPProxy.should_start is False
    assert c.JupyterHub.cleanup_servers is False
    assert c.Authenticator.admin_users == {"root2"}
    assert c.PAMAuthenticator.allowed_groups == {"classdesk-users"}


def test_every_setting_is_one_that_jupyterhub_knows(site_file: Path) -> None:
    c = Config()
    configure(c, site_file)
    hub = JupyterHub(config=c)
    spawner, proxy = DesktopSpawner(config=c), hub.proxy_class(config=c)
    authenticator = hub.authenticator_class(config=c)
    known = {
        "JupyterHub": hub,
        "DesktopSpawner": spawner,
        "ConfigurableHTTPProxy": proxy,
        "PAMAuthenticator": authenticator,
        "Authenticator": authenticator,
    }
    assert set(c) == set(known)
    for section, owner in known.items():
        assert set(c[section]) <= set(owner.trait_names()), section
    assert spawner.settings.form.max_hours == 8


def test_a_faulty_site_file_stops_the_hub(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("[hubb]")
    with pytest.raises(SiteFileError):
        configure(Config(), tmp_path / "site.toml")


def test_the_form_is_shown_by_our_handler(site_file: Path) -> None:
    configure(Config(), site_file)
    configure(Config(), site_file)
    spawn_pages = [row[1] for row in default_handlers if row[0].startswith("/spawn") and "pending" not in row[0]]
    assert spawn_pages
    assert set(spawn_pages) == {FormLinkHandler}


def test_lesson_files_come_from_the_site_files_directory(site_file: Path) -> None:
    configure(Config(), site_file)
    configure(Config(), site_file)
    (row,) = [row for row in default_handlers if row[1] is LessonFileHandler]
    assert row[2] == {"directories": ("/var/lib/classdesk/image/opt/classdesk/lessons",)}


def test_hub_and_proxy_agree_on_one_token_that_nobody_else_can_read(tmp_path: Path) -> None:
    site = Site(hub=HubSettings(state_directory=str(tmp_path)))
    with ThreadPool(8) as pool:
        tokens = set(pool.map(lambda _: proxy_token(site), range(32)))
    assert len(tokens) == 1
    assert len(tokens.pop()) == 64
    assert os.listdir(tmp_path) == ["proxy_token"]  # noqa: PTH208
    assert stat.S_IMODE((tmp_path / "proxy_token").stat().st_mode) == 0o600


def test_the_proxy_listens_where_the_site_file_says(tmp_path: Path) -> None:
    hub = {"name": "Desktops & more", "state_directory": str(tmp_path)}
    site = Site(hub=HubSettings(bind_url="http://[::1]:8443", api_url="http://0.0.0.0:8081", **hub))
    write_error_folder(site)
    arguments = proxy_arguments(site)
    assert arguments[:4] == ["--ip", "::1", "--port", "8443"]
    assert arguments[arguments.index("--default-target") + 1] == "http://127.0.0.1:8081"
    absent = Path(arguments[arguments.index("--error-path") + 1]) / "503.html"
    assert '<meta http-equiv="refresh" content="5">' in absent.read_text()
    assert "<title>Reconnecting · Desktops &amp; more</title>" in absent.read_text()
    assert not re.search(r"(src|url)\s*[=(]", absent.read_text()), "needs nothing that may be away"


def test_a_sites_own_services_and_roles_stay(site_file: Path) -> None:
    c = Config()
    c.JupyterHub.services = [{"name": "mine"}]
    c.JupyterHub.load_roles = [{"name": "mine"}]
    configure(c, site_file)
    assert [service["name"] for service in c.JupyterHub.services] == ["mine", "classdesk-status"]
    assert [role["name"] for role in c.JupyterHub.load_roles] == ["mine", "classdesk-status"]


CLASS = """
[classes.dask]
title = "Dask"
instructors = ["ines", "ivan"]
learners = ["ada"]
"""


def test_instructors_get_their_class_and_nothing_else(site_file: Path) -> None:
    site_file.write_text(site_file.read_text() + CLASS)
    c = Config()
    configure(c, site_file)
    roles = {role["name"]: role for role in c.JupyterHub.load_roles}
    role = roles["classdesk-instructor-dask"]
    assert role["users"] == ["ines", "ivan"]
    assert all(scope.endswith("!group=dask") or scope == "access:services!service=console" for scope in role["scopes"])
    assert {"list:users", "read:servers", "start:servers", "admin:servers", "access:servers"} <= {
        scope.partition("!")[0] for scope in role["scopes"]
    }
    assert "groups!group=dask" not in role["scopes"], "it would let them add anybody"
    assert c.JupyterHub.load_groups == {"dask": {"users": ["ada"]}}
    console = next(s for s in c.JupyterHub.services if s["name"] == "console")
    assert console["command"][-4:-1] == ["run", "console", "--site"]
    assert console["command"][-1] == str(site_file.resolve())
    assert not any(
        scope.startswith(("admin:users", "tokens", "inherit")) for scope in console["oauth_client_allowed_scopes"]
    )


def test_what_classes_set_is_known_to_jupyterhub(site_file: Path) -> None:
    site_file.write_text(site_file.read_text() + CLASS)
    c = Config()
    configure(c, site_file)
    hub = JupyterHub(config=c)
    spawner, proxy = DesktopSpawner(config=c), hub.proxy_class(config=c)
    assert set(c.DesktopSpawner) <= set(spawner.trait_names())
    assert set(c.SteadyProxy) <= set(proxy.trait_names())
    assert spawner.classes["dask"].title == "Dask"
    assert list(proxy.classes) == ["dask"]


def test_a_site_without_classes_has_no_console(site_file: Path) -> None:
    c = Config()
    configure(c, site_file)
    assert "console" not in {service["name"] for service in c.JupyterHub.services}
    assert "load_groups" not in c.JupyterHub
