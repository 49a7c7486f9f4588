"""How large MATE draws everything: twice as large for screens with twice as many pixels."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Final

from classdesk_desktop.session.environment import SYSTEM_PATH
from classdesk_desktop.session.runtime import RuntimeDirectory
from classdesk_desktop.supervisor.display import ask_x
from classdesk_desktop.supervisor.painting import show_wallpaper_early

GSETTINGS: Final = "/usr/bin/gsettings"
_KEY: Final = ("org.mate.interface", "window-scaling-factor")
# The default: mate-settings-daemon goes by the screen's size in millimetres, which is a usual one for a VNC server's.
_AUTOMATIC: Final = "0"
_USUAL: Final = "1"
_QUIT_FILE_MANAGER: Final = (
    *("/usr/bin/gdbus", "call", "--session"),
    *("--dest", "org.mate.Caja", "--object-path", "/org/mate/Caja"),
    *("--method", "org.gtk.Actions.Activate", "quit", "[]", "{}"),
)
_ANSWER_SECONDS: Final = 5.0
_FILE_MANAGER_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1


class ScaleError(Exception):
    """The desktop cannot be told; the text says why."""


async def set_scale(runtime: RuntimeDirectory, factor: int) -> None:
    """Let the programs of the desktop draw everything larger by a factor; running ones follow at once.

    mate-settings-daemon hands the factor on to them.

    Raises:
        ScaleError: there is no desktop, or its settings cannot be written.
    """
    present = await _gsettings(runtime, "get", *_KEY)
    if (_USUAL if present == _AUTOMATIC else present) == str(factor):
        return
    await _gsettings(runtime, "set", *_KEY, str(factor))
    # Where the home is full or read-only, gsettings says nothing, and the old value stays.
    if await _gsettings(runtime, "get", *_KEY) != str(factor):
        raise ScaleError("The desktop's settings cannot be written.")
    # The file manager alone loses sight of the icons on the desktop; the session starts it again at once.
    before = await asyncio.to_thread(ask_x, runtime, show_wallpaper_early)
    await _run(runtime, *_QUIT_FILE_MANAGER)
    if before:
        asyncio.get_running_loop().run_in_executor(None, _await_desktop, runtime, before)


def _await_desktop(runtime: RuntimeDirectory, before: list[int]) -> None:
    end = time.monotonic() + _FILE_MANAGER_SECONDS
    while time.monotonic() < end and ask_x(runtime, show_wallpaper_early) in ([], before):
        time.sleep(_LOOK_SECONDS)


async def _gsettings(runtime: RuntimeDirectory, *arguments: str) -> str:
    return await _run(runtime, GSETTINGS, *arguments)


async def _run(runtime: RuntimeDirectory, program: str, *arguments: str) -> str:
    environment = {name: os.environ[name] for name in ("HOME", "USER", "LOGNAME") if name in os.environ}
    environment |= {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        # Settings of this session alone, which never reach the home: the image's /etc/dconf/profile.
        "DCONF_PROFILE": "session",
        "XDG_RUNTIME_DIR": str(runtime.path),
        "DBUS_SESSION_BUS_ADDRESS": runtime.bus_address,
    }
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise ScaleError(f"{program} cannot be run: {error.strerror}.") from error
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            out, said = await process.communicate()
    except TimeoutError:
        process.kill()
        raise ScaleError("The desktop's settings do not answer.") from None
    if process.returncode:
        raise ScaleError(f"{program} says: {said.decode(errors='replace').strip()}")
    return out.decode().strip()
