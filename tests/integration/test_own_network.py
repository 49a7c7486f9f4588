"""The network of a session: what a learner's programs bind to 127.0.0.1 is the learner's."""

import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hub_client import HubClient
from support.session_shell import in_session, tried_in_session, words_in_session
from support.world import Hub, command, slurm, wait_until

ADA, BOB = "learner01", "learner02"
PASTA = "^/usr/bin/pasta"
PYTHON = "module load python\n"


@pytest.fixture(scope="module")
def two(_product: Hub) -> Iterator[tuple[HubClient, HubClient]]:
    """The sessions of two learners on one node."""
    with HubClient(_product, ADA) as ada, HubClient(_product, BOB) as bob:
        ada.start(ui="lab")
        bob.start(ui="desktop")
        yield ada, bob


def log(user: str) -> str:
    return max(Path(f"/home/{user}/.local/state/classdesk").glob("*.log"), key=lambda p: p.stat().st_mtime).read_text()


def test_a_server_on_127_0_0_1_is_its_learners_alone(two: tuple[HubClient, HubClient]) -> None:
    in_session(ADA, "echo secret >page.txt; (python3 -m http.server --bind 127.0.0.1 8899 >/dev/null 2>&1 &)")
    try:
        tries = "for i in 1 2 3; do"
        ask = f"{tries} curl --silent --max-time 5 http://127.0.0.1:8899/page.txt && break; sleep 0.5; done"
        assert in_session(ADA, ask) == "secret"
        assert "secret" not in tried_in_session(BOB, ask)[1]
        assert "secret" not in command("bash", "-c", ask, check=False)
        as_bob = command("runuser", "-u", BOB, "--", "bash", "-c", ask, check=False)
        assert "secret" not in as_bob
        for address in ("198.18.0.10", "198.18.0.1", "192.0.2.1"):
            assert "secret" not in tried_in_session(BOB, ask.replace("127.0.0.1", address))[1]
    finally:
        in_session(ADA, "pkill -f '[h]ttp.server'; rm page.txt")


def test_a_server_of_the_nodes_on_127_0_0_1_is_not_reached_from_a_session(two: tuple[HubClient, HubClient]) -> None:
    # The hub's proxy listens there, which no program of a learner needs.
    for address in ("127.0.0.1", "198.18.0.1"):
        status, _ = tried_in_session(BOB, f"curl --silent --max-time 5 http://{address}:8001/api/routes")
        assert status != 0


def test_each_has_a_dashboard_on_port_8787(two: tuple[HubClient, HubClient]) -> None:
    text = (
        "from dask.distributed import Client\nimport urllib.request\n"
        "if __name__ == '__main__':\n"
        "    with Client(n_workers=1, processes=False) as client:\n"
        "        page = urllib.request.urlopen('http://127.0.0.1:8787/status').read()\n"
        "        print(client.cluster.scheduler.services['dashboard'].port, b'Dask' in page)\n"
        "        open('ready', 'w').close()\n"
        "        __import__('time').sleep(6)\n"
    )
    for user in (ADA, BOB):
        Path(f"/home/{user}/board.py").write_text(text)
    begun = [f"{PYTHON}python board.py 2>&1" for _ in (ADA, BOB)]
    both = " & ".join(
        " ".join(map(_quoted, words_in_session(user, script))) for user, script in zip((ADA, BOB), begun, strict=True)
    )
    said = command("bash", "-c", f"{both} & wait", timeout=90)
    assert said.count("8787 True") == 2, said


def test_the_kernels_of_lab_are_not_reached_from_elsewhere(two: tuple[HubClient, HubClient]) -> None:
    ada, _ = two
    model = ada.http.post(f"/user/{ADA}/api/kernels", headers={"X-XSRFToken": _xsrf(ada)}, json={"name": "python3"})
    assert model.status_code == 201, model.text
    ports = in_session(ADA, "cat /tmp/classdesk-*/jupyter/kernel-*.json")
    numbers = [value for key, value in json.loads(ports).items() if key.endswith("_port")]
    assert len(numbers) == 5
    listens = f"(</dev/tcp/127.0.0.1/{numbers[-1]}) 2>/dev/null"
    in_session(ADA, f"for i in {{1..100}}; do {listens} && exit; sleep 0.2; done; exit 1")
    for port in numbers:
        assert tried_in_session(BOB, f"timeout 5 bash -c '</dev/tcp/127.0.0.1/{port}'")[0] != 0
        assert tried_in_session(ADA, f"timeout 5 bash -c '</dev/tcp/127.0.0.1/{port}'")[0] == 0


def test_nothing_of_a_desktop_is_reached_from_another_session(two: tuple[HubClient, HubClient]) -> None:
    listening = in_session(BOB, "cat /proc/net/tcp /proc/net/tcp6 /proc/net/unix")
    seen = in_session(ADA, "cat /proc/net/tcp /proc/net/tcp6 /proc/net/unix")
    assert re.search(r"@\S*X11|@\S*ICE", seen) is None
    assert " 0A " in listening
    display = in_session(BOB, "ls -d /tmp/.X11-unix/X*").split()[0].rsplit("X", 1)[1]
    status, _ = tried_in_session(ADA, f"DISPLAY=:{display} timeout 10 xset q")
    assert status != 0


def test_the_way_out_and_the_resolver(two: tuple[HubClient, HubClient]) -> None:
    assert "classdesk: the session shares" not in log(ADA) + log(BOB)
    # The world has nothing outside: what is asked for there is refused, and soon.
    status, said = tried_in_session(ADA, "curl --max-time 15 http://203.0.113.7/", timeout=30)
    assert status != 0
    assert "Could not resolve" not in said


def test_a_resolver_on_the_nodes_own_127_0_0_1_answers_in_a_session(hub: Hub) -> None:
    settings = Path("/etc/resolv.conf")
    before = settings.read_text()
    with resolver("127.0.0.53", "192.0.2.99"), HubClient(hub, "learner03") as eve:
        try:
            settings.write_text("search example.org\nnameserver 127.0.0.53\n")
            eve.start(ui="terminal")
            assert "classdesk: the session shares" not in log("learner03")
            assert "search example.org" in in_session("learner03", "cat /etc/resolv.conf")
            assert in_session("learner03", "getent ahostsv4 www.example.net").split()[0] == "192.0.2.99"
        finally:
            settings.write_text(before)


def test_a_session_whose_way_out_is_killed_gets_it_back(two: tuple[HubClient, HubClient]) -> None:
    command("pkill", "-KILL", "-U", BOB, "-f", PASTA)
    wait_until(lambda: command("pgrep", "-U", BOB, "-f", PASTA, check=False), 20, "there is another one")
    assert in_session(BOB, "curl --silent --max-time 10 $JUPYTERHUB_API_URL | head -c 20").startswith('{"version"')


def test_where_the_node_does_not_allow_it_the_session_shares_its_network(hub: Hub) -> None:
    tunnel = Path("/dev/net/tun")
    tunnel.chmod(0o600)
    try:
        with HubClient(hub, "learner03") as eve:
            eve.start(ui="terminal")
            said = log("learner03")
            assert "classdesk: the session shares the network of the node: /dev/net/tun is not open to users" in said
            assert in_session("learner03", "squeue --noheader --format=%u").split().count("learner03") == 1
    finally:
        tunnel.chmod(0o666)


def test_where_pasta_does_not_work_the_session_shares_its_network(hub: Hub) -> None:
    pasta = Path("/usr/bin/pasta")
    kept = pasta.rename("/usr/bin/pasta.kept")
    pasta.write_text("#!/bin/sh\nexit 1\n")
    pasta.chmod(0o755)
    try:
        with HubClient(hub, "learner03") as eve:
            eve.start(ui="terminal")
            assert "classdesk: the session shares the network of the node: pasta ended" in log("learner03")
    finally:
        kept.rename(pasta)


def test_a_cancelled_session_leaves_no_network_behind(hub: Hub) -> None:
    with HubClient(hub, "learner03") as eve:
        before = doors("learner03")
        job = eve.start(ui="terminal")
        assert command("pgrep", "-U", "learner03", "-f", PASTA)
        slurm("scancel", job)
        wait_until(lambda: not command("pgrep", "-U", "learner03", check=False), 40, "nothing is left")
        wait_until(lambda: doors("learner03") <= before, 20, "the door is gone")


@contextlib.contextmanager
def resolver(host: str, address: str) -> Iterator[None]:
    """A resolver on the node, to which each name has one address."""

    def serve() -> None:
        while True:
            query, caller = server.recvfrom(512)
            if not query:
                return
            question = query[12 : query.index(b"\0", 12) + 5]
            is_a = question[-4:-2] == b"\0\x01"
            found = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + socket.inet_aton(address) if is_a else b""
            counts = struct.pack("!HHHHH", 0x8180, 1, int(is_a), 0, 0)
            server.sendto(query[:2] + counts + question + found, caller)

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((host, 53))
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        server.sendto(b"", (host, 53))  # ends it
        thread.join()
        server.close()


def doors(user: str) -> set[Path]:
    return {path for path in Path("/tmp").glob("classdesk-door-*") if path.owner() == user}


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _xsrf(client: HubClient) -> str:
    client.http.get(f"/user/{client.name}/lab")
    found = [c.value for c in client.http.cookies.jar if c.name == "_xsrf" and c.path == f"/user/{client.name}/"]
    return found[0] or ""
