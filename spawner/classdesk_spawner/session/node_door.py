"""A session's door to its node: runs Slurm's commands where they are installed, outside the image, as the learner.

The batch script runs it with the node's own Python, which may be as old as 3.9; standard library only. It listens on a
socket in a directory that only the learner can enter, and runs nothing but Slurm's commands. The other side is
`classdesk_desktop/session/door.py`, which says what is asked and answered.

It starts with each session, and a class is hundreds of them at the same moment: what is needed only for a command is
imported when there is one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import subprocess

COMMANDS = ("sinfo", "squeue", "sbatch", "srun", "salloc", "scancel", "scontrol", "sacct", "seff")
MOST_BYTES = 64 * 1024 * 1024
MOST_DESCRIPTORS = 8
CANCEL_SECONDS = 15
YOUNG_SECONDS = 60
LOOPBACK = "127.0.0.1"
SOMEWHERE = "198.51.100.1"  # nowhere in fact (RFC 5737)
# Where a node without one in /etc has Slurm's configuration. The session's own variables of Slurm are not passed on.
NODE_VARIABLES = ("SLURM_CONF",)


class RefusedError(Exception):
    """A request cannot be carried out; the text tells the learner why."""


class Door:
    """The door of one session or job.

    Attributes:
        directory: The door's own directory; its end ends it.
        slurm: Where Slurm's commands are; empty: the session has none.
        path: Directories with them, as PATH has them.
        hub: The hub's host.
        ports: Those that a socket for others may have, such as 20000-20999; empty: any.
        ends_with_session: Numbers of jobs that are cancelled at the end.
    """

    def __init__(self, directory: Path, slurm: str, hub: str, ports: str) -> None:
        self.directory = directory
        self.slurm = slurm
        self.path = os.pathsep.join([slurm, os.environ.get("PATH", ""), "/usr/bin:/usr/local/bin:/bin"])
        self.hub = hub
        self.ports = ports
        self.ends_with_session: set[str] = set()

    def serve(self) -> None:
        """Answer until the process is ended."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unfinished = self.directory / "door.new"
        listener.bind(str(unfinished))
        listener.listen(64)
        unfinished.rename(self.directory / "door")
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        """Carry out one request, and tell what came of it."""
        with connection:
            try:
                try:
                    request, descriptors = receive(connection)
                    if "listen" in request:
                        give_socket(connection, request["listen"], self.hub, self.ports)
                        return
                    told = self.carry_out(request, descriptors, connection)
                except (RefusedError, OSError) as error:
                    told = {"error": str(error)}
                connection.sendall(json.dumps(told).encode() + b"\n")
            except (OSError, ValueError, KeyError, TypeError):
                return  # it has gone, or is not ours

    def carry_out(self, request: dict[str, Any], descriptors: list[int], connection: socket.socket) -> dict[str, Any]:
        """Run the command that is asked for, and return its exit status."""
        try:
            if "end_with_session" in request:
                self.ends_with_session.update(str(int(job)) for job in request["end_with_session"])
                return {"status": 0}
            return {"status": self.run(request, descriptors, connection)}
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def run(self, request: dict[str, Any], descriptors: list[int], connection: socket.socket) -> int:
        """Run a command of Slurm with the caller's descriptors; its signals come over the connection."""
        import shutil
        import subprocess
        import tempfile

        name = request["command"]
        if not self.slurm:
            raise RefusedError("Slurm's commands are switched off in the sessions of this site (commands_in_sessions).")
        program = shutil.which(name, path=self.path) if name in COMMANDS else None
        if program is None:
            raise RefusedError(f"{name} is not installed on this node.")
        environment = dict(request["environment"])
        environment.update((name, os.environ[name]) for name in NODE_VARIABLES if name in os.environ)
        arguments, scratch = list(request["arguments"]), None
        if request.get("script"):
            scratch = tempfile.mkdtemp(dir=self.directory)
            arguments = [self.script(scratch, request) if word is None else word for word in arguments]
        try:
            process = subprocess.Popen(
                [program, *arguments],
                stdin=descriptors[0],
                stdout=descriptors[1],
                stderr=descriptors[2],
                close_fds=False,  # all but these are closed by themselves
                env=environment,
                cwd=place(request),
                start_new_session=True,
                preexec_fn=lambda: plain(descriptors[3:]),  # noqa: PLW1509 - it takes no lock
            )
            while descriptors:  # or the caller would wait for the end of a pipe that is still open here
                os.close(descriptors.pop())
            threading.Thread(target=pass_signals, args=(connection, process), daemon=True).start()
            return process.wait()
        finally:
            if scratch:
                shutil.rmtree(scratch, ignore_errors=True)

    @staticmethod
    def script(scratch: str, request: dict[str, Any]) -> str:
        """Write the script of a job, under the name that the learner gave it, and return its path."""
        import base64

        name, text = request["script"]
        path = Path(scratch, Path(name).name or "sbatch")
        path.write_bytes(base64.b64decode(text))
        return str(path)

    def end(self) -> None:
        """Cancel what was to end with the session, and remove the directory."""
        import shutil
        import subprocess

        scancel = shutil.which("scancel", path=self.path)
        if self.ends_with_session and scancel:
            words = [scancel, "--quiet", *sorted(self.ends_with_session)]
            try:
                subprocess.call(words, stdin=subprocess.DEVNULL, timeout=CANCEL_SECONDS)
            except (OSError, subprocess.TimeoutExpired) as error:
                print(f"classdesk: jobs of the session were not cancelled: {error}", file=sys.stderr)
        shutil.rmtree(self.directory, ignore_errors=True)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return a request and the descriptors that came with it."""
    size = struct.calcsize("i")
    first, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(MOST_DESCRIPTORS * size), socket.MSG_CMSG_CLOEXEC)
    descriptors: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(data) - len(data) % size
            descriptors += struct.unpack(f"{whole // size}i", data[:whole])
    while len(first) < 8:
        more = connection.recv(8 - len(first))
        if not more:
            raise OSError("cut off")
        first += more
    length = struct.unpack("!Q", first)[0]
    if length > MOST_BYTES:
        raise RefusedError(f"This is larger than {MOST_BYTES // 1024 // 1024} MiB.")
    body = bytearray()
    while len(body) < length:
        more = connection.recv(min(1 << 20, length - len(body)))
        if not more:
            raise OSError("cut off")
        body += more
    return json.loads(body.decode()), descriptors


def hold(directory: Path) -> None:
    """Mark a door's directory as in use for as long as this process lives, and remove those of killed sessions."""
    fcntl.flock(os.open(directory, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    for path in directory.parent.glob("classdesk-door-*"):
        with contextlib.suppress(OSError):
            # A younger one may not be marked yet.
            if path.lstat().st_uid != os.getuid() or time.time() - path.lstat().st_mtime < YOUNG_SECONDS:
                continue
            import shutil

            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def give_socket(connection: socket.socket, host: str, hub: str, ports: str) -> None:
    """Hand over a listening socket of this node, with the address by which other nodes reach it."""
    with listener_on(host, ports) as listener:
        told = {"address": [own_address(hub), listener.getsockname()[1]]}
        socket.send_fds(connection, [json.dumps(told).encode() + b"\n"], [listener.fileno()])


def listener_on(host: str, ports_text: str) -> socket.socket:
    """Return a socket that listens on a free port, of a range such as 20000-20999 or any, at one address or at all."""
    first, _, last = ports_text.partition("-")
    ports = range(int(first), int(last) + 1) if last else range(1)
    begin = os.getpid() % len(ports)  # of a class that starts at once, hardly two try the same one
    for port in (*ports[begin:], *ports[:begin]):
        try:
            return bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise RefusedError(f"All ports of this node from {first} to {last} are in use (session.ports).")


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port of one address, or of all; port 0 is any free one."""
    if host:
        family = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True)
    return socket.create_server(("", port), backlog=1024)


def own_address(hub: str) -> str:
    """Return this node's address on its way to the hub, or where that is here, on its way outside."""
    address = LOOPBACK
    for host in (hub, SOMEWHERE, socket.gethostname()):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((host, 9))  # sends nothing
            address = str(way.getsockname()[0])
        # A session with a network of its own cannot reach the node's loopback.
        if not address.startswith("127."):
            break
    return address


def place(request: dict[str, Any]) -> str:
    """Return the directory in which the command works: the caller's own where the node has the same one."""
    directory: str = request["directory"]
    home: str = request["home"]
    with contextlib.suppress(OSError):
        there = Path(directory).stat()
        if [there.st_dev, there.st_ino] == request["identity"]:
            return directory
    return home


def plain(further: list[int]) -> None:
    """Give a command what it would have on a log-in node; runs in the new process."""
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 16) for descriptor in further]
    for number, descriptor in enumerate(moved, 3):
        os.dup2(descriptor, number)
    # Slurm hands a job the limits of who submits it, and these are the session's.
    for name in ("RLIMIT_RSS", "RLIMIT_CORE", "RLIMIT_CPU"):
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (hard, hard))


def pass_signals(connection: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """Pass on the signals that the caller gets; one that has gone leaves its command alone with a SIGTERM."""
    while True:
        try:
            numbers = connection.recv(64)
        except OSError:
            numbers = b""
        for number in numbers or [signal.SIGTERM]:
            with contextlib.suppress(OSError):
                process.send_signal(number)
        if not numbers:
            return


def main() -> None:
    """Serve until SIGTERM."""
    directory, slurm, ports = sys.argv[1:4]
    door = Door(Path(directory), slurm, urlsplit(os.environ.get("JUPYTERHUB_API_URL", "")).hostname or "", ports)

    def end(_: int, __: FrameType | None) -> None:
        # Slurm tells every process of a job, and the batch script this one again, while it cancels jobs by a command.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for name in list(os.environ):
        if (name.startswith("SLURM_") and name not in NODE_VARIABLES) or name.startswith("JUPYTER"):
            del os.environ[name]
    try:
        with contextlib.suppress(OSError):  # some file systems know no locks
            hold(door.directory)
        door.serve()
    finally:
        door.end()


if __name__ == "__main__":
    main()
