"""The desktop image holds what the course needs and nothing that nobody uses."""

import subprocess
from pathlib import Path

import pytest

from support.image import IMAGE, run_in_image, shell

CONTENT_LIMIT_BYTES = 990_000_000
BLOCKS_LIMIT_BYTES = 1_090_000_000
"""On a disk with blocks of 4 KiB."""
ARCHIVE_LIMIT_BYTES = 380_000_000


@pytest.mark.parametrize(
    "program",
    [
        "Xtigervnc",
        "xauth",
        "xset",
        "mate-session",
        "marco",
        "notify-send",
        "yad",
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
        "gcc",
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
        "mate-icon-theme",
        "sound-theme-freedesktop",
        "blueman",
        "perl",
        "libllvm19",
        "g++",
    ],
)
def test_unwanted_package_is_not_installed(package: str, shared_image_home: Path) -> None:
    query = run_in_image(["dpkg-query", "-W", "-f", "${Status}", package], shared_image_home, check=False)
    assert "install ok installed" not in query.stdout


def test_only_the_settings_daemon_starts_by_itself() -> None:
    assert [file.name for file in (IMAGE / "etc/xdg/autostart").iterdir()] == ["mate-settings-daemon.desktop"]


def test_every_package_is_configured(shared_image_home: Path) -> None:
    assert run_in_image(["dpkg", "--audit"], shared_image_home).stdout == ""


@pytest.mark.parametrize(
    ("measure", "limit"),
    [(["--apparent-size"], CONTENT_LIMIT_BYTES), ([], BLOCKS_LIMIT_BYTES)],
    ids=["content", "blocks-on-the-disk"],
)
def test_size_stays_within_the_limit(measure: list[str], limit: int) -> None:
    command = ["du", "-sx", "--block-size=1", *measure, str(IMAGE.resolve())]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(output.split()[0]) <= limit


def test_archive_stays_within_the_limit() -> None:
    """What `make image` exports is one layer, compressed even a little better than here."""
    pack = f"tar --one-file-system -C {IMAGE.resolve()} -c . | gzip -6 | wc -c"
    output = subprocess.run(["bash", "-o", "pipefail", "-c", pack], capture_output=True, text=True, check=True).stdout
    assert int(output) <= ARCHIVE_LIMIT_BYTES


def test_nothing_of_the_building_machine_is_left() -> None:
    assert not (IMAGE / "run/classdesk-build").exists()
    assert "cert" not in (IMAGE / "etc/pip.conf").read_text()
