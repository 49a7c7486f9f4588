"""What a learner submits in a session runs in the image, on whatever node."""

from support.site import Site
from support.site_session import SiteSession
from support.world import wait_until

PYTHON = "module load python\n"
Two = tuple[SiteSession, SiteSession]

WHERE = """
import os, socket
import dask
print(socket.gethostname(), dask.__name__, os.environ["SLURM_PROCID"])
"""

CLUSTER = """
import socket
from dask.distributed import Client
from dask_jobqueue import SLURMCluster

if __name__ == "__main__":
    with SLURMCluster(cores=1, memory="500M", job_extra_directives=["--nodelist={node}"]) as cluster:
        cluster.scale(1)
        with Client(cluster) as client:
            print("computed on", client.submit(socket.gethostname).result(timeout=90))
"""


def test_srun_runs_a_program_of_the_course_on_both_nodes(two: Two) -> None:
    ada, _ = two
    ada.write("where.py", WHERE)
    said = ada.run(f"{PYTHON}srun --nodes=2 --ntasks=2 --label python where.py")
    assert sorted(said.splitlines()) == ["0: node1 dask 0", "1: node2 dask 1"]


def test_a_batch_job_on_the_other_node_has_the_image_and_the_home(two: Two) -> None:
    ada, bob = two
    ada.write("job.sh", f"#!/bin/bash\n{PYTHON}hostname\npython -c 'import dask; print(dask.__name__)'\nlesson list")
    job = ada.run(f"sbatch --parsable --nodelist={bob.node.name} --output=job.out job.sh")
    wait_until(lambda: job not in ada.jobs(), 60, "the job has ended")
    host, dask, *lessons = ada.run("cat job.out").splitlines()
    assert (host, dask) == (bob.node.name, "dask")
    assert any("dask-delay" in line for line in lessons)
    assert "COMPLETED" in ada.run(f"sacct --jobs={job} --noheader --format=state")


def test_a_cluster_has_its_worker_on_the_other_node_and_leaves_no_job(two: Two) -> None:
    ada, bob = two
    before = ada.jobs()
    ada.write("cluster.py", CLUSTER.format(node=bob.node.name))
    assert f"computed on {bob.node.name}" in ada.run(f"{PYTHON}python cluster.py", timeout=200)
    wait_until(lambda: ada.jobs() == before, 60, "the jobs of the workers have ended")


def test_a_job_goes_on_when_its_session_has_ended(product: Site) -> None:
    with SiteSession(product, "cem") as cem:
        cem.start(ui="terminal")
        job = cem.run("sbatch --parsable --output=later.out --wrap='sleep 8; hostname'")
        cem.stop()
        wait_until(lambda: not cem.jobs(), 60, "the job has ended")
        cem.start(ui="terminal")
        assert cem.run("cat later.out") in {"node1", "node2"}
        assert "COMPLETED" in cem.run(f"sacct --jobs={job} --noheader --format=state")
