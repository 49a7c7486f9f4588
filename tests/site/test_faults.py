"""Sessions go on while a part of the site fails."""

from collections.abc import Iterator

import pytest

from support.faults import let_pass, until_told
from support.hub_client import refusal
from support.site import Site
from support.site_session import SiteSession
from support.world import wait_until


@pytest.fixture
def ada(product: Site) -> Iterator[SiteSession]:
    with SiteSession(product, "ada") as session:
        session.start(ui="desktop")
        session.wait_for_desktop()
        yield session


def is_the_same(session: SiteSession, job: list[str], pid: int) -> bool:
    page = session.http.get(f"/user/{session.name}/desktop/")
    return page.status_code == 200 and session.jobs() == job and session.server_pid == pid


def test_a_session_goes_on_when_its_nodes_link_was_cut(ada: SiteSession) -> None:
    node, job, pid = ada.node, ada.jobs(), ada.server_pid
    node.plug("down")
    try:
        let_pass(40)
        assert ada.server_pid == pid
    finally:
        node.plug("up")
    wait_until(lambda: is_the_same(ada, job, pid), 60, "the session is back")


def test_sessions_go_on_when_the_hubs_power_was_cut(product: Site, ada: SiteSession) -> None:
    job, pid = ada.jobs(), ada.server_pid
    product.hub.cut_power()
    assert ada.server_pid == pid
    product.hub.boot()
    product.hub.wait_for_boot()
    product.wait_for_hub()
    wait_until(lambda: is_the_same(ada, job, pid), 60, "the session is back")
    assert ada.server().get("ready")


def test_a_session_that_waits_for_drained_nodes_says_so_and_starts_when_they_are_back(product: Site) -> None:
    update = ("scontrol", "update", "NodeName=node[1-2]")
    product.slurm(*update, "State=DRAIN", "Reason=maintenance")
    try:
        with SiteSession(product, "bob") as bob:
            answer = bob.press_start({"ui": "terminal"})
            assert answer.status_code == 302, refusal(answer)
            until_told(bob, "the machines it needs are not available", timeout=60)
            product.slurm(*update, "State=RESUME")
            wait_until(lambda: bob.server().get("ready"), 90, "the session starts")
    finally:
        product.head.run(*update, "State=RESUME", check=False)
