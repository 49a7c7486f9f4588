from __future__ import annotations

import pytest

from classdesk_desktop.session.settings import SessionSettings, SettingsError

GOOD = {
    "CLASSDESK_INTERFACE": "lab",
    "JUPYTERHUB_SERVICE_URL": "http://10.1.2.3:0/user/ada/",
    "JUPYTERHUB_API_URL": "http://hub:8081/hub/api/",
    "JUPYTERHUB_API_TOKEN": "secret",
    "HOME": "/home/ada",
    "USER": "ada",
}


def test_settings_are_read_from_the_environment() -> None:
    settings = SessionSettings.from_environ(GOOD)
    assert settings.interface == "lab"
    assert settings.bind_address == "10.1.2.3"
    assert settings.hub_api_url == "http://hub:8081/hub/api"
    assert str(settings.home) == "/home/ada"


def test_a_service_url_without_a_host_means_every_address() -> None:
    settings = SessionSettings.from_environ(GOOD | {"JUPYTERHUB_SERVICE_URL": "http://:0/user/ada/"})
    assert settings.bind_address == ""


def test_the_interface_is_the_desktop_unless_said_otherwise() -> None:
    assert SessionSettings.from_environ(GOOD | {"CLASSDESK_INTERFACE": ""}).interface == "desktop"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("CLASSDESK_INTERFACE", "../../x", id="unknown interface"),
        pytest.param("JUPYTERHUB_SERVICE_URL", "", id="no address"),
        pytest.param("JUPYTERHUB_API_URL", "", id="no hub"),
        pytest.param("JUPYTERHUB_API_TOKEN", "", id="no token"),
        pytest.param("HOME", "", id="no home"),
        pytest.param("HOME", "ada", id="relative home"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        SessionSettings.from_environ(GOOD | {name: value})
