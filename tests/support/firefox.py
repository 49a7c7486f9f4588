"""A learner's own Firefox: the one of the image, driven over Marionette.

Playwright drives a Firefox of its own alone. Marionette is what every Firefox brings: JSON messages over a local
socket (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
"""

import base64
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.world import wait_until

IMAGE = Path("/var/lib/classdesk/image")
PORT = 2828
HOST_NAME = "desk.example"
"""A name of this machine that no browser takes for a safe one, as it does with `localhost`."""

WITH_A_WINDOW = 'user_pref("focusmanager.testmode", false);\n'
"""Marionette would have Firefox take its focus for granted, and then nothing composes."""

CONTROL, SHIFT, ENTER = "\ue009", "\ue008", "\ue007"
_KEY_MS = 10


class Firefox:
    """A running Firefox."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", PORT), timeout=60)
        self._file = self._socket.makefile("rb")
        self._number = 0
        self._receive()
        self._ask("WebDriver:NewSession", {})

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def open(self, url: str) -> None:
        """Goes to a page and waits until it is loaded."""
        self._ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Runs the body of a function in the page."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": arguments})["value"]

    def read(self, script: str) -> Any:
        """Runs the body of a function that returns what the page shows.

        Raises:
            LookupError: Nothing was returned: a page that is just being left has nothing to say.
        """
        value = self.run(script)
        if value is None:
            raise LookupError(f"the page says nothing to {script!r}")
        return value

    def press(self, *keys: str) -> None:
        """Presses keys together, as WebDriver names them."""
        self._act([_key("keyDown", key) for key in keys] + [_key("keyUp", key) for key in keys[::-1]])

    def type(self, text: str) -> None:
        """Presses keys one after the other."""
        for character in text:
            self.press(character)

    def click(self, x: float, y: float, button: int = 0) -> None:
        """Clicks at a place of the page; button 2 is the right one."""
        actions: list[dict[str, Any]] = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 50},
            {"type": "pointerDown", "button": button},
            {"type": "pause", "duration": 50},
            {"type": "pointerUp", "button": button},
        ]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._ask("WebDriver:PerformActions", {"actions": [mouse | {"actions": actions}]})

    def screenshot(self, path: Path) -> None:
        """Keeps a picture of the page."""
        answer = self._ask("WebDriver:TakeScreenshot", {"full": False})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["value"]))

    def _act(self, actions: list[dict[str, Any]]) -> None:
        with_pauses = [step for each in actions for step in (each, {"type": "pause", "duration": _KEY_MS})]
        keyboard = {"type": "key", "id": "keyboard", "actions": with_pauses}
        self._ask("WebDriver:PerformActions", {"actions": [keyboard]})

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._receive()
        assert not error, f"{command}: {error['message']}"
        return result

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            part = self._file.read(1)
            assert part, "Firefox has gone"
            length += part
        return json.loads(self._file.read(int(length[:-1])))


def log_in(browser: Firefox, url: str, name: str, password: str) -> None:
    """Opens a page that wants to know who comes, tells it, and waits until the page is there."""
    browser.open(url)
    browser.run(
        """document.querySelector("[name=username]").value = arguments[0];
        document.querySelector("[name=password]").value = arguments[1];
        document.querySelector("form").requestSubmit();""",
        name,
        password,
    )
    path = urlsplit(url).path
    wait_until(lambda: browser.read("return location.pathname").startswith(path), 30, "logged in")


def _key(kind: str, key: str) -> dict[str, Any]:
    return {"type": kind, "value": key}


@contextmanager
def firefox(scratch: Path, display: str = "") -> Iterator[Firefox]:
    """Starts a Firefox with a fresh profile, which knows this machine as HOST_NAME, too.

    Args:
        scratch: Where its files go.
        display: The X server on which it has its window; by default it has none.
    """
    hosts = scratch / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST_NAME}\n")
    preferences = scratch / "user.js"
    preferences.write_text(WITH_A_WINDOW if display else "")
    command = ["/usr/bin/bwrap", "--die-with-parent", "--unshare-pid", "--clearenv"]
    for name in ("usr", "opt", "var"):
        command += ["--ro-bind", f"{IMAGE}/{name}", f"/{name}"]
    for name in ("bin", "lib", "lib64"):
        command += ["--symlink", f"usr/{name}", f"/{name}"]
    for name in ("proc", "dev"):
        command += [f"--{name}", f"/{name}"]
    command += ["--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", "/tmp/home"]
    # Of /etc only what it needs: the image's has policies for the desktop's own Firefox.
    for name in ("fonts", "ssl", "passwd", "ld.so.cache"):
        command += ["--ro-bind-try", f"{IMAGE}/etc/{name}", f"/etc/{name}"]
    command += ["--ro-bind", str(hosts), "/etc/hosts", "--setenv", "HOME", "/tmp/home"]
    command += ["--ro-bind", str(preferences), "/tmp/home/user.js"]
    command += ["--setenv", "DISPLAY", display] if display else ["--setenv", "MOZ_HEADLESS", "1"]
    command += ["--", "/usr/lib/firefox-esr/firefox-esr", "--marionette"]
    command += ["--no-remote", "--profile", "/tmp/home", "--width", "1280", "--height", "880"]
    with (scratch / "firefox.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        browser = wait_until(Firefox, 60, "Firefox listens")
        try:
            yield browser
        finally:
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
