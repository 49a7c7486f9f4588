"""The desktop image holds what the course needs, and works the way its page says."""

import json
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from support.image import IMAGE, USER, run_in_image, shell

COURSE_PIP_LINE = "pip install pandas numpy dask distributed graphviz bokeh dask_jobqueue mimesis requests matplotlib"
LIMIT_BYTES = 1_100_000_000  # the promise is 1.2 GB


@pytest.mark.parametrize(
    "program",
    [
        "Xtigervnc",
        "xauth",
        "xset",
        "mate-session",
        "marco",
        "mate-panel",
        "caja",
        "mate-terminal",
        "pluma",
        "feh",
        "eom",
        "firefox-esr",
        "dbus-run-session",
        "gsettings",
        "dconf",
        "dot",
        "git",
        "nano",
        "wget",
        "curl",
        "less",
        "man",
        "ps",
        "python3",
        "lesson",
        "/opt/classdesk/bin/classdesk-session",
        "/opt/classdesk/server/bin/jupyterhub-singleuser",
    ],
)
def test_program_is_there_and_finds_its_libraries(program: str, shared_image_home: Path) -> None:
    # Also a library that is there and cannot be loaded is named on stderr.
    script = f'path=$(command -v {program}) && echo "$path" && (ldd "$path" || true)'
    outcome = shell(script, shared_image_home)
    assert "not found" not in outcome.stdout
    assert "error while loading" not in outcome.stdout + outcome.stderr


def test_every_library_finds_its_own(shared_image_home: Path) -> None:
    """No library that is left out, stripped or made empty is missed by one that stays."""
    look = 'if said=$(ldd "$0" 2>&1 | grep -E "not found|error while"); then echo "$0: $said"; fi'
    script = (
        "export LD_LIBRARY_PATH=/usr/lib/firefox-esr;"
        " find /usr/lib /opt/python /opt/classdesk/server -type f -name '*.so*' -print0"
        f" | xargs -0 -n 1 -P 2 sh -c '{look}'"
    )
    assert shell(script, shared_image_home, timeout_s=120).stdout == ""


@pytest.mark.parametrize(
    "package",
    [
        "mate-screensaver",
        "mate-power-manager",
        "gnome-keyring",
        "mate-polkit",
        "polkitd",
        "packagekit",
        "network-manager",
        "gvfs",
        "gvfs-daemons",
        "udisks2",
        "systemd",
        "mate-user-guide",
        "blueman",
        "perl",
        "libllvm19",
        "gcc",
    ],
)
def test_unwanted_package_is_not_installed(package: str, shared_image_home: Path) -> None:
    query = run_in_image(
        ["dpkg-query", "-W", "-f", "${Status}", package], shared_image_home, check=False
    )
    assert "install ok installed" not in query.stdout


def test_only_the_settings_daemon_starts_by_itself() -> None:
    assert [file.name for file in (IMAGE / "etc/xdg/autostart").iterdir()] == [
        "mate-settings-daemon.desktop"
    ]


def test_every_package_is_configured(shared_image_home: Path) -> None:
    assert run_in_image(["dpkg", "--audit"], shared_image_home).stdout == ""


@pytest.mark.parametrize(
    "measure", [["--apparent-size"], []], ids=["content", "blocks-on-the-disk"]
)
def test_size_stays_within_the_limit(measure: list[str]) -> None:
    command = ["du", "-sx", "--block-size=1", *measure, str(IMAGE.resolve())]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(output.split()[0]) <= LIMIT_BYTES


def test_nothing_of_the_building_machine_is_left() -> None:
    assert not (IMAGE / "run/classdesk-build").exists()
    assert "cert" not in (IMAGE / "etc/pip.conf").read_text()


# --- modules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [["-lc"], ["-ic"], ["-lic"]], ids=["log-in", "interactive", "both"]
)
def test_module_load_python_works_in_every_kind_of_shell(
    options: list[str], shared_image_home: Path
) -> None:
    script = (
        "module load python && module list 2>&1 && command -v python && python -c 'print(6 * 7)'"
    )
    output = run_in_image(["bash", *options, script], shared_image_home).stdout
    assert "python/3.13." in output
    assert "/opt/python/3.13/bin/python\n42\n" in output


def test_module_avail_shows_the_one_python(shared_image_home: Path) -> None:
    output = shell("module -t avail 2>&1", shared_image_home).stdout
    versions = [line for line in output.split() if line.startswith("python/") and line != "python/"]
    assert [version.rsplit(".", 1)[0] for version in versions] == ["python/3.13"]


def test_module_avail_gives_no_advice(shared_image_home: Path) -> None:
    lines = [
        line for line in shell("module avail 2>&1", shared_image_home).stdout.splitlines() if line
    ]
    assert len(lines) == 2  # the directory and the one module


def test_python_without_the_module_says_what_to_type(shared_image_home: Path) -> None:
    outcome = shell("python ./hello.py", shared_image_home, check=False)
    assert outcome.returncode == 127
    assert "module load python" in outcome.stderr


def test_module_changes_nothing_but_the_path(shared_image_home: Path) -> None:
    script = "env -0 | sort -z >before; module load python; env -0 | sort -z | comm -z13 before - | tr '\\0' '\\n'"
    changed = {
        line.split("=")[0]
        for line in shell(script, shared_image_home).stdout.splitlines()
        if "=" in line
    }
    assert {name for name in changed if not name.startswith(("_", "LMOD", "LOADEDMODULES"))} == {
        "PATH"
    }


# --- the course's Python -------------------------------------------------------------------------------------------


def test_course_pip_line_succeeds_quickly_without_network(image_home: Path) -> None:
    began = time.monotonic()
    output = shell(f"module load python && {COURSE_PIP_LINE}", image_home).stdout
    assert time.monotonic() - began < 10
    assert output.count("Requirement already satisfied") >= 10
    assert not (image_home / ".local/lib").exists()


@pytest.mark.parametrize(
    "module",
    [
        "pandas",
        "numpy",
        "dask",
        "dask.dataframe",
        "dask.array",
        "dask.delayed",
        "distributed",
        "distributed.cli.dask_worker",
        "graphviz",
        "bokeh.plotting",
        "dask_jobqueue",
        "mimesis",
        "requests",
        "matplotlib.pyplot",
        "pyarrow.parquet",
        "pyarrow.fs",
        "virtualenv",
        "tkinter",
        "numpy.testing",
        "pandas.testing",
        "dask.datasets",
    ],
)
def test_course_module_imports(module: str, shared_image_home: Path) -> None:
    shell(
        f"module load python && python -W error::ImportWarning -c 'import {module}'",
        shared_image_home,
    )


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("to_parquet('data')", "read_parquet('data')"),
        ("to_csv('data-*.csv', index=False)", "read_csv('data-*.csv')"),
    ],
    ids=["parquet", "csv"],
)
def test_dataframe_survives_a_file(write: str, read: str, image_home: Path) -> None:
    (image_home / "frame.py").write_text(
        "import dask.dataframe as dd, pandas as pd\n"
        "frame = pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'z']})\n"
        f"dd.from_pandas(frame, npartitions=2).{write}\n"
        f"print(dd.{read}.a.sum().compute())\n"
    )
    assert shell("module load python && python frame.py", image_home).stdout.split() == ["6"]


def test_no_requirement_is_broken(shared_image_home: Path) -> None:
    assert (
        "No broken requirements"
        in shell("module load python && pip check", shared_image_home).stdout
    )


def _wheel(home: Path, name: str, version: str) -> str:
    info = f"{name}-{version}.dist-info"
    file = home / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", f"__version__ = {version!r}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return file.name


@pytest.mark.parametrize(
    ("name", "version"),
    [("something_else", "1.0"), ("toolz", "99.0")],
    ids=["new", "newer-than-ours"],
)
def test_pip_installs_into_the_learners_own_site(name: str, version: str, image_home: Path) -> None:
    shell(
        f"module load python && pip install --no-index ./{_wheel(image_home, name, version)}",
        image_home,
    )
    later = shell(
        f"module load python && python -c 'import {name}; print({name}.__version__)'", image_home
    )
    assert later.stdout.strip() == version
    assert (image_home / ".local/lib/python3.13/site-packages" / name).is_dir()


@pytest.mark.parametrize(
    "command", ["python -m venv v", "virtualenv --no-download v"], ids=["venv", "virtualenv"]
)
def test_environment_is_made_without_network_and_is_empty(command: str, image_home: Path) -> None:
    wheel = _wheel(image_home, "mine", "2.5")
    shell(
        f"module load python && {command} && . v/bin/activate && pip install --no-index ./{wheel}",
        image_home,
    )
    listed = shell(". v/bin/activate && pip list --format=json", image_home).stdout
    assert {entry["name"] for entry in json.loads(listed)} == {"pip", "mine"}
    assert shell("v/bin/python -c 'import dask'", image_home, check=False).returncode == 1
    assert not (image_home / ".local/lib").exists()


def test_system_packages_are_not_the_courses(shared_image_home: Path) -> None:
    script = "module load python && python -c 'import sys; print(*sys.path, sep=chr(10))'"
    assert "/usr/lib/python3/dist-packages" not in shell(script, shared_image_home).stdout.split()


def test_visualize_draws_a_graph(image_home: Path) -> None:
    script = "module load python && python -c 'from dask import delayed; delayed(sum)([1, 2]).visualize()'"
    assert "Warning" not in shell(script, image_home).stderr
    assert (image_home / "mydask.png").read_bytes().startswith(b"\x89PNG")


def test_bytecode_is_compiled(shared_image_home: Path) -> None:
    script = "python -v -c 'import pandas, distributed, bokeh' 2>&1 | grep -c 'wrote\\|could not write'; true"
    assert shell(f"module load python; {script}", shared_image_home).stdout.strip() == "0"


# --- the desktop's settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "key", "value", "locked"),
    [
        ("org.mate.lockdown", "disable-lock-screen", "true", True),
        ("org.mate.lockdown", "disable-user-switching", "true", True),
        ("org.mate.session", "auto-save-session", "false", True),
        ("org.mate.session", "logout-timeout", "0", True),
        ("org.mate.session", "gnome-compat-startup", "['smproxy']", True),
        ("org.mate.Marco.general", "compositing-manager", "false", True),
        ("org.mate.SettingsDaemon.plugins.xrandr", "active", "false", True),
        ("org.mate.SettingsDaemon.plugins.keyboard", "active", "false", True),
        ("org.mate.SettingsDaemon.plugins.housekeeping", "active", "false", True),
        ("org.mate.background", "color-shading-type", "'solid'", False),
        ("org.mate.pluma", "insert-spaces", "true", False),
        ("org.mate.pluma", "tabs-size", "uint32 2", False),
        ("org.mate.pluma", "auto-indent", "true", False),
        ("org.mate.pluma", "display-line-numbers", "true", False),
        ("org.mate.pluma", "highlight-current-line", "true", False),
        (
            "org.mate.terminal.profile:/org/mate/terminal/profiles/default/",
            "login-shell",
            "true",
            False,
        ),
        ("org.mate.terminal.keybindings", "zoom-in", "'<ctrl>plus'", False),
        ("org.mate.terminal.keybindings", "zoom-out", "'<ctrl>minus'", False),
        ("org.mate.panel", "toplevel-id-list", "['top']", False),
    ],
)
def test_setting_has_our_value(
    schema: str, key: str, value: str, locked: bool, shared_image_home: Path
) -> None:
    script = f"gsettings get {schema} {key}; gsettings writable {schema} {key}"
    got, writable = shell(script, shared_image_home).stdout.strip().splitlines()
    assert got.lower() == value.lower()
    if locked:
        assert writable == "false"


def test_panel_launchers_point_at_programs_of_the_image(shared_image_home: Path) -> None:
    script = (
        "for item in $(dconf list /org/mate/panel/objects/); do"
        " dconf read /org/mate/panel/objects/${item}launcher-location; done"
    )
    files = shell(script, shared_image_home).stdout.replace("'", "").split()
    assert len(files) == 5
    assert [file for file in files if not (IMAGE / file.lstrip("/")).is_file()] == []


@pytest.mark.parametrize(
    ("kind", "program"),
    [
        ("text/x-python", "pluma"),
        ("text/plain", "pluma"),
        ("image/png", "eom"),
        ("application/pdf", "firefox-esr"),
        ("text/html", "firefox-esr"),
        ("x-scheme-handler/http", "firefox-esr"),
        ("inode/directory", "caja"),
    ],
)
def test_file_opens_with(kind: str, program: str, shared_image_home: Path) -> None:
    output = run_in_image(["gio", "mime", kind], shared_image_home).stdout
    assert f": {program}.desktop" in output.splitlines()[0]


def test_menus_have_no_entry_with_nothing_behind_it() -> None:
    """Without gvfs and a control centre; an entry that stays would end in an error message."""
    menus = "".join(file.read_text() for file in (IMAGE / "usr/share/caja/ui").glob("*.xml"))
    assert menus
    for action in ("Change Background", "Go to Network", "Go to Computer", "Go to Trash"):
        assert f'action="{action}"' not in menus


def test_lessons_hold_nothing_but_lessons() -> None:
    lessons = list((IMAGE / "opt/classdesk/lessons").iterdir())
    assert lessons
    assert all((lesson / "README.md").is_file() for lesson in lessons)


def test_fonts_are_cached_in_the_image(image_home: Path) -> None:
    shell("fc-match monospace && echo 'digraph { a }' | dot -Tpng -o g.png", image_home)
    assert not (image_home / ".cache/fontconfig").exists()


def test_looking_writes_nothing_into_the_home(image_home: Path) -> None:
    shell(
        "module avail; gsettings list-recursively org.mate.pluma >/dev/null; dot -V; python3 -c pass",
        image_home,
    )
    assert {file.name for file in image_home.iterdir()} <= {".cache"}


def test_browser_starts_without_gpu_and_paints_a_page(image_home: Path) -> None:
    page = image_home / "page.html"
    page.write_text(
        "<body style='background: #008000'><script>document.title = 'ran'</script></body>"
    )
    shot = f"/home/{USER}/shot.png"
    command = [
        "firefox-esr",
        "--headless",
        "--window-size=400,300",
        f"--screenshot={shot}",
        f"file:///home/{USER}/page.html",
    ]
    run_in_image(command, image_home, timeout_s=90)
    assert (image_home / "shot.png").read_bytes().startswith(b"\x89PNG")


def test_notebook_kernel_is_the_courses_python(image_home: Path) -> None:
    code = "import sys, dask.dataframe; print(sys.prefix)"
    (image_home / "n.ipynb").write_text(
        json.dumps(
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "id": "a",
                        "metadata": {},
                        "outputs": [],
                        "execution_count": None,
                        "source": code,
                    }
                ],
                "metadata": {
                    "kernelspec": {"name": "python3", "display_name": "x", "language": "python"}
                },
                "nbformat": 4,
                "nbformat_minor": 5,
            }
        )
    )
    # A kernel listens on loopback, which an empty network namespace has down.
    run_in_image(
        [
            "/opt/classdesk/server/bin/jupyter-nbconvert",
            "--to",
            "notebook",
            "--execute",
            "--output",
            "o.ipynb",
            "n.ipynb",
        ],
        image_home,
        network=True,
    )
    cell = json.loads((image_home / "o.ipynb").read_text())["cells"][0]
    assert cell["outputs"][0]["text"] == ["/opt/python/3.13\n"]
