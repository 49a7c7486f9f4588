"""The course's second half, typed in a desktop as a learner types it: jobs, a cluster of jobs, the dashboard."""

import re
from pathlib import Path

import pytest

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.world import Hub, command, job_ids, wait_until

NAME = "learner02"
CLUSTER = """\
from dask.distributed import Client
from dask_jobqueue import SLURMCluster
if __name__ == "__main__":
    cluster = SLURMCluster(cores=1, memory="256M", walltime="00:05:00")
    cluster.scale(2)
    client = Client(cluster)
    print("dashboard", client.dashboard_link)
    print("the sum is", client.submit(sum, [1, 2, 3]).result())
    client.wait_for_workers(2)
    print("there are", len(client.scheduler_info()["workers"]))
    input("seen? ")
    cluster.close()
"""


@pytest.mark.usefixtures("no_last_choice")
def test_jobs_and_a_cluster_of_jobs(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down(NAME)
    home = hub.home(NAME)
    desktop = Desktop.start(learner)
    terminal = Terminal.open(desktop)
    assert "jobs" in terminal.run("sinfo").text
    said = terminal.run("sbatch --wrap='module load python; python -c \"print(6 * 7)\"'").text
    found = re.search(r"Submitted batch job (\d+)", said)
    assert found, said
    output = home / f"slurm-{found.group(1)}.out"
    wait_until(lambda: output.read_text() == "42\n", 60, "the job has written its result")
    assert "42" in terminal.run(f"cat {output.name}").text
    terminal.run("module load python")
    assert terminal.run("srun -n 2 --overcommit python -c 'print(\"rank\")'", timeout=60).text.count("rank\n") == 2

    write(home / "cluster.py", CLUSTER)
    terminal.begin("python cluster.py")
    wait_until(lambda: "there are 2" in terminal.text(), 120, "two workers are there")
    assert "the sum is 6" in terminal.text()
    assert len(job_ids(NAME)) == 3
    assert re.search(r"dashboard http://\S+:8787/status", terminal.text())
    desktop.screenshot("slurm-and-dask")
    desktop.press("Enter")
    wait_until(lambda: len(job_ids(NAME)) == 1, 60, "the workers' jobs have ended")


@pytest.mark.usefixtures("no_last_choice")
def test_the_dashboard_opens_in_the_desktops_browser(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down(NAME)
    home = hub.home(NAME)
    desktop = Desktop.start(learner)
    terminal = Terminal.open(desktop)
    terminal.run("module load python")
    write(
        home / "board.py",
        "from dask.distributed import Client\n"
        "if __name__ == '__main__':\n"
        "    client = Client()\n"
        "    print('link', client.dashboard_link, flush=True)\n"
        "    __import__('time').sleep(600)\n",
    )
    terminal.begin("python board.py &")
    wait_until(lambda: "link http://127.0.0.1:8787/status" in terminal.text(), 60, "the link is printed")
    terminal.begin("firefox http://127.0.0.1:8787/status &")
    desktop.window("Dask", "firefox", timeout=60)

    def painted() -> bool:
        colours = desktop.picture().crop((0, 200, 1200, 700)).getcolors(1 << 20)
        return len(colours or ()) > 20

    wait_until(painted, 60, "the dashboard's plots are painted")
    desktop.screenshot("dashboard")


def write(path: Path, text: str) -> None:
    path.write_text(text)
    command("chown", f"{NAME}:{NAME}", str(path))
