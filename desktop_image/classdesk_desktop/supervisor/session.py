"""What the job runs: the supervisor of one learner's session (`classdesk-session`).

It starts the desktop and the single-user server at once, tells the hub the port, and ends when the server
ends or the job is asked to stop. It uses the standard library alone: its own start must cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from classdesk_desktop.protocol import OWN_NETWORK, PROTOCOL, Policy, Variable
from classdesk_desktop.session.environment import server_environment
from classdesk_desktop.session.memory import SessionMemory
from classdesk_desktop.session.policy import read_policy
from classdesk_desktop.session.processes import (
    become_subreaper,
    end_descendants,
    reap,
    stop_group,
    zombie_children,
)
from classdesk_desktop.session.runtime import RuntimeDirectory, RuntimeDirectoryError, write_state
from classdesk_desktop.session.settings import SessionSettings, SettingsError
from classdesk_desktop.supervisor.dask_security import is_there, provide_certificate
from classdesk_desktop.supervisor.desktop import Desktop
from classdesk_desktop.supervisor.git_identity import write_identity
from classdesk_desktop.supervisor.locales import with_locale, with_time_zone
from classdesk_desktop.supervisor.log_size import keep_short
from classdesk_desktop.version import VERSION

# `-I`: neither PYTHON* variables nor the learner's own packages reach the server. Not `-m`: the module must
# have its own name, because jupyter_server imports it once more as an extension.
# A tenth of its start was spent in looking for garbage among what it imports; main() has it looked for again.
SERVER_COMMAND: Final = (
    "-I",
    "-c",
    "import gc; gc.disable(); from classdesk_desktop.server.app import main; main()",
)
# The server lets pages save first: see saving.py.
_SERVER_STOP_SECONDS: Final = 7.0
_REST_STOP_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0
_LESSONS_SECONDS: Final = 10.0

log = logging.getLogger("classdesk-session")


def listen(address: str, ports: range = range(1)) -> socket.socket:
    """A listening socket on a free port.

    The socket is bound here and inherited by the server, so that the port cannot be lost to another
    session between its choice and its use, and the hub can be told while the server still starts:
    connections wait in the kernel until it accepts them.

    Args:
        address: The address it is bound to; empty: all.
        ports: Those to choose from; 0 is any that the kernel chooses.

    Raises:
        SettingsError: All of them are in use.
    """
    begin = os.getpid() % len(ports)  # of a class that starts at once, hardly two try the same one
    for port in (*ports[begin:], *ports[:begin]):
        try:
            return _bound(address, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise SettingsError(f"All ports of this node from {ports[0]} to {ports[-1]} are in use (session.ports).")


def _bound(address: str, port: int) -> socket.socket:
    if address:
        family = socket.getaddrinfo(address, 0, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((address, port), family=family, backlog=128)
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    return socket.create_server(("", port), backlog=128)


@dataclass(slots=True)
class Session:
    """One session, from its start to its end."""

    settings: SessionSettings
    policy: Policy
    environ: Mapping[str, str]
    runtime: RuntimeDirectory
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _desktop: Desktop | None = None
    _status: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> int:
        """Run the session; returns the exit status of the job."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self._restart_desktop)
        become_subreaper()
        self._begin(self._keep_certificate())
        self._begin(asyncio.to_thread(write_identity, self.runtime))

        if self.settings.interface == "desktop":
            self._desktop = Desktop(
                self.environ,
                self.runtime,
                self.settings.home,
                f"{self.settings.user}'s desktop",
                self._stop.set,
                self.policy,
            )
            self._begin(self._desktop.run())
        else:
            write_state(self.runtime.state_file, "no desktop")
        with await asyncio.to_thread(self._listen) as listener:
            server = await self._start_server(listener)
            port: int = listener.getsockname()[1]
        self._begin(self._copy_lessons())
        self._begin(self._announce(port))
        self._begin(self._reap_orphans())
        self._begin(keep_short())
        try:
            return await self._until_end(server)
        finally:
            await self._end(server)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("The session ends: %s", error, exc_info=error)
            self._fail()

    def _listen(self) -> socket.socket:
        """Return the server's socket; in a session with a network of its own it is the node's."""
        if not Path(self.environ.get(Variable.DOOR, ""), OWN_NETWORK).is_file():
            return listen(self.settings.bind_address, self.settings.ports)
        # Late: where it is not needed, it costs some milliseconds.
        from classdesk_desktop.session.door import Door, DoorError

        try:
            return Door.of(self.environ, {}).listen(self.settings.bind_address).socket
        except DoorError as error:
            raise SettingsError(str(error)) from None

    async def _start_server(self, listener: socket.socket) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *SERVER_COMMAND,
            env=server_environment(self.environ, self.runtime, listener.fileno(), os.getpid()),
            cwd=self.settings.home if os.access(self.settings.home, os.X_OK) else "/",
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(listener.fileno(),),
            start_new_session=True,
        )

    async def _keep_certificate(self) -> None:
        """Make dask's certificate, and again where it is gone with the rest of /tmp."""
        while True:
            if not is_there(self.runtime):
                with contextlib.suppress(OSError):
                    self.runtime.restore()
                    await provide_certificate(self.settings.home, self.runtime)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _copy_lessons(self) -> None:
        try:
            # Late: the desktop and the server are on their way by now.
            from classdesk_desktop.lesson import Watch, ensure_copies, put_icon

            watch = await asyncio.to_thread(Watch)
            await asyncio.to_thread(ensure_copies, self.settings.home)
            await asyncio.to_thread(put_icon, self.settings.home)
            while watch:
                await asyncio.sleep(_LESSONS_SECONDS)
                if await asyncio.to_thread(watch.changed):
                    await asyncio.to_thread(ensure_copies, self.settings.home)
        except Exception as error:  # noqa: BLE001 - a full home must not cost the learner the desktop
            log.warning("The lesson's files could not be copied: %s", error)

    async def _announce(self, port: int) -> None:
        # Late: this brings in http.client and ssl, 40 ms that the desktop need not wait for.
        from classdesk_desktop.supervisor.announce import AnnouncementRefusedError, announce_port

        try:
            await announce_port(self.settings.hub_api_url, self.settings.hub_token, port, self.environ)
        except AnnouncementRefusedError as error:
            log.error("%s", error)
            self._fail()

    def _fail(self) -> None:
        self._status = 1
        self._stop.set()

    async def _reap_orphans(self) -> None:
        """Take care of orphans, which this process adopts as a subreaper."""
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, ended.set)
        while True:
            await ended.wait()
            ended.clear()
            # asyncio takes its own children's status within milliseconds: who is left over is an orphan.
            zombies = zombie_children()
            await asyncio.sleep(1)
            reap(zombies & zombie_children())

    async def _until_end(self, server: asyncio.subprocess.Process) -> int:
        ended = asyncio.create_task(server.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if ended.done():
            log.info("The server has ended with status %d; so does the session.", ended.result())
            return ended.result() if ended.result() >= 0 else 1
        log.info("The session is asked to stop.")
        ended.cancel()
        return self._status

    async def _end(self, server: asyncio.subprocess.Process) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(stop_group(server, _SERVER_STOP_SECONDS), *tasks, return_exceptions=True)
        end_descendants(_REST_STOP_SECONDS)

    def _restart_desktop(self) -> None:
        if self._desktop:
            self._desktop.restart()


def main() -> None:
    """Run a session from the job's environment; exits with the session's status."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s.%(msecs)03d classdesk-session: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    interface = os.environ.get(Variable.INTERFACE) or "desktop"
    log.info("classdesk %s (protocol %d), %s", VERSION, PROTOCOL, interface)
    if not os.environ.get(Variable.SCRATCH):
        log.warning("The node has no disk for what dask puts out of memory: it stays in /tmp, which is memory.")
    try:
        settings = SessionSettings.from_environ(os.environ)
        runtime = RuntimeDirectory.create(os.environ, os.getuid())
        SessionMemory.of(os.environ).tell_programs()
    except (SettingsError, RuntimeDirectoryError) as error:
        sys.exit(f"classdesk-session: {error}")
    try:
        policy = read_policy(os.environ)
        environ = with_time_zone(with_locale(os.environ, policy.locale))
        status = asyncio.run(Session(settings, policy, environ, runtime).run())
    except SettingsError as error:
        sys.exit(f"classdesk-session: {error}")
    finally:
        runtime.remove()
    sys.exit(status)


if __name__ == "__main__":
    main()
