"""A reservation that ends before the sessions in it do. See docs/developer/faults.md."""

import time
from collections.abc import Iterator

import pytest

from support.faults import ended_page
from support.hub_client import HubClient
from support.world import slurm, wait_until

NAME = "dask-tuesday"


@pytest.fixture
def reservation() -> Iterator[str]:
    slurm(
        "scontrol", "create", "reservation", f"reservationname={NAME}", "starttime=now", "duration=3",
        "users=learner01", "nodes=localhost", "flags=ignore_jobs",
    )  # fmt: skip
    yield NAME
    slurm("scontrol", "delete", f"reservationname={NAME}")


def test_everybody_reads_the_reservations_end(reservation: str, ada: HubClient) -> None:
    began = time.time()
    ada.start(ui="terminal", cores="1", hours="1", reservation=reservation)

    def end() -> float:
        state = ada.http.get("/user/learner01/desktop/state").json()
        assert state["end"] - began < 240, state
        return float(state["end"])

    told = wait_until(end, 60, "the session knows")
    slurm("scontrol", "update", f"reservationname={NAME}", "duration=2")
    wait_until(lambda: end() < told - 30, 120, "a reservation that is changed is followed")
    wait_until(lambda: not ada.server(), 180, "the session ends with it")
    assert "The reservation dask-tuesday ended." in ended_page(ada)
