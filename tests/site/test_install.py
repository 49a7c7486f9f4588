"""The steps of hub_config/README.md make a hub of a bare machine."""

import ssl

import httpx

from support.site import DOCUMENT, Site, install_steps


def test_the_steps_are_few() -> None:
    commands = [line for _, script in install_steps(DOCUMENT.read_text()) for line in script.splitlines() if line]
    assert 6 <= len(commands) <= 25, commands


def test_hub_and_proxy_run_and_begin_at_each_boot(product: Site) -> None:
    units = ("classdesk-hub", "classdesk-proxy")
    assert product.hub.run("systemctl", "is-active", *units).split() == ["active", "active"]
    assert product.hub.run("systemctl", "is-enabled", *units).split() == ["enabled", "enabled"]
    owners = {product.hub.run("ps", "-o", "user=", "-p", pid).strip() for pid in _main_pids(product, *units)}
    assert owners == {"classdesk"}


def _main_pids(site: Site, *units: str) -> list[str]:
    return site.hub.run("systemctl", "show", "--property=MainPID", "--value", *units).split()


def test_check_finds_all_well(product: Site) -> None:
    said = product.hub.run("runuser", "-u", "classdesk", "--", "classdesk", "check")
    assert "All is well" in said


def test_the_page_is_served_by_tls(product: Site) -> None:
    trusts = ssl.create_default_context(cafile=str(product.certificate))
    page = httpx.get(f"{product.url}/hub/login", verify=trusts)
    assert page.status_code == 200
    plain = httpx.get(product.url.replace("https", "http"))
    assert (plain.status_code, plain.headers["location"]) == (301, f"{product.url}/")
