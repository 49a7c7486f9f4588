from __future__ import annotations

from pathlib import Path

import pytest

from classdesk_desktop.protocol import Policy
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.supervisor.display import (
    DisplayError,
    free_display,
    make_socket_directories,
    taken_displays,
    x_command,
    x_environment,
)

RUNTIME = RuntimeDirectory(Path("/tmp/classdesk-1-ab"))


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_the_x_server_listens_for_nobody_but_the_page_and_local_clients() -> None:
    command = x_command(RUNTIME, 105, 9, "ada's desktop", Policy())
    listening = [command[i + 1] for i, part in enumerate(command) if part == "-nolisten"]
    assert listening == ["tcp", "local"]
    assert option(command, "-rfbport") == "-1"
    assert option(command, "-rfbunixpath") == str(RUNTIME.vnc_socket)
    assert option(command, "-rfbunixmode") == "0600"
    assert option(command, "-auth") == str(RUNTIME.x_authority)


def test_the_x_server_gets_its_number_and_tells_when_it_is_ready() -> None:
    command = x_command(RUNTIME, 105, 9, "ada's desktop", Policy())
    assert command[:2] == ["/usr/bin/Xtigervnc", ":105"]
    assert option(command, "-displayfd") == "9"


def test_the_screen_never_goes_black() -> None:
    command = x_command(RUNTIME, 105, 9, "ada's desktop", Policy())
    assert option(command, "-s") == "0"
    assert "-dpms" in command


def test_the_x_server_does_not_know_the_token() -> None:
    env = x_environment({"HOME": "/home/ada", "JUPYTERHUB_API_TOKEN": "secret"}, RUNTIME)
    assert "secret" not in env.values()


def test_displays_of_the_node_and_of_this_tmp_are_taken() -> None:
    proc_net_unix = (
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000: 00000002 00000000 00010000 0001 01 24618 @/tmp/.X11-unix/X0\n"
        "0000: 00000002 00000000 00010000 0001 01 24619 /tmp/.X11-unix/X101\n"
        "0000: 00000003 00000000 00000000 0001 03 24620 @/tmp/.ICE-unix/10\n"
    )
    assert taken_displays(proc_net_unix, ["X7", "X102", "not-a-display"]) == {0, 7, 101, 102}


@pytest.mark.parametrize(
    ("taken", "seed", "expected"),
    [
        pytest.param(set(), 0, 100, id="first"),
        pytest.param({100, 101}, 0, 102, id="next free"),
        pytest.param(set(), 12_345, 2445, id="spread by the seed"),
        pytest.param({10_099}, 9_999, 100, id="around the end"),
    ],
)
def test_a_free_display_is_found(taken: set[int], seed: int, expected: int) -> None:
    assert free_display(taken, seed) == expected


def test_no_free_display_is_an_error() -> None:
    with pytest.raises(DisplayError, match="taken"):
        free_display(set(range(20_000)), 0)


def test_socket_directories_have_the_usual_mode_and_may_exist(tmp_path: Path) -> None:
    make_socket_directories(tmp_path / "x", tmp_path)
    assert (tmp_path / "x").stat().st_mode & 0o7777 == 0o1777
    assert tmp_path.stat().st_mode & 0o777 == 0o700
