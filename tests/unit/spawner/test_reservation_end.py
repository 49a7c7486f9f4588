"""A reservation that ends before the session's limit is the session's end, for everybody who reads it."""

import asyncio
import time

import pytest

from classdesk_spawner import Cluster, SlurmSettings
from classdesk_spawner.session.job import SessionJob
from classdesk_spawner.slurm.commands import parse_overrun
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.watcher import Snapshot
from support.fake_slurm import FakeSlurm


def _job(state: str, end: int) -> Job:
    return Job("7", state, "None", end - 10_800, end, "n1", "ada", "")


def _cluster(fake: FakeSlurm) -> Cluster:
    settings = SlurmSettings(bin_directory=str(fake.directory), use_sudo=False)
    cluster = Cluster(settings)
    asyncio.run(cluster.learn_reservations())
    return cluster


@pytest.mark.parametrize(
    ("limit_s", "reservation", "expected"),
    [
        pytest.param(7200, "dask", (3600, "dask"), id="the reservation ends first"),
        pytest.param(1800, "dask", (1800, ""), id="the limit comes first"),
        pytest.param(7200, "", (7200, ""), id="no reservation"),
        pytest.param(7200, "other", (7200, ""), id="one that Slurm does not know"),
    ],
)
def test_the_end_is_the_earliest(
    fake_slurm: FakeSlurm, limit_s: int, reservation: str, expected: tuple[int, str]
) -> None:
    now = int(time.time())
    fake_slurm.add_reservation("dask", now)  # for an hour
    cluster = _cluster(fake_slurm)
    end, name = cluster.end_of(_job("RUNNING", now + limit_s), reservation)
    assert end is not None
    assert (end - now, name) == expected


def test_the_last_sentence_names_the_reservation(fake_slurm: FakeSlurm) -> None:
    began = int(time.time()) - 3600
    fake_slurm.add_reservation("dask", began)
    cluster = _cluster(fake_slurm)
    job = SessionJob(cluster, "ada", "5ab", "", job_id="7", reservation="dask")
    seen = {"7": _job("RUNNING", began + 10_800)}
    cluster.watcher.latest = Snapshot(0.0, seen)
    assert job.exit_status() is None
    cluster.watcher.latest = Snapshot(1.0, {"7": _job("TIMEOUT", began + 3600)})
    assert job.exit_status() == 1
    assert job.end_sentence() == "The reservation dask ended."


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("ResvOverRun             = 0 min\n", 0, id="none"),
        pytest.param("ResvOverRun             = 5 min\n", 300, id="five minutes"),
        pytest.param("ResvOverRun             = UNLIMITED\n", float("inf"), id="unlimited"),
        pytest.param("SlurmUser = slurm(64030)\n", 0, id="not told"),
    ],
)
def test_how_long_a_job_outlives_its_reservation(text: str, seconds: float) -> None:
    assert parse_overrun(text) == seconds
