"""A reservation that ends before the sessions in it do. See docs/developer/faults.md."""

import time
from collections.abc import Iterator

import httpx
import pytest

from support.faults import ended_page
from support.hub_client import HubClient
from support.world import Hub, command, slurm, wait_until

NAME = "dask-tuesday"


@pytest.fixture
def reservation() -> Iterator[str]:
    slurm(
        "scontrol", "create", "reservation", f"reservationname={NAME}", "starttime=now", "duration=3",
        "users=learner01", "nodes=localhost", "flags=ignore_jobs",
    )  # fmt: skip
    yield NAME
    command("scontrol", "delete", f"reservationname={NAME}", check=False)  # Slurm may have ended it


def told_end(hub: Hub) -> float:
    """When the session ends, as the hub tells console and commands."""
    token = (hub.state / "hub/status_token").read_text()
    headers = {"Authorization": f"token {token}"}
    answer = httpx.get(f"{hub.url}/hub/api/classdesk/sessions", headers=headers, timeout=30)
    (session,) = (one for one in answer.json()["sessions"] if one["user"] == "learner01")
    return float(session["learner"]["end"])


def test_everybody_reads_the_reservations_end(reservation: str, ada: HubClient, hub: Hub) -> None:
    began = time.time()
    job = ada.start(ui="terminal", cores="1", hours="1", reservation=reservation)

    def soon() -> float:
        end = told_end(hub)
        assert end - began < 240, end
        return end

    told = wait_until(soon, 90, "the end is the reservation's")
    slurm("scontrol", "update", f"reservationname={NAME}", "duration=2")
    wait_until(lambda: soon() < told - 30, 120, "a reservation that is changed is followed")
    wait_until(lambda: not ada.server(), 240, "the session ends with it")
    assert "The reservation dask-tuesday ended." in ended_page(ada)
    log = hub.home("learner01") / f".local/state/classdesk/session-{job}.log"
    assert "The session's time is over." in log.read_text(), "it ended in order, before Slurm did it"
