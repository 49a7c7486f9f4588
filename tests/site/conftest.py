"""The site, built and switched on once; see support/site.py."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from support import world
from support.site import ROOTS, Site
from support.site_session import SiteSession

_running: list[Site] = []


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Four machines with Slurm and accounting, and nothing of classdesk but the image on the nodes."""
    world.require_world()
    assert ROOTS.is_dir(), "there are no roots of the machines: tests/site/roots builds them"
    world.command(world.REPOSITORY / "cluster/steps/20-image")
    built = Site((world.STATE / "image").resolve())
    try:
        built.build()
        built.boot()
        _running.append(built)
        yield built
    finally:
        built.end()


@pytest.fixture(scope="session")
def product(site: Site) -> Site:
    """The site with classdesk, installed by the steps of hub_config/README.md."""
    site.install()
    return site


@pytest.fixture(scope="module")
def two(product: Site) -> Iterator[tuple[SiteSession, SiteSession]]:
    """The sessions of two learners, a desktop on each node."""
    with SiteSession(product, "ada") as ada, SiteSession(product, "bob") as bob:
        ada.start(ui="desktop", cores="5")  # more than half a node
        bob.start(ui="desktop", cores="5")
        yield ada, bob


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show the ends of all machines' logs with a failure."""
    report = yield
    if report.failed:
        for site in _running:
            for machine in site.machines.values():
                if machine.process:
                    report.sections.append((f"log of {machine.name}", machine.log()))
    return report
