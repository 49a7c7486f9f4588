"""Runs commands in the unpacked desktop image as an ordinary user, as a session's runtime does."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.world import PATIENCE, REPOSITORY


def _image() -> Path:
    """The image that a test names, or that of the working tree, where it has been built, or sessions' own."""
    if named := os.environ.get("CLASSDESK_IMAGE"):
        return Path(named)
    state = Path("/var/lib/classdesk")
    build = [str(REPOSITORY / "desktop_image/build/image"), "--inputs"]
    identity = subprocess.run(build, capture_output=True, text=True, check=True).stdout.strip()
    built = state / "images" / identity / "rootfs"
    return built if built.is_dir() else state / "image"


IMAGE: Final = _image()
USER: Final = "imagetester"  # exists in the image's view only
_UID: Final = 61234 if os.getuid() == 0 else os.getuid()
_GID: Final = 61234 if os.getuid() == 0 else os.getgid()


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Make an empty home directory that belongs to the image's user; pytest's own ones cannot be entered by them."""
    home = Path(tempfile.mkdtemp(prefix="classdesk-home-"))
    try:
        os.chown(home, _UID, _GID)
        yield home
    finally:
        shutil.rmtree(home)


def _data_file(text: str) -> int:
    descriptor = os.memfd_create("account")
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def run_in_image(
    argv: Sequence[str],
    home: Path,
    *,
    network: bool = False,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 60,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command in the image: read-only, own processes, private /tmp and /run, a writable home.

    Args:
        argv: The command.
        home: The learner's home directory on the host; keeps what the command writes.
        network: Whether the command sees the machine's network; otherwise it has none at all.
        env: Variables beside those of a log-in.
        timeout_s: The command is ended after this time.
        check: Fail with the command's output when it does not return 0.
    """
    assert (IMAGE / "usr").is_dir(), f"no desktop image at {IMAGE}: run `make image`"
    inside = Path("/home") / USER
    passwd = _data_file(f"root:x:0:0::/root:/bin/sh\n{USER}:x:{_UID}:{_GID}::{inside}:/bin/bash\n")
    group = _data_file(f"root:x:0:\n{USER}:x:{_GID}:\n")
    command = [] if os.getuid() else ["setpriv", f"--reuid={_UID}", f"--regid={_GID}", "--clear-groups"]
    command += [
        "bwrap",
        "--die-with-parent",
        "--unshare-pid",
        "--unshare-ipc",
        "--ro-bind",
        str(IMAGE.resolve()),
        "/",
    ]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for directory in ("/tmp", "/run", "/home"):
        command += ["--tmpfs", directory]
    command += ["--bind", str(home), str(inside), "--chdir", str(inside)]
    command += [
        "--ro-bind-data",
        str(passwd),
        "/etc/passwd",
        "--ro-bind-data",
        str(group),
        "/etc/group",
    ]
    if not network:
        command.append("--unshare-net")
    variables = {
        "HOME": str(inside),
        "USER": USER,
        "LOGNAME": USER,
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **(env or {}),
    }
    try:
        done = subprocess.run(
            [*command, "--", *argv],
            env=variables,
            pass_fds=(passwd, group),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE * timeout_s,
            check=False,
        )
    finally:
        os.close(passwd)
        os.close(group)
    assert not check or done.returncode == 0, f"{argv} returned {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def shell(script: str, home: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run lines of shell as a terminal of the desktop does: in a log-in shell."""
    return run_in_image(["bash", "-lc", script], home, **options)  # type: ignore[arg-type]
