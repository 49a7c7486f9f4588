"""What accounting does not allow is told in a true sentence, at the form or while the session waits."""

import pytest

from support.faults import until_told
from support.hub_client import refusal
from support.site import Site
from support.site_session import SiteSession
from support.world import wait_until


def test_a_learner_without_an_association_is_told_at_the_form(product: Site) -> None:
    with SiteSession(product, "eve") as eve:
        answer = eve.press_start({"ui": "terminal"})
        assert "Slurm does not know your account" in refusal(answer), answer.text
        assert eve.jobs() == []


@pytest.mark.parametrize(
    ("limit", "unlimited", "told"),
    [
        pytest.param("GrpTRES=cpu=1", "GrpTRES=cpu=-1", "your account has reached its limit of cores", id="cores"),
        pytest.param("GrpJobs=0", "GrpJobs=-1", "your account has reached its limit of running jobs", id="jobs"),
        pytest.param("MaxWall=00:30:00", "MaxWall=-1", "your account allows less time", id="time"),
    ],
)
def test_a_session_that_waits_for_a_limit_says_so(product: Site, limit: str, unlimited: str, told: str) -> None:
    modify = ("sacctmgr", "--immediate", "modify", "user", "cem", "set")
    product.slurm(*modify, limit)
    try:
        with SiteSession(product, "cem") as cem:
            answer = cem.press_start({"ui": "desktop"})
            assert answer.status_code == 302, refusal(answer)
            until_told(cem, told, timeout=60)
            cem.stop()
            wait_until(lambda: not cem.jobs(), 30, "the job is cancelled")
    finally:
        product.slurm(*modify, unlimited)


def test_a_session_above_the_limit_of_a_qos_is_refused(product: Site) -> None:
    product.slurm("sacctmgr", "--immediate", "add", "qos", "brief", "MaxWall=00:30:00", "Flags=DenyOnLimit")
    modify = ("sacctmgr", "--immediate", "modify", "user", "cem", "set")
    product.slurm(*modify, "qos+=brief", "defaultqos=brief")
    try:
        with SiteSession(product, "cem") as cem:
            answer = cem.press_start({"ui": "desktop", "hours": "2"})
            assert "You asked for more time than your account allows" in refusal(answer), answer.text
            cem.start(ui="terminal", hours="0.5")
    finally:
        product.slurm(*modify, "defaultqos=normal")
        product.slurm(*modify, "qos-=brief")
