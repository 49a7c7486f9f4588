"""A learner's programs are the learner's: nobody else reaches them, from the same node or another one."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.site import Site
from support.site_session import SiteSession
from support.world import PATIENCE, wait_until

PYTHON = "module load python\n"

# What a learner has running: a cluster of this node with its dashboard, one of Slurm jobs, and a web server.
RUNS = """
import json, time, urllib.request
from pathlib import Path
from dask.distributed import Client
from dask_jobqueue import SLURMCluster

if __name__ == "__main__":
    with Client(n_workers=1) as client, SLURMCluster(cores=1, memory="500M") as cluster, Client(cluster) as jobs:
        dashboard = client.cluster.scheduler.services["dashboard"].port
        cluster.scale(1)
        jobs.wait_for_workers(1, timeout=90)
        addresses = []
        for each in (client, jobs):
            said = each.scheduler_info()
            addresses += [said["address"], *said["workers"]]
        page = urllib.request.urlopen(f"http://127.0.0.1:{dashboard}/status").read()
        print(json.dumps({"dashboard": dashboard, "addresses": addresses, "page": b"Dask" in page}), flush=True)
        while Path("run").exists():
            time.sleep(0.2)
"""

# Tries addresses with the certificate of one's own, and without any.
ATTACK = """
import asyncio, os, sys
from distributed import Client, Security

async def attack(target, **options):
    try:
        async with Client(target, timeout=6, asynchronous=True, **options) as client:
            print("IN", target, await client.run_on_scheduler(os.getuid))
    except BaseException as error:
        print("OUT", target, type(error).__name__)

async def all_at_once(addresses):
    plain = (address.replace("tls://", "tcp://") for address in addresses)
    no_certificate = Security(require_encryption=False)
    await asyncio.gather(*map(attack, addresses), *(attack(address, security=no_certificate) for address in plain))

if __name__ == "__main__":
    asyncio.run(all_at_once(sys.argv[1:]))
"""


@dataclass
class Scene:
    """One learner whose programs run, and two others: one on the same node, one on another."""

    victim: SiteSession
    near: SiteSession
    far: SiteSession
    addresses: list[str]
    dashboard: int
    ports: list[int]
    """Where something of the victim's listens on the node's network."""

    @property
    def strangers(self) -> tuple[SiteSession, SiteSession]:
        return self.near, self.far

    @property
    def hosts(self) -> tuple[str, ...]:
        return ("127.0.0.1", "198.18.0.1", "198.18.0.10", self.victim.node.name)


@pytest.fixture(scope="module")
def scene(product: Site, two: tuple[SiteSession, SiteSession]) -> Iterator[Scene]:
    with SiteSession(product, "cem") as near:
        near.start(ui="desktop", cores="1")
        victim, far = two if two[0].node is near.node else two[::-1]
        for session in (victim, near, far):
            session.wait_for_desktop()
        victim.write("runs.py", RUNS)
        victim.run("echo secret >page.txt; touch run")
        server = victim.begin("python3 -m http.server --bind 127.0.0.1 8899")
        runs = victim.begin(f"{PYTHON}python runs.py")
        try:
            assert runs.stdout
            line = next((line for line in runs.stdout if line.startswith("{")), "")
            assert line, "dask did not start"
            said = json.loads(line)
            assert said["page"]
            table = victim.node.run("cat", "/proc/net/tcp", "/proc/net/tcp6")
            pattern = rf":([0-9A-F]{{4}}) \S+ 0A \S+ \S+ \S+ +{victim.uid} "
            ports = [int(port, 16) for port in re.findall(pattern, table)]
            yield Scene(victim, near, far, said["addresses"], said["dashboard"], ports)
        finally:
            victim.run("rm -f run page.txt; pkill -f '[h]ttp.server'")
            for program in (server, runs):
                program.communicate(timeout=60 * PATIENCE)


def test_each_has_what_is_their_own(scene: Scene) -> None:
    wait_until(lambda: scene.victim.run("curl --silent http://127.0.0.1:8899/page.txt") == "secret", 20, "it serves")
    assert scene.dashboard == 8787
    assert len(scene.addresses) == 4
    assert all(address.startswith("tls://") for address in scene.addresses)
    assert scene.ports, "the session's server listens on the node"


def test_nobody_connects_to_anothers_scheduler_or_worker(scene: Scene) -> None:
    own = {address.rpartition(":")[2] for address in scene.addresses}
    targets = {*scene.addresses, *(f"tls://{scene.victim.node.name}:{port}" for port in own)}
    for stranger in scene.strangers:
        stranger.write("attack.py", ATTACK)
        said = stranger.run(f"{PYTHON}python attack.py {' '.join(sorted(targets))} 2>&1", timeout=250)
        lines = [line for line in said.splitlines() if re.match("IN|OUT", line)]
        assert len(lines) == 2 * len(targets), said
        assert [line for line in lines if line.startswith("IN")] == [], said
    # The attack itself is right: its own learner gets in.
    scene.victim.write("attack.py", ATTACK)
    assert f" {scene.victim.uid}" in scene.victim.run(f"{PYTHON}python attack.py {scene.addresses[0]} 2>&1")


@pytest.mark.parametrize("page", ["8787/status", "8899/page.txt"], ids=["dashboard", "web server"])
def test_nobody_reads_what_another_serves_on_127_0_0_1(scene: Scene, page: str) -> None:
    assert scene.victim.run(f"curl --silent http://127.0.0.1:{page}")
    for stranger in scene.strangers:
        for host in scene.hosts:
            status, said = stranger.tried(f"curl --silent --max-time 2 http://{host}:{page}")
            assert (status != 0, said) == (True, ""), (stranger.name, host)
    # Nor as a user of the node itself.
    for host in scene.hosts:
        asked = f"exec 3<>/dev/tcp/{host}/{page.partition('/')[0]} && echo open"
        said = scene.near.node.run("timeout", "2", "bash", "-c", asked, user="cem", check=False)
        assert "open" not in said


def test_nobody_opens_anothers_display(scene: Scene) -> None:
    display = scene.victim.run("ls /tmp/.X11-unix").split()[0].removeprefix("X")
    assert "Screen Saver" in scene.victim.run(
        f"XAUTHORITY=$(echo /tmp/classdesk-*/Xauthority) DISPLAY=:{display} xset q"
    )
    for stranger in scene.strangers:
        own = stranger.run("ls /tmp/.X11-unix").split()
        for name in ("", *scene.hosts):
            status, said = stranger.tried(f"DISPLAY={name}:{display} timeout 5 xset q")
            assert status != 0, said
        # Where the numbers are the same, it is the stranger's own display, in a /tmp of their own.
        assert len(own) == 1
    listening = scene.victim.node.run("cat", "/proc/net/unix")
    assert not re.search(r"@\S*(X11|ICE)", listening)
    assert [port for port in scene.ports if 5900 <= port < 6100] == []


def test_nobody_sees_anothers_private_directory(scene: Scene) -> None:
    look = f"ls -d /proc/[0-9]*/root/tmp/classdesk-{scene.victim.uid}-* /home/{scene.victim.name}/* 2>/dev/null"
    assert "classdesk-" in scene.victim.node.run("bash", "-c", look)
    assert scene.near.node.run("bash", "-c", look, user=scene.near.name, check=False) == ""
    for stranger in scene.strangers:
        assert stranger.tried(look)[1] == ""


def test_the_sessions_server_asks_who_comes(scene: Scene) -> None:
    for stranger in scene.strangers:
        for port in scene.ports:
            address = f"http://{scene.victim.node.name}:{port}/user/{scene.victim.name}/api/contents"
            code = stranger.tried(
                f"curl --silent --max-time 3 --output /dev/null --write-out '%{{http_code}}' {address}"
            )[1]
            assert code in {"302", "401", "403", "000"}, (port, code)


def test_two_on_one_node_have_a_dashboard_on_the_same_port(scene: Scene) -> None:
    text = "from dask.distributed import Client\nif __name__ == '__main__':\n    print(Client().dashboard_link)"
    scene.near.write("board.py", text)
    assert "http://127.0.0.1:8787/status" in scene.near.run(f"{PYTHON}python board.py")
