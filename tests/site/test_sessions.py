"""The life of sessions on both nodes."""

from support.site import Site
from support.site_session import SiteSession
from support.world import wait_until


def test_two_learners_have_desktops_on_two_nodes(two: tuple[SiteSession, SiteSession]) -> None:
    assert {session.node.name for session in two} == {"node1", "node2"}
    for session in two:
        session.wait_for_desktop()
        page = session.http.get(f"/user/{session.name}/desktop/")
        assert page.status_code == 200
        assert "dask-delay" in session.run("ls /opt/classdesk/lessons")


def test_a_stopped_session_leaves_nothing_and_starts_again(product: Site) -> None:
    with SiteSession(product, "cem") as cem:
        for _ in range(2):
            cem.start(ui="desktop")
            cem.wait_for_desktop()
            cem.stop()
            wait_until(lambda: not cem.jobs(), 30, "the job has ended")
            wait_until(lambda: not cem.processes(), 30, "no process is left")
