"""The X server of a session: its number, its command line, its start."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from classdesk_desktop.protocol import Policy
from classdesk_desktop.session.environment import SYSTEM_PATH
from classdesk_desktop.session.processes import start_until_ready
from classdesk_desktop.session.runtime import RuntimeDirectory, read_cookie, read_desktop
from classdesk_desktop.session.x11 import XConnection, XProtocolError

X_SERVER: Final = "/usr/bin/Xtigervnc"
X11_SOCKETS: Final = Path("/tmp/.X11-unix")  # noqa: S108 - where every X client looks
ICE_SOCKETS: Final = Path("/tmp/.ICE-unix")  # noqa: S108 - where libICE listens
START_SECONDS: Final = 20.0
_KEYBOARD_SECONDS: Final = 3.0
_LAYOUT: Final = re.compile(r"[a-z]{2,}(\([a-z0-9_-]+\))?(,[a-z]{2,}(\([a-z0-9_-]+\))?)*")

# Low numbers belong to the node's own X servers. They also listen on abstract sockets, which every session
# of the node sees and which X clients try first: an own /tmp does not keep :0 apart from them.
_FIRST_DISPLAY: Final = 100
_DISPLAYS: Final = 10_000

T = TypeVar("T")


class DisplayError(Exception):
    """The node has no display number left."""


def x_command(runtime: RuntimeDirectory, display: int, ready_fd: int, title: str, policy: Policy) -> list[str]:
    """The X server's argument list."""
    return [
        X_SERVER,
        f":{display}",
        *("-displayfd", str(ready_fd)),
        # The whole protection of the desktop: no TCP, no abstract socket, a 0600 socket in a 0700
        # directory, and a cookie for X clients (GHSA-vrq4-9hc3-cgp7 tells what happens without).
        *("-rfbunixpath", str(runtime.vnc_socket)),
        *("-rfbunixmode", "0600"),
        *("-rfbport", "-1"),
        *("-nolisten", "tcp"),
        *("-nolisten", "local"),
        *("-SecurityTypes", "None"),
        *("-auth", str(runtime.x_authority)),
        *("-desktop", title),
        # Until the page tells the size of its window.
        *("-geometry", "1600x900"),
        *("-depth", "24"),
        *("-FrameRate", "60"),
        *("-CompareFB", "2"),
        "-AlwaysShared",
        "-AcceptSetDesktopSize=1",
        # The site's rule for the clipboard holds here, whatever a page sends.
        f"-AcceptCutText={policy.clipboard_in:d}",
        # X clients can change some parameters while the server runs, these among them, unless told here.
        "-AllowOverride=desktop",
        f"-SendCutText={policy.clipboard_out:d}",
        # Otherwise each selection with the mouse would overwrite the learner's clipboard.
        "-SendPrimary=0",
        "-SetPrimary=1",
        *("-MaxCutText", "1048576"),
        # No screen saver and no power saving: nobody could unlock, and a black screen frightens.
        *("-s", "0"),
        "-dpms",
        # Memory that X and its clients share to hand over pictures: 14 MB for a wallpaper, kept for ever. Through
        # the socket a whole screen of Firefox costs 6 ms of CPU more.
        *("-extension", "MIT-SHM"),
        "-noreset",
    ]


def taken_displays(proc_net_unix: str, socket_names: Iterable[str]) -> set[int]:
    """The display numbers in use, by abstract sockets of the node and by sockets in /tmp/.X11-unix."""
    numbers = {int(n) for n in re.findall(r"/\.X11-unix/X(\d+)$", proc_net_unix, re.MULTILINE)}
    numbers |= {int(name[1:]) for name in socket_names if re.fullmatch(r"X\d+", name)}
    return numbers


def free_display(taken: set[int], seed: int) -> int:
    """A free display number; the seed spreads the sessions of a node that share a /tmp."""
    for offset in range(_DISPLAYS):
        number = _FIRST_DISPLAY + (seed + offset) % _DISPLAYS
        if number not in taken:
            return number
    raise DisplayError(f"All {_DISPLAYS} display numbers of this node are taken.")


def choose_display(seed: int) -> int:
    """A display number that is free on this node now."""
    try:
        proc_net_unix = Path("/proc/net/unix").read_text()
    except OSError:
        proc_net_unix = ""
    locks = [f"X{path.name[2:-5]}" for path in X11_SOCKETS.parent.glob(".X*-lock")]
    sockets = [path.name for path in X11_SOCKETS.glob("X*")]
    return free_display(taken_displays(proc_net_unix, [*sockets, *locks]), seed)


def ask_x(runtime: RuntimeDirectory, question: Callable[[XConnection], T]) -> T | None:
    """What the desktop's X server answers; None where there is no desktop, or none that answers."""
    desktop = read_desktop(runtime.desktop_file)
    if not desktop:
        return None
    socket = X11_SOCKETS / f"X{desktop['display'].lstrip(':')}"
    try:
        with XConnection(socket, read_cookie(runtime.x_authority)) as connection:
            return question(connection)
    except (OSError, XProtocolError):
        return None


def make_socket_directories(*directories: Path) -> None:
    """Make the directories of X and ICE sockets where a fresh /tmp lacks them, with their usual mode."""
    for directory in directories or (X11_SOCKETS, ICE_SOCKETS):
        with contextlib.suppress(OSError):  # it is there, or X says what is wrong
            directory.mkdir()
            directory.chmod(0o1777)


async def set_keyboard(layout: str, environ: Mapping[str, str]) -> None:
    """Give the desktop a keyboard layout, as setxkbmap takes it; one that does not exist is logged by it.

    Keys come from the browser as letters, whatever the layout. It serves programs that ask for it.
    """
    if not _LAYOUT.fullmatch(layout):
        return
    process = await asyncio.create_subprocess_exec(
        *("/usr/bin/setxkbmap", "-layout", layout),
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_KEYBOARD_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def x_environment(environ: Mapping[str, str], runtime: RuntimeDirectory) -> dict[str, str]:
    """The X server's environment: it needs next to nothing, and no token."""
    env = {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(runtime.path),
        # Pictures of windows are given back when they are freed. glibc's own limit grows with the first one that
        # is, and from then on all others leave holes in the heap: 16 MB after the page has told its size.
        "MALLOC_MMAP_THRESHOLD_": str(128 * 1024),
    }
    return env | {name: environ[name] for name in ("HOME", "USER", "LOGNAME") if name in environ}


async def start_x(
    environ: Mapping[str, str],
    runtime: RuntimeDirectory,
    display: int,
    title: str,
    policy: Policy,
) -> asyncio.subprocess.Process:
    """Start the X server and wait until it accepts clients.

    Raises:
        NotReadyError: it ended, or did not come up in time.
    """
    return await start_until_ready(
        lambda ready_fd: x_command(runtime, display, ready_fd, title, policy),
        x_environment(environ, runtime),
        START_SECONDS,
    )
