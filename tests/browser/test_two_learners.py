"""Two learners at once, on one node: each has a desktop of their own and sees nothing of the other's."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.screen import session_processes
from support.world import Hub, command, job_ids


@pytest.fixture(scope="module")
def pair(sit_down_for_long: SitDown) -> tuple[Desktop, Desktop]:
    """learner01 with two cores, learner02 with one."""
    one, two = sit_down_for_long("learner01"), sit_down_for_long("learner02")
    return Desktop.start(one), Desktop.start(two, cores="1", hours="1")


@pytest.fixture(scope="module")
def terminals(pair: tuple[Desktop, Desktop]) -> tuple[Terminal, Terminal]:
    first, second = (Terminal.open(desktop) for desktop in pair)
    return first, second


def as_user(name: str, *words: str | Path) -> str:
    """Runs a command as an account, on the node and outside of any session, and returns what it says."""
    return command("runuser", "-u", name, "--", *words, check=False, cwd="/")


def test_each_has_windows_of_his_own(pair: tuple[Desktop, Desktop], terminals: tuple[Terminal, Terminal]) -> None:
    one, two = pair
    assert "learner01@" in one.window("", "mate-terminal").title
    assert "learner02@" in two.window("", "mate-terminal").title
    terminals[0].begin("pluma only-mine.txt&")
    one.window("only-mine")
    assert not [window for window in two.x.windows() if "only-mine" in window.title]
    assert not one.x.socket.samefile(two.x.socket)
    assert one.x.vnc_socket != two.x.vnc_socket
    one.screenshot("learner01")
    two.screenshot("learner02")
    one.activate("only-mine")
    one.press("Control+q")
    one.wait_until_closed("only-mine")
    terminals[0].run("wait")  # the shell's word that the editor has ended comes here


@pytest.mark.parametrize("way", ["desktop/", "lab", "api/contents", "files/.bashrc", "terminals/websocket/1"])
def test_the_other_s_pages_are_forbidden(pair: tuple[Desktop, Desktop], way: str) -> None:
    one, two = pair
    page = f"{one.learner.hub.url}/user/{one.learner.name}/{way}"
    answer = two.learner.context.request.get(page)
    assert answer.status in {403, 404}, answer.url
    assert "only-mine" not in answer.text()


@pytest.mark.parametrize("path", ["desktop-websockify", "desktop-websockify/"])
def test_the_other_s_websocket_is_refused(pair: tuple[Desktop, Desktop], path: str) -> None:
    for desktop in pair:
        assert open_socket(desktop, desktop.learner.name, path) == "open", "their own one works"
    one, two = pair
    assert open_socket(two, one.learner.name, path) == "refused"
    assert open_socket(one, two.learner.name, path) == "refused"


def open_socket(desktop: Desktop, owner: str, path: str) -> object:
    """What becomes of a websocket that a learner's own page opens."""
    return desktop.page.evaluate(
        """(address) => new Promise((resolve) => {
            const socket = new WebSocket(address, ["binary"]);
            socket.onopen = () => { socket.close(); resolve("open"); };
            socket.onerror = () => resolve("refused");
        })""",
        f"{desktop.learner.hub.url.replace('http', 'ws', 1)}/user/{owner}/{path}",
    )


def test_the_server_s_port_wants_a_log_in(pair: tuple[Desktop, Desktop], hub: Hub) -> None:
    """The network of the node is shared: the port is open to everybody on it, its server is not."""
    owner = pair[0].learner
    (job,) = job_ids(owner.name)
    log = hub.home(owner.name) / f".local/state/classdesk/session-{job}.log"
    (port,) = re.findall(r"server listens on port (\d+)", log.read_text())
    for path in ("api/contents", "desktop/state", "api/terminals"):
        address = f"http://127.0.0.1:{port}/user/{owner.name}/{path}"
        code = as_user(
            "learner02",
            "curl",
            "--silent",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            address,
        )
        assert code in {"302", "403"}, path


def test_sockets_and_directories_are_out_of_reach_on_the_node(
    pair: tuple[Desktop, Desktop],
) -> None:
    x = pair[0].x
    directory = Path(x.vnc_socket).parent
    for path in (x.socket, x.path(x.authority), x.path(x.vnc_socket), x.path(str(directory))):
        assert path.exists(), "root sees it"
        assert "Permission denied" in as_user("learner02", "ls", "-l", path)
        assert "Permission denied" in as_user("learner02", "cat", path)
    assert x.path(str(directory)).stat().st_mode & 0o777 == 0o700
    assert x.path(x.vnc_socket).stat().st_mode & 0o777 == 0o600
    assert "Permission denied" in as_user("learner02", "ls", "/home/learner01")
    assert "Permission denied" in as_user("learner02", "cat", f"/proc/{x.pid}/environ")
    assert not Path(directory).exists(), "nothing of it is in the node's own /tmp"


def test_no_x_server_listens_where_everybody_can_connect(pair: tuple[Desktop, Desktop]) -> None:
    """Neither on abstract sockets nor on TCP ports, which all sessions of a node share."""
    displays = {desktop.x.display for desktop in pair}
    listening = command("ss", "--listening", "--no-header", "--tcp", "--numeric").splitlines()
    ports = {int(line.split()[3].rpartition(":")[2]) for line in listening}
    assert not ports & {base + display for base in (5900, 6000) for display in displays}
    assert "@/tmp/.X11-unix" not in Path("/proc/net/unix").read_text()


def test_a_session_sees_its_own_processes_only(terminals: tuple[Terminal, Terminal]) -> None:
    first, second = terminals
    assert first.run("ps -eo user= | sort -u").text == "learner01\n"
    assert second.run("ps -eo user= | sort -u").text == "learner02\n"
    said = int(first.run("ps -eo pid= | wc -l").text)
    assert abs(said - len(session_processes("learner01"))) < 6, "ps itself works: it sees the session"
    assert "Permission denied" not in first.run("ls /tmp").text
    assert first.run("ls -d /tmp/classdesk-* | wc -l").text == "1\n"
    assert first.run("ls /home").text == "learner01\n"


def test_each_has_the_cores_that_he_asked_for(terminals: tuple[Terminal, Terminal]) -> None:
    for terminal, cores in zip(terminals, (2, 1), strict=True):
        assert terminal.run("nproc").text == f"{cores}\n"
        assert terminal.run("module load python").text == ""
        line = "python -c 'from dask.system import CPU_COUNT; print(CPU_COUNT)'"
        assert terminal.run(line).text == f"{cores}\n"


def test_the_job_s_secret_is_not_in_slurm_or_in_command_lines(
    pair: tuple[Desktop, Desktop], find_token: Callable[[Desktop], str]
) -> None:
    """Whoever has the token is the learner."""
    token = find_token(pair[0])
    (job,) = job_ids("learner01")
    seen = [
        as_user("learner02", "scontrol", "show", "job", "--details", job),
        as_user("learner02", "scontrol", "write", "batch_script", job, "-"),
        as_user("learner02", "squeue", "--format=%all"),
        command("ps", "-eo", "args"),
    ]
    assert "learner01" in seen[2], "squeue answers"
    assert not [text for text in seen if token in text]


@pytest.fixture
def find_token() -> Callable[[Desktop], str]:
    def find(desktop: Desktop) -> str:
        name = desktop.learner.name
        for pid in session_processes(name):
            found = re.search(rb"JUPYTERHUB_API_TOKEN=(\w+)", Path(f"/proc/{pid}/environ").read_bytes())
            if found:
                return found[1].decode()
        raise LookupError(f"no token in the environment of {name}'s session")

    return find


def test_stopping_one_leaves_the_other(pair: tuple[Desktop, Desktop]) -> None:
    one, two = pair
    before = one.x
    two.learner.stop()
    assert one.x == before
    assert one.page.locator("#curtain").is_hidden()
