"""The session's side of the door to its node, where Slurm's commands are.

A request is eight bytes with its length, in network order, and JSON. The caller's descriptors come with the length.

    {"command", "arguments", "environment", "directory", "identity", "home", "script"}
    {"end_with_session": [job numbers]}
    {"listen": host}

`identity` is device and inode of `directory`: the command works there if the node's directory of that name is the same
one. `script` is a file's name and its text as base64; `null` among the arguments stands for its path. While the command
runs, each byte that is sent is the number of a signal for it. The answer is a line of JSON: `{"status"}`, or a sentence
as `{"error"}`, or `{"address": [host, port]}` with a listening socket of the node. The other side is
`classdesk_spawner/session/node_door.py`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from classdesk_desktop.protocol import Variable

# The door is made while the session starts, which takes longer where many start at once.
_PATIENCE_SECONDS: Final = 10.0
_PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class DoorError(Exception):
    """A command of Slurm cannot be run; the text says why, and what to do."""


@dataclass(frozen=True)
class Script:
    """The script of a job.

    Attributes:
        name: Its file's name, by which Slurm calls the job.
        text: Its text.
    """

    name: str
    text: bytes


@dataclass(frozen=True)
class NodeSocket:
    """A listening socket on the node.

    Attributes:
        socket: The socket; it does not block.
        host: The node's address for others.
        port: Its port.
    """

    socket: socket.socket
    host: str
    port: int


@dataclass(frozen=True)
class Door:
    """The door of this session or job.

    Attributes:
        directory: Where its socket is.
        environ: The variables that commands get.
        home: Where they work if the node does not have the caller's directory.
    """

    directory: Path
    environ: Mapping[str, str]
    home: str

    @classmethod
    def of(cls, environ: Mapping[str, str], passed_on: Mapping[str, str]) -> Door:
        """Return the door that the session's variables name.

        Args:
            environ: The variables of the session.
            passed_on: Those that commands get.

        Raises:
            DoorError: There is none.
        """
        directory = environ.get(Variable.DOOR, "")
        if not directory:
            raise DoorError("Slurm's commands came with a newer classdesk than this site's hub has.")
        return cls(Path(directory), passed_on, environ.get("HOME", "/"))

    @property
    def open_image(self) -> str:
        """The shell functions that open this image on any node of the cluster."""
        return (self.directory / "open-image").read_text(encoding="utf-8")

    @property
    def knows_directory(self) -> bool:
        """Whether the working directory is one that the nodes have, too, as far as can be seen here."""
        return not any(Path.cwd().is_relative_to(own) for own in ("/tmp", "/run", "/var/tmp", "/dev/shm"))  # noqa: S108

    def run(
        self,
        command: str,
        arguments: Sequence[str | None],
        script: Script | None = None,
        descriptors: Sequence[int] = (0, 1, 2),
    ) -> int:
        """Run a command on the node, pass on the signals that come here, and return its exit status.

        Args:
            command: The command's name.
            arguments: Its arguments; None stands for the path of the script.
            script: What is to be a file on the node.
            descriptors: Standard input, output and error, and what it gets from 3 on.

        Raises:
            DoorError: It cannot be run.
        """
        with self.begin(command, arguments, script, descriptors) as connection, _passing_signals(connection):
            return answer(connection)

    def output(self, command: str, arguments: Sequence[str]) -> str:
        """Run a command on the node, and return what it prints.

        Raises:
            DoorError: It cannot be run.
        """
        with tempfile.TemporaryFile() as file, Path(os.devnull).open("r+b") as nothing:
            self.run(command, arguments, None, (nothing.fileno(), file.fileno(), nothing.fileno()))
            file.seek(0)
            return file.read().decode(errors="replace")

    def end_with_session(self, jobs: Sequence[str]) -> None:
        """Have jobs cancelled when the session ends.

        Raises:
            DoorError: Nobody answers.
        """
        with self._ask({"end_with_session": list(jobs)}, ()) as connection:
            answer(connection)

    def listen(self, host: str = "") -> NodeSocket:
        """Return a new listening socket of the node's.

        Args:
            host: The address it is bound to; empty: all.

        Raises:
            DoorError: There is none.
        """
        with self._ask({"listen": host}, ()) as connection:
            try:
                told, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
            except OSError:
                told, descriptors = b"", []
            said = json.loads(told or b"{}")
            if "address" not in said or not descriptors:
                raise DoorError(str(said.get("error", "The node gave no socket.")))
            host, port = said["address"]
            listener = socket.socket(fileno=descriptors[0])
            listener.setblocking(False)
            return NodeSocket(listener, host, port)

    def begin(
        self,
        command: str,
        arguments: Sequence[str | None],
        script: Script | None = None,
        descriptors: Sequence[int] = (0, 1, 2),
    ) -> socket.socket:
        """Start a command as `run` does, and return the connection on which it is told how it ended (`answer`).

        Raises:
            DoorError: Nobody answers.
        """
        try:
            directory = Path.cwd()
            there = directory.stat()
            identity = [there.st_dev, there.st_ino]
        except OSError:  # it has been removed
            directory, identity = Path(self.home), [0, 0]
        request = {
            "command": command,
            "arguments": list(arguments),
            "environment": dict(self.environ),
            "directory": str(directory),
            "identity": identity,
            "home": self.home,
            "script": [script.name, base64.b64encode(script.text).decode()] if script else None,
        }
        return self._ask(request, descriptors)

    def _ask(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> socket.socket:
        body = json.dumps(request).encode()
        connection = self._connect()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(descriptors)}i", *descriptors))]
        try:
            connection.sendmsg([struct.pack("!Q", len(body))], rights if descriptors else [])
            connection.sendall(body)
        except OSError as error:
            raise DoorError(f"Slurm's commands cannot be reached on this node: {error.strerror}.") from None
        return connection

    def _connect(self) -> socket.socket:
        last = time.monotonic() + _PATIENCE_SECONDS
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(self.directory / "door"))
            except OSError as error:
                connection.close()
                if time.monotonic() > last or isinstance(error, ConnectionRefusedError):
                    raise DoorError(
                        "Slurm's commands cannot be reached on this node. They need /usr/bin/python3 there; "
                        "the log in ~/.local/state/classdesk has more."
                    ) from None
                time.sleep(0.05)
            else:
                return connection


def answer(connection: socket.socket) -> int:
    """Wait for the end of a command, and return its exit status as a shell gives it.

    Raises:
        DoorError: It could not be run.
    """
    told = b""
    while not told.endswith(b"\n"):
        try:
            more = connection.recv(4096)
        except OSError:
            more = b""
        if not more:
            raise DoorError("The node ended the command. The session may be ending.")
        told += more
    said = json.loads(told)
    if "error" in said:
        raise DoorError(str(said["error"]))
    status = int(said["status"])
    return status if status >= 0 else 128 - status


@contextlib.contextmanager
def _passing_signals(connection: socket.socket) -> Iterator[None]:
    def pass_on(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            connection.send(bytes([number]))

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
