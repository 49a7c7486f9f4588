"""What a desktop leaves on the node, whom it lets near, what never pops up, and what it tells of idle time."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from Xlib import X, Xatom
from Xlib.protocol.event import SelectionNotify

from support.desktop_session import (
    SUPERVISOR,
    DesktopSession,
    Learner,
    desktop_session,
    learner,
    painted_within,
)
from support.fake_hub import FakeHub, fake_hub
from support.rfb import RfbConnection
from support.world import require_world, stays, wait_until

START_SECONDS = 15
SERVER = "classdesk_desktop.server.app"
NEIGHBOUR = Learner("mallory", 61_399, Path("/"))


@pytest.fixture(autouse=True)
def _world() -> None:
    require_world()


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as running:
        yield running


@pytest.fixture
def ada() -> Iterator[Learner]:
    with learner(1) as account:
        yield account


@pytest.fixture
def session(hub: FakeHub, ada: Learner) -> Iterator[DesktopSession]:
    with desktop_session(ada, hub) as running:
        painted_within(running, START_SECONDS)
        yield running


def serving(session: DesktopSession) -> None:
    wait_until(lambda: session.request("GET", "desktop/state"), 20, "the server answers")


# Clean -------------------------------------------------------------------------------------------


def traces(session: DesktopSession) -> list[str]:
    """What a session has left on the node."""
    session.process.poll()  # an ended one is listed until its status is taken
    uid, found = session.learner.uid, [f"process {pid}" for pid in session.pids()]
    for directory in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
        found += [str(path) for path in Path(directory).glob("*") if path.lstat().st_uid == uid]
        found += [str(path) for path in Path(directory).glob(".*/*") if path.lstat().st_uid == uid]
    found += [line for line in Path("/proc/net/unix").read_text().splitlines() if str(uid) in line]
    found += listening(uid)
    return found


def listening(uid: int) -> list[str]:
    """The TCP ports on which a user listens."""
    ports = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[7]) == uid:
                ports.append(str(int(fields[1].rpartition(":")[2], 16)))
    return ports


def kill(program: str, number: signal.Signals) -> Callable[[DesktopSession], None]:
    return lambda session: session.kill(program, number)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda session: os.killpg(session.process.pid, signal.SIGTERM), id="as Slurm asks"),
        pytest.param(lambda session: os.killpg(session.process.pid, signal.SIGKILL), id="as Slurm kills"),
        pytest.param(kill(SUPERVISOR, signal.SIGTERM), id="supervisor asked"),
        pytest.param(kill(SUPERVISOR, signal.SIGKILL), id="supervisor killed"),
        pytest.param(kill(SERVER, signal.SIGKILL), id="server killed"),
        pytest.param(kill(SERVER, signal.SIGTERM), id="server asked"),
    ],
)  # fmt: skip
def test_however_a_session_ends_nothing_of_it_is_left(
    session: DesktopSession, end: Callable[[DesktopSession], None], request: pytest.FixtureRequest
) -> None:
    killed = "as Slurm kills" in request.node.name
    serving(session)
    # What a learner starts tries to outlive the session, too.
    session.run("sh", "-c", "setsid nohup sleep 1000 >/dev/null 2>&1 &")
    assert session.pids("sleep 1000")
    end(session)

    # What is killed removes no directory on the node's disk: the learner's next session does.
    kept = ("/tmp/classdesk-door-", "/var/tmp/classdesk-scratch-", "/tmp/classdesk-scratch-") if killed else ()

    def nothing() -> bool:
        left = [trace for trace in traces(session) if not trace.startswith(kept or ("-",))]
        assert not left, left
        return True

    wait_until(nothing, 10, "nothing is left")
    for directory in (Path(trace) for trace in traces(session)):
        shutil.rmtree(directory)


def test_the_server_s_port_is_the_only_one(session: DesktopSession, ada: Learner) -> None:
    serving(session)
    assert listening(ada.uid) == [str(session.hub.ports[-1])]


# Private -----------------------------------------------------------------------------------------


def test_sockets_and_cookies_are_the_learners_alone(session: DesktopSession, ada: Learner) -> None:
    serving(session)
    modes = {path: path.lstat().st_mode & 0o777 for path in session.runtime.glob("*")}
    assert session.runtime.stat().st_mode & 0o777 == 0o700
    for name in ("vnc.sock", "Xauthority", "state.json", "desktop.json"):
        assert modes[session.runtime / name] == 0o600, name
    assert session.runtime.stat().st_uid == ada.uid


def as_neighbour(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(NEIGHBOUR.as_him(*words), capture_output=True, text=True, check=False, timeout=20)


def test_another_user_of_the_node_can_neither_see_nor_reach_the_desktop(
    session: DesktopSession,
) -> None:
    x_server = session.x_server()
    root = f"/proc/{x_server.pid}/root"
    inside = f"{root}/tmp/{session.runtime.name}"
    for path in (root, inside, f"{inside}/vnc.sock", f"{inside}/Xauthority", str(x_server.socket)):
        assert "Permission denied" in as_neighbour("ls", path).stderr, path
    assert "Permission denied" in as_neighbour("cat", f"/proc/{x_server.pid}/environ").stderr
    # Abstract sockets can be reached by everybody: X must not listen on one.
    names = re.findall(r"@(\S+)", Path("/proc/net/unix").read_text())
    assert f"/tmp/.X11-unix/X{x_server.display}" not in names
    # No socket of X or VNC is where others could open it.
    assert not list(Path("/tmp/.X11-unix").glob(f"X{x_server.display}"))
    # What they find out about processes holds no secret.
    assert "a-token-of-the-test" not in as_neighbour("ps", "axeww").stdout


def test_a_program_without_the_cookie_is_refused(session: DesktopSession) -> None:
    x_server = session.x_server()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(x_server.socket))
        client.sendall(b"l\0\x0b\0\0\0\0\0\0\0\0\0")  # X 11.0, no authorization
        assert client.recv(8)[0] == 0, "the X server let a stranger in"


# Quiet -------------------------------------------------------------------------------------------

UNWANTED = ("screensaver", "power-manager", "polkit", "keyring", "update", "packagekit", "nm-applet",
            "tracker", "evolution", "blueman", "gvfs-udisks", "at-spi")  # fmt: skip


def test_nothing_runs_that_could_lock_ask_or_remind(session: DesktopSession) -> None:
    lines = session.run("ps", "-ww", "-eo", "args").splitlines()
    assert not [line for line in lines if any(word in line for word in UNWANTED)]


def test_a_learner_who_does_nothing_sees_nothing(session: DesktopSession, ada: Learner) -> None:
    asked = session.run("xset", "q")
    assert re.search(r"timeout:\s+0\s", asked), asked
    assert "DPMS is Disabled" in asked or "Server does not have the DPMS" in asked, asked
    before = {window.title for window in session.x_server().windows()}
    # Everything that waits for idleness hears of it now, and not in five minutes.
    session.run(
        *("gdbus", "call", "--session", "--dest", "org.gnome.SessionManager"),
        *("--object-path", "/org/gnome/SessionManager/Presence"),
        *("--method", "org.gnome.SessionManager.Presence.SetStatus", "3"),
    )
    session.run("xset", "s", "activate")

    def nothing_pops_up() -> bool:
        screen = session.x_server()
        return {window.title for window in screen.windows()} == before and not screen.menus()

    stays(nothing_pops_up, 2, "no window and no menu has come")
    lines = session.run("ps", "-ww", "-eo", "args").splitlines()
    assert not [line for line in lines if any(word in line for word in UNWANTED)]


@pytest.mark.parametrize(
    ("schema", "key", "expected"),
    [
        ("org.mate.lockdown", "disable-lock-screen", "true"),
        ("org.mate.SettingsDaemon.plugins.housekeeping", "active", "false"),
        ("org.mate.session", "auto-save-session", "false"),
    ],
)
def test_a_learner_cannot_bring_the_lock_back(session: DesktopSession, schema: str, key: str, expected: str) -> None:
    session.run("gsettings", "set", schema, key, "true" if expected == "false" else "false")
    assert session.run("gsettings", "get", schema, key).strip() == expected


# Clipboard ---------------------------------------------------------------------------------------


def has_owner(session: DesktopSession) -> bool:
    """Whether anything has been put into the desktop's clipboard."""
    with session.x_server().connection() as display:
        return bool(display.get_selection_owner(display.intern_atom("CLIPBOARD")))


def copy(session: DesktopSession, text: str, seconds: float) -> None:
    """Copy a text in the desktop, and hand it out for a while."""
    with session.x_server().connection() as display:
        window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        clipboard, targets, utf8 = map(display.intern_atom, ("CLIPBOARD", "TARGETS", "UTF8_STRING"))
        window.set_selection_owner(clipboard, X.CurrentTime)
        display.flush()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not display.pending_events():
                time.sleep(0.02)
                continue
            event = display.next_event()
            if event.type != X.SelectionRequest:
                continue
            kinds = {targets: (Xatom.ATOM, 32, [targets, utf8, Xatom.STRING])}
            kind = kinds.get(event.target, (event.target, 8, text.encode()))
            event.requestor.change_property(event.property, *kind)
            event.requestor.send_event(
                SelectionNotify(
                    time=event.time,
                    requestor=event.requestor,
                    selection=event.selection,
                    target=event.target,
                    property=event.property,
                )
            )
            display.flush()


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "forbidden"])
def test_pasting_into_the_desktop_is_the_site_s_choice(hub: FakeHub, ada: Learner, allowed: bool) -> None:
    with desktop_session(ada, hub, policy={"clipboard_in": allowed}) as session:
        painted_within(session, START_SECONDS)
        with RfbConnection(session.runtime / "vnc.sock") as client:
            client.paste("from the laptop")
            if allowed:
                wait_until(lambda: has_owner(session), 5, "the text is in the clipboard")
            else:
                stays(lambda: not has_owner(session), 1, "the clipboard is empty")


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "forbidden"])
def test_copying_out_of_the_desktop_is_the_site_s_choice(hub: FakeHub, ada: Learner, allowed: bool) -> None:
    with desktop_session(ada, hub, policy={"clipboard_out": allowed}) as session:
        painted_within(session, START_SECONDS)
        with RfbConnection(session.runtime / "vnc.sock", timeout=2) as client:
            copy(session, "from the desktop", 2)
            if allowed:
                assert client.copied() == "from the desktop"
            else:
                with pytest.raises(TimeoutError):
                    client.copied()


# Idle, time, language ----------------------------------------------------------------------------


def next_report(session: DesktopSession) -> dict[str, object]:
    """The first report from now on; one comes at least every 20 seconds."""
    count = len(session.hub.reports)
    wait_until(lambda: len(session.hub.reports) > count, 30, "a report")
    report: dict[str, object] = session.hub.reports[-1]
    return report


def test_only_input_and_computations_are_activity(session: DesktopSession) -> None:
    serving(session)
    session.run("sh", "-c", "timeout 45 sh -c 'while :; do :; done' >/dev/null 2>&1 &")
    # What a page asks by itself, and the desktop's pixels, are not activity.
    first = next_report(session)
    session.request("GET", "desktop/state")
    second = next_report(session)
    assert second["busy"] is True
    assert isinstance(first["idle_s"], float)
    assert isinstance(second["idle_s"], float)
    assert second["idle_s"] > first["idle_s"] + 15
    with RfbConnection(session.runtime / "vnc.sock") as client:
        client.move(300, 300)
        client.move(400, 400)
        third = next_report(session)
    assert isinstance(third["idle_s"], float)
    assert third["idle_s"] < 21
    wait_until(lambda: not session.pids("timeout 45"), 50, "the computation has ended")
    next_report(session)
    assert next_report(session)["busy"] is False


def test_at_its_end_which_the_hub_may_move_the_session_stops_in_order(
    session: DesktopSession,
) -> None:
    serving(session)
    end = time.time() + 10
    session.hub.answer = {"end": end}
    session.request("POST", "desktop/restart", {})  # a change, which is reported at once
    wait_until(lambda: abs(session.request("GET", "desktop/state")[1]["end"] - end) < 1, 8, "the new end")
    assert session.process.wait(15) == 0, session.text()
    assert end - 5 < time.time() < end + 1
    assert "time is over" in session.text()


def test_notifications_are_shown_on_the_desktop(session: DesktopSession) -> None:
    serving(session)
    text = "Please save & <b>close</b>"
    session.run(
        *("/opt/classdesk/server/bin/python", "-I", "-c"),
        "import asyncio, sys; from pathlib import Path;"
        "from classdesk_desktop.server.notify import notify;"
        "from classdesk_desktop.session.runtime import RuntimeDirectory;"
        "sys.exit(not asyncio.run(notify(RuntimeDirectory(Path(sys.argv[1])), 'Title', sys.argv[2])))",
        f"/tmp/{session.runtime.name}",
        text,
    )
    wait_until(lambda: session.pids("mate-notification-daemon"), 5, "the service runs")
    wait_until(lambda: session.x_server().menus(), 5, "the notification is shown")


@pytest.mark.parametrize(
    ("policy", "browser", "expected"),
    [
        pytest.param({}, "", "C.UTF-8", id="nothing known"),
        pytest.param({}, "fr-CA", "fr_CA.UTF-8", id="the browser's"),
        pytest.param({"locale": "de_DE.UTF-8"}, "fr-CA", "de_DE.UTF-8", id="the site's"),
        pytest.param({"locale": "xx_XX.UTF-8"}, "", "C.UTF-8", id="one that is missing"),
    ],
)
def test_the_locale_is_the_site_s_or_the_browser_s(
    hub: FakeHub, ada: Learner, policy: dict[str, object], browser: str, expected: str
) -> None:
    environ = {"CLASSDESK_LOCALE": browser}
    with desktop_session(ada, hub, policy={**policy, "keyboard": "de"}, env=environ) as session:
        painted_within(session, START_SECONDS)
        assert session.run("sh", "-c", "echo $LANG").strip() == expected
        assert "de" in session.run("setxkbmap", "-query").split()
        assert "cannot" not in session.run("sh", "-c", "locale >/dev/null")
