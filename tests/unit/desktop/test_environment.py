from __future__ import annotations

import os
from pathlib import Path

import pytest

from classdesk_desktop.session.environment import (
    SYSTEM_PATH,
    dashboard_link,
    desktop_environment,
    server_environment,
)
from classdesk_desktop.session.runtime import RuntimeDirectory

REPOSITORY = Path(__file__).parents[3]
RUNTIME = RuntimeDirectory(Path("/tmp/classdesk-1-ab"))

JOB = {
    "HOME": "/home/ada",
    "USER": "ada",
    "LANG": "en_CA.UTF-8",
    "LESSONS_URL": "http://hub/lessons",
    "CLASSDESK_END": "1",
    "SLURM_JOB_ID": "7",
    "OMP_NUM_THREADS": "2",
    "JUPYTERHUB_API_TOKEN": "secret",
    # What a learner's or a site's shell may have left behind.
    "PATH": "/home/ada/miniconda3/bin:/home/ada/.local/bin:/usr/bin",
    "CONDA_PREFIX": "/home/ada/miniconda3",
    "PYTHONPATH": "/home/ada/lib",
    "PYTHONHOME": "/home/ada",
    "LD_LIBRARY_PATH": "/home/ada/lib",
    "LD_PRELOAD": "/home/ada/evil.so",
    "VIRTUAL_ENV": "/home/ada/env",
    "BASH_ENV": "/home/ada/env.sh",
    "BASH_FUNC_module%%": "() { :; }",
    "SESSION_MANAGER": "local/elsewhere",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus",
    "WAYLAND_DISPLAY": "wayland-0",
    "DISPLAY": ":0",
    "XAUTHORITY": "/home/ada/.Xauthority",
    "XDG_RUNTIME_DIR": "/run/user/1",
    "XDG_CONFIG_DIRS": "/home/ada/xdg",
    "GTK_MODULES": "gail",
    "G_DEBUG": "fatal-warnings",
    "DCONF_PROFILE": "/nonexistent",
    "FONTCONFIG_FILE": "/nonexistent",
    "SBATCH_EXPORT": "NONE",
    "SLURM_EXPORT_ENV": "NIL",
    "TMPDIR": "/scratch/long/path",
}

FOREIGN = [
    "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "VIRTUAL_ENV", "BASH_ENV",
    "BASH_FUNC_module%%", "SESSION_MANAGER", "WAYLAND_DISPLAY", "XDG_CONFIG_DIRS",
    "GTK_MODULES", "G_DEBUG", "DCONF_PROFILE", "FONTCONFIG_FILE", "SBATCH_EXPORT", "SLURM_JOB_ID",
    "SLURM_EXPORT_ENV", "TMPDIR",
]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_what_breaks_desktops_is_left_out(name: str) -> None:
    assert name not in desktop_environment(JOB, RUNTIME, 101)
    assert name not in server_environment(JOB, RUNTIME, 5, 6)


@pytest.mark.parametrize("name", ["HOME", "LANG", "LESSONS_URL", "OMP_NUM_THREADS"])
def test_what_a_site_gives_to_its_sessions_is_kept(name: str) -> None:
    assert desktop_environment(JOB, RUNTIME, 101)[name] == JOB[name]


def test_a_conda_in_front_of_the_path_does_not_reach_the_desktop() -> None:
    assert desktop_environment(JOB, RUNTIME, 101)["PATH"] == SYSTEM_PATH


@pytest.mark.parametrize(("shell", "expected"), [("/bin/sh", "/bin/sh"), ("/bin/nosh", "/bin/bash"), ("", "/bin/bash")])
def test_the_shell_is_one_that_the_image_has(shell: str, expected: str) -> None:
    assert desktop_environment(JOB | {"SHELL": shell}, RUNTIME, 101)["SHELL"] == expected
    assert server_environment(JOB | {"SHELL": shell}, RUNTIME, 5, 6)["SHELL"] == expected


def test_the_desktop_has_its_own_display_and_runtime_directory() -> None:
    env = desktop_environment(JOB, RUNTIME, 101)
    assert env["DISPLAY"] == ":101"
    assert env["XAUTHORITY"].startswith(str(RUNTIME.path))
    assert env["ICEAUTHORITY"].startswith(str(RUNTIME.path))
    assert env["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={RUNTIME.path}/bus"
    assert env["XDG_RUNTIME_DIR"] == str(RUNTIME.path)
    assert env["XDG_CURRENT_DESKTOP"] == "MATE"
    assert env["XDG_SESSION_TYPE"] == "x11"


def test_the_desktop_does_not_know_the_hubs_token() -> None:
    assert not [name for name in desktop_environment(JOB, RUNTIME, 101) if name.startswith("JUPYTER")]


def test_the_server_knows_the_token_its_socket_and_no_configuration_of_the_learner() -> None:
    env = server_environment(JOB, RUNTIME, 5, 6)
    assert env["JUPYTERHUB_API_TOKEN"] == "secret"
    assert env["CLASSDESK_LISTEN_FD"] == "5"
    assert env["CLASSDESK_SUPERVISOR"] == "6"
    assert env["JUPYTER_NO_CONFIG"] == "1"
    assert "DISPLAY" not in env


def test_a_program_of_the_server_that_opens_a_page_says_where_it_is() -> None:
    browser = server_environment(JOB, RUNTIME, 5, 6)["BROWSER"]
    assert os.access(REPOSITORY / "desktop_image/rootfs" / browser.lstrip("/"), os.X_OK)
    assert "BROWSER" not in desktop_environment(JOB, RUNTIME, 101)


@pytest.mark.parametrize(
    ("environ", "link"),
    [
        pytest.param({}, None, id="desktop"),
        pytest.param(
            {"CLASSDESK_INTERFACE": "lab", "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"},
            "/user/ada/proxy/8787/status",
            id="JupyterLab",
        ),
        pytest.param(
            {
                "CLASSDESK_INTERFACE": "terminal",
                "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
                "JUPYTERHUB_PUBLIC_URL": "https://hub.example.org/user/ada/",
            },
            "https://hub.example.org/user/ada/proxy/8787/status",
            id="public address",
        ),
        pytest.param(
            {"CLASSDESK_INTERFACE": "lab", "JUPYTERHUB_SERVICE_PREFIX": "/user/{x}/"},
            "/user/{x}/proxy/8787/status",
            id="braces",
        ),
    ],
)
def test_dasks_dashboard_is_reached_through_the_sessions_server(environ: dict[str, str], link: str | None) -> None:
    template = server_environment(environ, RUNTIME, 5, 6).get("DASK_DISTRIBUTED__DASHBOARD__LINK")
    assert (template and template.format(port=8787)) == link
    assert dashboard_link({**environ, "CLASSDESK_INTERFACE": "desktop"}) == {}


def test_the_link_has_the_address_that_the_learners_browser_uses() -> None:
    told = {"CLASSDESK_INTERFACE": "lab", "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
    (link,) = dashboard_link(told, "https://hub.example.org").values()
    assert link == "https://hub.example.org/user/ada/proxy/{port}/status"
    (link,) = dashboard_link({**told, "JUPYTERHUB_PUBLIC_URL": "https://other/user/ada/"}, "https://hub").values()
    assert link == "https://other/user/ada/proxy/{port}/status", "the site's own word comes first"


@pytest.mark.parametrize(
    ("told", "directory"),
    [
        pytest.param({"CLASSDESK_SCRATCH": "/var/tmp"}, "/var/tmp", id="the node's disk"),
        pytest.param({"CLASSDESK_SCRATCH": ""}, None, id="no disk"),
        pytest.param({}, None, id="a hub that does not say"),
    ],
)
def test_dask_puts_what_does_not_fit_on_the_nodes_disk(told: dict[str, str], directory: str | None) -> None:
    for env in (desktop_environment({**JOB, **told}, RUNTIME, 1), server_environment({**JOB, **told}, RUNTIME, 5, 6)):
        assert env.get("DASK_TEMPORARY_DIRECTORY") == directory
