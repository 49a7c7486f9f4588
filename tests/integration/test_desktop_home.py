"""The real desktop in the homes that learners have, and after the accidents that happen to it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from support.desktop_session import (
    DesktopSession,
    Learner,
    desktop_session,
    learner,
    painted_within,
)
from support.fake_hub import FakeHub, fake_hub
from support.image import IMAGE
from support.world import require_world, stays, wait_until

START_SECONDS = 15  # on a machine that does other things; alone it takes one
BACK_SECONDS = 3  # the promise after an accident


@pytest.fixture(autouse=True)
def _world() -> None:
    require_world()  # homes are mounted


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as running:
        yield running


@pytest.fixture
def ada() -> Iterator[Learner]:
    with learner(1) as account:
        yield account


@contextmanager
def mounted(*arguments: str | Path) -> Iterator[None]:
    """Mount something on a home for the time of the block."""
    subprocess.run(["mount", *map(str, arguments)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(arguments[-1])], check=True)


def dconf_database(ada: Learner, keys: str) -> bytes:
    """The settings that these keys make, as dconf stores them."""
    ada.write("keys.d/keys", keys)
    subprocess.run(
        [
            *(
                "bwrap",
                "--ro-bind",
                IMAGE / "usr",
                "/usr",
                "--symlink",
                "usr/lib",
                "/lib",
            ),
            *("--symlink", "usr/lib64", "/lib64", "--bind", ada.home, "/home"),
            *("/usr/bin/dconf", "compile", "/home/database", "/home/keys.d"),
        ],
        check=True,
    )
    return (ada.home / "database").read_bytes()


# Homes -------------------------------------------------------------------------------------------


def conda(ada: Learner) -> None:
    for program in ("dbus-launch", "dbus-daemon", "gsettings", "python", "python3", "sh"):
        ada.write(f"miniconda3/bin/{program}", "#!/bin/bash\nexit 1\n", 0o755)


def dotfiles_that_exit(ada: Learner) -> None:
    for name in (".bashrc", ".profile", ".bash_profile"):
        ada.write(name, "exit 1\n")


def a_profile_that_prints(ada: Learner) -> None:
    for name in (".profile", ".bashrc", ".xprofile", ".xsessionrc"):
        ada.write(name, "echo Welcome to the cluster!; echo and more >&2\n")


def garbage_in_dconf(ada: Learner) -> None:
    ada.write(".config/dconf/user", os.urandom(5000))


def someone_elses_cache(ada: Learner) -> None:
    for name in (".cache", ".local"):
        (ada.home / name).mkdir(mode=0o700)


@pytest.mark.parametrize(
    ("prepare", "environ"),
    [
        pytest.param(lambda _: None, {}, id="empty home"),
        pytest.param(conda, {"PATH": "{home}/miniconda3/bin:/usr/bin:/bin"}, id="conda first"),
        pytest.param(dotfiles_that_exit, {}, id="exit 1 in bashrc"),
        pytest.param(a_profile_that_prints, {}, id="profile that prints"),
        pytest.param(garbage_in_dconf, {}, id="garbage in dconf"),
        pytest.param(someone_elses_cache, {}, id="root's cache"),
        pytest.param(
            lambda ada: ada.write(f"{'deep/' * 30}x"),
            {"TMPDIR": "{home}/" + "deep/" * 30},
            id="long TMPDIR",
        ),
        pytest.param(lambda _: None, {"TMPDIR": "/nonexistent"}, id="missing TMPDIR"),
    ],
)
def test_the_desktop_comes_with_the_learners_own_settings(
    hub: FakeHub, ada: Learner, prepare: Callable[[Learner], object], environ: dict[str, str]
) -> None:
    prepare(ada)
    values = {name: value.format(home=ada.home) for name, value in environ.items()}
    with desktop_session(ada, hub, env=values) as session:
        state = painted_within(session, START_SECONDS)
        assert (state["safe"], state["starts"]) == (False, 1), session.text()


def test_a_terminal_stays_open_whatever_the_start_up_files_do(hub: FakeHub, ada: Learner) -> None:
    dotfiles_that_exit(ada)
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        session.run("sh", "-c", "mate-terminal >/dev/null 2>&1 &")
        wait_until(lambda: "mate-terminal" in session.windows(), 10, "the terminal is open")
        stays(lambda: "mate-terminal" in session.windows(), 2, "the terminal is open")
        assert session.pids("bash --noprofile")


@contextmanager
def files_unchanged(folder: Path) -> Iterator[None]:
    """Check that what is there now is not written to; new files may come beside it."""

    def changes() -> dict[Path, float]:
        return {path: path.lstat().st_mtime for path in folder.rglob("*") if not path.is_dir()}

    before = changes()
    yield
    assert {path: changed for path, changed in changes().items() if path in before} == before


@contextmanager
def full(ada: Learner) -> Iterator[None]:
    owner = f"uid={ada.uid},gid={ada.uid},mode=0700"
    with mounted("-t", "tmpfs", "-o", f"size=1m,{owner}", "home", ada.home):
        ada.write(".config/dconf/user", dconf_database(ada, "[org/mate/desktop]\n"))
        subprocess.run(["cp", "/dev/zero", ada.home / "big"], check=False, stderr=subprocess.DEVNULL)
        assert shutil.disk_usage(ada.home).free == 0
        yield


@contextmanager
def read_only(ada: Learner) -> Iterator[None]:
    ada.write(".config/dconf/user", dconf_database(ada, "[org/mate/desktop]\n"))
    with mounted("--bind", ada.home, ada.home):
        subprocess.run(["mount", "-o", "remount,ro,bind", ada.home], check=True)
        yield


@contextmanager
def roots_config(ada: Learner) -> Iterator[None]:
    (ada.home / ".config").mkdir(mode=0o755)
    yield


@contextmanager
def unreadable_dconf(ada: Learner) -> Iterator[None]:
    ada.write(".config/dconf/user", os.urandom(5000), 0)
    yield


@contextmanager
def a_pipe_for_dconf(ada: Learner) -> Iterator[None]:
    ada.write(".config/dconf/keys")
    os.mkfifo(ada.home / ".config/dconf/user")
    os.chown(ada.home / ".config/dconf/user", ada.uid, ada.uid)
    yield


@contextmanager
def a_file_for_config(ada: Learner) -> Iterator[None]:
    ada.write(".config")
    yield


@contextmanager
def a_file_for_desktop(ada: Learner) -> Iterator[None]:
    ada.write("Desktop")
    yield


@contextmanager
def a_lost_disk_for_desktop(ada: Learner) -> Iterator[None]:
    (ada.home / "Desktop").symlink_to("/nonexistent/disk/Desktop")
    yield


@pytest.mark.parametrize(
    ("home", "words"),
    [
        pytest.param(full, "is full", id="full"),
        pytest.param(read_only, "is read-only", id="read-only"),
        pytest.param(roots_config, "~/.config", id="root's config"),
        pytest.param(unreadable_dconf, "cannot be read", id="unreadable dconf"),
        pytest.param(a_pipe_for_dconf, "cannot be read", id="pipe for dconf"),
        pytest.param(a_file_for_config, "~/.config is not a folder", id="file for config"),
        pytest.param(a_file_for_desktop, "~/Desktop is not a folder", id="file for Desktop"),
        pytest.param(a_lost_disk_for_desktop, "~/Desktop is not a folder", id="Desktop on a lost disk"),
    ],
)
def test_a_home_that_keeps_no_settings_gives_a_safe_desktop_that_says_why(
    hub: FakeHub,
    ada: Learner,
    home: Callable[[Learner], AbstractContextManager[None]],
    words: str,
) -> None:
    with home(ada), files_unchanged(ada.home), desktop_session(ada, hub) as session:
        state = painted_within(session, START_SECONDS)
        assert state["safe"]
        assert words in state["safe_reason"]
        assert state["starts"] == 1
        assert session.run("sh", "-c", "echo $HOME").strip() == str(ada.home)
        # Nothing but the desktop: no message of a program that could not write.
        assert {window.title for window in session.x_server().windows()} == {"Top Panel", "Desktop"}


@pytest.mark.parametrize("stale", ["lock", "socket", "directory of another user", "nothing at all"])
def test_what_is_left_in_a_shared_tmp_does_no_harm(hub: FakeHub, ada: Learner, stale: str) -> None:
    tmp = Path(f"/run/desk-tmp-{os.getpid()}")
    tmp.mkdir()
    tmp.chmod(0o1777)
    number = 100 + ada.uid % 10_000  # the first that a session of this learner would take
    if stale == "lock":
        (tmp / f".X{number}-lock").write_text("         1\n")
    elif stale == "socket":
        (tmp / ".X11-unix").mkdir()
        (tmp / ".X11-unix").chmod(0o1777)
        (tmp / f".X11-unix/X{number}").touch()
    elif stale == "directory of another user":
        (tmp / ".ICE-unix").mkdir()
        (tmp / ".ICE-unix").chmod(0o755)
    try:
        with desktop_session(ada, hub, binds=(f"{tmp}:/tmp",)) as session:
            assert not painted_within(session, START_SECONDS)["safe"]
    finally:
        subprocess.run(["rm", "-r", tmp], check=True)


def test_twenty_sessions_start_on_one_node(hub: FakeHub) -> None:
    with ExitStack() as stack:
        learners = [stack.enter_context(learner(number)) for number in range(10, 30)]
        sessions = [stack.enter_context(desktop_session(one, hub, tmp_mib=64)) for one in learners]
        displays = set()
        for session in sessions:
            state = session.until("painted", timeout=120)
            assert (state["safe"], state["starts"]) == (False, 1), session.text()
            displays.add(session.x_server().display)
        assert len(displays) == 20


# What runs in each desktop, once.
PARTS = (
    "/usr/bin/Xtigervnc",
    "/usr/bin/dbus-daemon",
    "/usr/bin/mate-session",
    "mate-settings-daemon",
    "marco",
    "/usr/bin/caja",
    "dconf-service",
    "clock-applet",
)

# Accidents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "number"),
    [
        pytest.param("/usr/bin/Xtigervnc", signal.SIGKILL, id="X"),
        pytest.param("/usr/bin/mate-session", signal.SIGKILL, id="MATE"),
        pytest.param("/usr/bin/mate-session", signal.SIGTERM, id="MATE, asked"),
        pytest.param("/usr/bin/dbus-daemon", signal.SIGKILL, id="bus"),
    ],
)
def test_after_an_accident_the_desktop_is_back_and_files_are_kept(
    hub: FakeHub, ada: Learner, program: str, number: signal.Signals
) -> None:
    ada.write("Desktop/work.txt", "mine")
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        session.kill(program, number)
        state = painted_within(session, BACK_SECONDS, starts=2)
        assert "windows are lost; your files are kept" in state["notice"]
        assert not state["safe"]

        def one_of_each() -> bool:
            counts = {part: len(session.pids(part)) for part in PARTS}
            assert set(counts.values()) == {1}, counts
            return True

        wait_until(one_of_each, 5, "nothing of the old desktop is left")
    assert (ada.home / "Desktop/work.txt").read_text() == "mine"


@pytest.mark.parametrize("what", ["/tmp/*", "/tmp/classdesk-*/vnc.sock", "/tmp/.X11-unix/*", "/tmp/* /tmp/.[!.]*"])
def test_a_learner_who_empties_tmp_gets_a_new_desktop(hub: FakeHub, ada: Learner, what: str) -> None:
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        wait_until(lambda: session.request("GET", "desktop/state"), 20, "the server answers")
        session.run("sh", "-c", f"rm -rf {what}")

        def is_back() -> bool:
            # Through the server: the test's own way to the state file may be the one that was removed.
            state = session.request("GET", "desktop/state")[1]
            assert (state["state"], state["starts"]) == ("painted", 2), (state, session.text())
            assert "your files are kept" in state["notice"]
            return True

        wait_until(is_back, START_SECONDS, "a new desktop")
        assert session.windows() >= {"mate-panel", "caja"}
        assert session.x_server().path(session.x_server().vnc_socket).is_socket()


def test_a_learner_who_fills_tmp_keeps_the_session(hub: FakeHub, ada: Learner) -> None:
    with desktop_session(ada, hub, tmp_mib=64) as session:
        painted_within(session, START_SECONDS)
        wait_until(lambda: session.request("GET", "desktop/state"), 20, "the server answers")
        # What the ended desktop gives back is filled, too.
        filling = ada.home / "filling"
        filling.touch()
        fill = "while [ -e ~/filling ]; do cat /dev/zero >>/tmp/big; sleep 0.02; done"
        session.run("sh", "-c", f"({fill}) >/dev/null 2>&1 &")
        tmp = session.runtime.parent
        wait_until(lambda: os.statvfs(tmp).f_bavail == 0, 20, "it is full")
        session.kill("/usr/bin/mate-session")
        assert "/tmp) is full" in session.until("failed", timeout=60)["detail"]
        session.request("POST", "desktop/restart", {})
        session.until("failed", starts=session.state()["starts"] + 1, timeout=60)
        filling.unlink()
        wait_until(lambda: not session.pids("filling"), 10, "nothing fills it any longer")
        (tmp / "big").unlink()
        starts = session.state()["starts"]
        session.request("POST", "desktop/restart", {})
        painted_within(session, START_SECONDS, starts=starts + 1)


@pytest.mark.parametrize("command", ["killall", "pkill"])
def test_a_learner_who_ends_all_python_programs_keeps_the_session(hub: FakeHub, ada: Learner, command: str) -> None:
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        wait_until(lambda: session.request("GET", "desktop/state"), 20, "the server answers")
        session.run("sh", "-c", "python3 -c 'import time; time.sleep(600)' >/dev/null 2>&1 &")
        wait_until(lambda: session.pids("time.sleep"), 5, "the learner's program runs")
        for name in ("python", "python3"):
            session.run(command, name)
        wait_until(lambda: not session.pids("time.sleep"), 5, "the learner's program has ended")
        stays(lambda: session.request("GET", "desktop/state")[0] == 200, 2, "the server answers")
        assert session.state()["starts"] == 1


@pytest.mark.parametrize("program", ["mate-panel", "/usr/bin/caja", "marco"])
def test_a_part_that_is_killed_comes_back_by_itself(hub: FakeHub, ada: Learner, program: str) -> None:
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        old = session.pid(program)
        session.kill(program)
        wait_until(lambda: session.pid(program) != old, BACK_SECONDS, f"{program} is back")
        wait_until(
            lambda: {"mate-panel", "caja"} <= session.windows(),
            BACK_SECONDS,
            "the windows are back",
        )
        assert session.state()["starts"] == 1


def test_the_third_accident_in_a_row_starts_it_safe_and_a_new_desktop_is_the_learners_again(
    hub: FakeHub, ada: Learner
) -> None:
    with desktop_session(ada, hub) as session:
        for starts in (1, 2, 3):
            painted_within(session, START_SECONDS, starts=starts)
            session.kill("/usr/bin/mate-session")
        state = painted_within(session, BACK_SECONDS, starts=4)
        assert state["safe"]
        assert "three times" in state["safe_reason"]
        session.request("POST", "desktop/restart", {})
        assert not painted_within(session, BACK_SECONDS, starts=5)["safe"]


def test_settings_that_break_the_desktop_are_survived_reset_and_restored(hub: FakeHub, ada: Learner) -> None:
    broken = "[org/mate/desktop/session/required-components]\nwindowmanager='nonexistent'\n"
    ada.write(".config/dconf/user", dconf_database(ada, broken))
    with desktop_session(ada, hub) as session:
        state = session.until("painted", starts=4, timeout=90)
        assert state["safe"]
        assert "did not show its panel" in state["safe_reason"]
        database = (ada.home / ".config/dconf/user").read_bytes()
        assert b"nonexistent" in database

        said = session.run("desktop-reset", "--yes")
        assert "desktop-reset --restore" in said
        state = painted_within(session, START_SECONDS, starts=5)
        assert not state["safe"], state
        (kept,) = ada.home.glob(".local/state/classdesk/desktop-settings/*/.config/dconf/user")
        assert kept.read_bytes() == database

        stamp = kept.relative_to(ada.home / ".local/state/classdesk/desktop-settings").parts[0]
        session.run("desktop-reset", "--restore", stamp, "--yes")
        assert (ada.home / ".config/dconf/user").read_bytes() == database


def test_a_reset_over_the_network_keeps_the_settings_and_starts_afresh(hub: FakeHub, ada: Learner) -> None:
    ada.write(".config/dconf/user", dconf_database(ada, "[org/mate/desktop]\nmine=1\n"))
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        wait_until(lambda: session.request("GET", "desktop/state"), 20, "the server answers")
        status, answer = session.request("POST", "desktop/reset", {"what": "desktop"})
        assert status == 200
        kept = ada.home / str(answer["kept"]).removeprefix("~/") / ".config/dconf/user"
        assert b"mine" in kept.read_bytes()
        painted_within(session, START_SECONDS, starts=2)
        assert not session.state()["safe"]


def test_a_reset_works_in_a_full_home_and_says_what_it_cannot_move(hub: FakeHub, ada: Learner) -> None:
    with full(ada), desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        said = session.run("desktop-reset", "--yes")
        assert "are kept in" in said, said
        assert not (ada.home / ".config/dconf/user").exists()
        assert painted_within(session, START_SECONDS, starts=2)["safe"]


def test_a_reset_in_roots_config_says_what_it_cannot_move(hub: FakeHub, ada: Learner) -> None:
    (ada.home / ".config/dconf").mkdir(parents=True)
    (ada.home / ".config/dconf/user").write_bytes(b"")
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        said = session.run("desktop-reset", "--yes")
        assert "~/.config/dconf/user (Permission denied)" in said, said
        assert painted_within(session, START_SECONDS, starts=2)["safe"]


# Log-out -----------------------------------------------------------------------------------------


def log_out(session: DesktopSession) -> None:
    """Log out as the panel's dialogue does."""
    session.run(
        *("gdbus", "call", "--session", "--dest", "org.gnome.SessionManager"),
        *("--object-path", "/org/gnome/SessionManager"),
        *("--method", "org.gnome.SessionManager.Logout", "1"),
    )


def test_after_a_log_out_the_learner_is_asked(hub: FakeHub, ada: Learner) -> None:
    with desktop_session(ada, hub) as session:
        painted_within(session, START_SECONDS)
        log_out(session)
        state = session.until("logged out", timeout=5)
        assert state["starts"] == 1
        wait_until(lambda: not session.pids("/usr/bin/Xtigervnc"), 5, "X has ended")
        stays(lambda: session.state()["state"] == "logged out", 1, "no new desktop comes by itself")
        assert session.request("POST", "desktop/restart", {})[0] == 202
        assert not painted_within(session, START_SECONDS, starts=2)["notice"]


def test_a_site_may_want_a_new_desktop_at_once(hub: FakeHub, ada: Learner) -> None:
    with desktop_session(ada, hub, policy={"logout": "new"}) as session:
        painted_within(session, START_SECONDS)
        log_out(session)
        painted_within(session, START_SECONDS, starts=2)


@pytest.mark.parametrize("by", ["the site's rule", "the learner's choice"])
def test_a_log_out_may_end_the_session(hub: FakeHub, ada: Learner, by: str) -> None:
    policy = {"logout": "end"} if by == "the site's rule" else {}
    with desktop_session(ada, hub, policy=policy) as session:
        painted_within(session, START_SECONDS)
        wait_until(lambda: session.request("GET", "desktop/state"), 20, "the server answers")
        log_out(session)
        if by == "the learner's choice":
            session.until("logged out", timeout=5)
            session.request("POST", "desktop/end", {})
        assert session.process.wait(10) == 0, session.text()
