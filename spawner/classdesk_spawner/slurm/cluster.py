"""What the hub knows of its cluster, shared by all spawners.

One watcher, one cache of limits, and the broom: jobs that no session knows are found and cancelled.
"""

import asyncio
import contextlib
import functools
import hashlib
import logging
import math
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from classdesk_spawner.errors import SessionError
from classdesk_spawner.hub.ledger import Ledger
from classdesk_spawner.hub.start_queue import Turnstile
from classdesk_spawner.settings.models import SlurmSettings

from .access import Access, unix_groups
from .addresses import by_ip, plain_ip
from .commands import SlurmCommands
from .job import Job
from .offer import Offer, Partition, Reservation
from .states import Phase
from .watcher import JobWatcher

_KEEP_S = 60.0
_KEEP_NODES_S = 600.0
_KEEP_UNKNOWN_S = 2.0
"""A class that names the same wrong reservation at once costs one question, not one for each learner."""
_PATIENCE_S = 1.0
_SWEEP_S = 30.0
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_KNOWN_SUBMISSIONS: set[str] = set()
"""Those of all sessions of this process: a hub with several configurations has several clusters."""
_LIVING = frozenset({Phase.WAITING, Phase.RUNNING, Phase.HELD_UP})

T = TypeVar("T")
_Associations = tuple[tuple[str, ...], tuple[str, ...]]

_log = logging.getLogger("jupyterhub.classdesk.cluster")


class _Cache(Generic[T]):
    """Answers of Slurm by key, kept for a while. A failure is not kept; the old answer is given instead.

    Who asks while the same is being asked already gets the same answer.
    """

    def __init__(self, keep_s: float = _KEEP_S) -> None:
        self._keep_s = keep_s
        self._answers: dict[str, tuple[float, T]] = {}
        self._asking: dict[str, asyncio.Future[T]] = {}

    async def get(self, key: str, ask: Callable[[], Awaitable[T]]) -> tuple[T | None, bool]:
        """Return the answer, or None where there never was one; and whether it is an old one."""
        asked, answer = self._answers.get(key, (float("-inf"), None))
        if time.monotonic() - asked < self._keep_s:
            return answer, False
        if key not in self._asking:
            self._asking[key] = asyncio.ensure_future(ask())
            self._asking[key].add_done_callback(functools.partial(self._answered, key))
        try:
            # Shielded: who gives up must not take the answer from the others.
            fresh = await asyncio.shield(self._asking[key])
        except SessionError as error:
            _log.warning("What the cluster offers is not known anew: %s", error)
            return answer, True
        return fresh, False

    def expire(self, older_than_s: float) -> None:
        """Ask anew at the next question for what was asked longer ago."""
        limit = time.monotonic() - older_than_s
        for key, (asked, answer) in self._answers.items():
            if asked < limit:
                self._answers[key] = float("-inf"), answer

    def _answered(self, key: str, asking: "asyncio.Future[T]") -> None:
        del self._asking[key]
        if not asking.cancelled() and asking.exception() is None:
            self._answers[key] = time.monotonic(), asking.result()


@dataclass
class Cluster:
    """The cluster as one hub sees it.

    Args:
        settings: How Slurm is asked.
    """

    settings: SlurmSettings
    commands: SlurmCommands = field(init=False)
    watcher: JobWatcher = field(init=False)
    turnstile: Turnstile = field(default_factory=Turnstile, init=False)
    ledger: Ledger = field(default_factory=Ledger, init=False)
    _partitions: "_Cache[tuple[Partition, ...]]" = field(init=False)
    _access: "_Cache[tuple[Access, ...]]" = field(init=False)
    _groups: "_Cache[frozenset[str]]" = field(init=False)
    _reservations: "_Cache[tuple[Reservation, ...]]" = field(init=False)
    _nodes: "_Cache[Mapping[str, str]]" = field(init=False)
    _accounting: "_Cache[bool]" = field(init=False)
    _associations: "_Cache[_Associations]" = field(init=False)
    _unwanted: set[str] = field(default_factory=set, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _sweeping: bool = field(default=False, init=False)
    _addresses: dict[str, str] = field(default_factory=dict, init=False)
    _known: Mapping[str, Reservation] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self._partitions, self._reservations = _Cache(), _Cache()
        self._accounting, self._associations = _Cache(), _Cache()
        self._access, self._groups = _Cache(), _Cache()
        self._nodes = _Cache(_KEEP_NODES_S)
        self.commands = SlurmCommands(
            settings.bin_directory,
            settings.use_sudo,
            settings.command_timeout_s,
            settings.operator,
            settings.environment,
        )
        self.watcher = JobWatcher(
            lambda followed: self.commands.jobs(settings.job_name, followed),
            settings.fast_tick_s,
            settings.slow_tick_s,
        )

    async def offer(self, user: str) -> Offer:
        """Return what the cluster offers a learner now.

        While Slurm does not answer, it is what Slurm said last, marked as stale.
        """
        now = time.time()
        partitions, old_partitions = await self._partitions.get("", self.commands.partitions)
        reservations, old_reservations = await self._known_reservations()
        associations, old_associations = await self._associations_of(user)
        accounts, qos = associations or ((), ())
        access, old_access = await self._access.get("", self.commands.access)
        groups: frozenset[str] = frozenset()
        if any(row.groups for row in access or ()) or any(r.groups for r in reservations):
            groups = await self._groups_of(user)
        # The site's own names are what its sessions are submitted with, whoever the learner is.
        site = self.settings
        charged = (site.account,) if site.account else accounts
        served = (site.qos,) if site.qos else qos
        closed = {
            row.partition
            for row in access or ()
            if not row.admits(groups, charged, served) or (row.hidden and row.partition != site.partition)
        }
        return Offer(
            partitions=tuple(p for p in partitions or () if p.name not in closed),
            default_is_open=not partitions or partitions[0].name not in closed,
            reservations=tuple(r for r in reservations if r.admits(user, accounts, groups, now)),
            accounts=accounts,
            qos=qos,
            stale=old_partitions or old_reservations or old_associations or old_access,
        )

    def reservation_start(self, name: str) -> int | None:
        """Return when a reservation begins, in Unix seconds, as Slurm said last; None where it is not known."""
        known = self._known.get(name or self.settings.reservation)
        return known.start if known else None

    def end_of(self, job: Job, reservation: str) -> tuple[int | None, str]:
        """Return when a job ends, and the reservation that ends it; empty where its own limit does.

        Slurm ends a job with its reservation, whatever limit it shows for it.

        Args:
            job: The job, as the queue shows it.
            reservation: The reservation that it runs in; empty: none.
        """
        known = self._known.get(reservation) if reservation else None
        if known is None:
            return job.end, ""
        end = known.end + self.commands.overrun_s
        return (job.end, "") if job.end is not None and job.end <= end else (_whole(end), reservation)

    def expect_reservation(self, name: object) -> None:
        """Ask Slurm anew where somebody names a reservation that it did not have a moment ago."""
        if isinstance(name, str) and name and name not in self._known:
            self._reservations.expire(_KEEP_UNKNOWN_S)

    async def learn_reservations(self) -> None:
        """Learn anew when reservations end, if that was not just done."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._known_reservations()

    async def learn_reservation_of(self, job: Job | None) -> None:
        """Learn when reservations begin, where a job waits for one; also after a restart, when no form has asked."""
        if job is not None and "Reserv" in job.reason:
            await self.learn_reservations()

    async def _known_reservations(self) -> tuple[tuple[Reservation, ...], bool]:
        reservations, are_old = await self._reservations.get("", self.commands.reservations)
        if reservations is not None:
            self._known = {r.name: r for r in reservations}
        return reservations or (), are_old

    async def _groups_of(self, user: str) -> frozenset[str]:
        async def ask() -> frozenset[str]:
            return await asyncio.to_thread(unix_groups, user)

        groups, _ = await self._groups.get(user, ask)
        return groups or frozenset()

    async def _associations_of(self, user: str) -> tuple[_Associations | None, bool]:
        async def keeps_accounting() -> bool:
            return await self.commands.associations(user) is not None

        async def ask() -> _Associations:
            return await self.commands.associations(user) or ((), ())

        # Most small clusters keep none: then a class must not cost one sacctmgr for each learner.
        keeps, _ = await self._accounting.get("", keeps_accounting)
        return (None, False) if keeps is False else await self._associations.get(user, ask)

    async def node_address(self, node: str) -> str:
        """Return the address of a compute node; its name while Slurm does not tell."""
        if node not in self._addresses:
            try:
                self._addresses[node] = await self.commands.node_address(node)
            except SessionError as error:
                _log.warning("The address of node %s is not known, its name is used: %s", node, error)
                return node
        return self._addresses[node]

    async def address_of_caller(self, ip: str) -> str | None:
        """Return the address of the node that calls from an IP address; None where none is known to do so soon."""

        async def ask() -> Mapping[str, str]:
            addresses = await self.commands.node_addresses()
            return await asyncio.to_thread(by_ip, addresses)

        try:
            async with asyncio.timeout(_PATIENCE_S):
                nodes, _ = await self._nodes.get("", ask)
        except TimeoutError:
            return None
        return (nodes or {}).get(plain_ip(ip))

    @property
    def hub_id(self) -> str:
        """Mark of this hub in its jobs' comments: it touches no job of another hub."""
        identity = f"{socket.gethostname()} {self.settings.job_name}"
        return hashlib.sha256(identity.encode()).hexdigest()[:8]

    def know(self, submission: str) -> None:
        """Keep the broom from the job of a submission, also before its number is known."""
        _KNOWN_SUBMISSIONS.add(submission)

    def forget(self, submission: str) -> None:
        """Leave the job of a submission to the broom, should it still be there."""
        _KNOWN_SUBMISSIONS.discard(submission)

    def cancel_later(self, user: str, job_id: str) -> None:
        """Cancel a job that nobody wants; try again until Slurm says that it is gone."""
        if job_id not in self._unwanted:
            self._unwanted.add(job_id)
            self._background(self._cancel_until_gone(user, job_id))

    def start_sweeping(self) -> None:
        """Begin to look for jobs that no session knows, now and then, as long as the hub runs."""
        if not self._sweeping:
            self._sweeping = True
            self._background(self._sweep())

    async def _sweep(self) -> None:
        suspects: set[str] = set()
        while True:
            await asyncio.sleep(_SWEEP_S)
            snapshot = await self.watcher.newer_than(time.monotonic())
            strays = [job for job in snapshot.jobs.values() if self._is_stray(job)]
            for job in strays:
                if job.id in suspects:
                    _log.warning("Job %s of %s has no session; it is cancelled", job.id, job.user)
                    self.cancel_later(job.user, job.id)
            suspects = {job.id for job in strays}

    def _is_stray(self, job: Job) -> bool:
        submission, hub_id = job.submission
        return (
            job.phase in _LIVING
            and hub_id == self.hub_id
            and submission not in _KNOWN_SUBMISSIONS
            and job.id not in self._unwanted
        )

    async def _cancel_until_gone(self, user: str, job_id: str) -> None:
        pause = _FIRST_RETRY_S
        submitted = time.monotonic()
        self.watcher.follow(job_id)
        try:
            while True:
                try:
                    await self.commands.cancel(user, job_id)
                except SessionError as error:
                    _log.warning("Job %s is still to be cancelled: %s", job_id, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_RETRY_S)
                snapshot = await self.watcher.newer_than(time.monotonic())
                job = snapshot.jobs.get(job_id)
                if job.phase not in _LIVING if job else self.watcher.is_gone(job_id, submitted):
                    return
        finally:
            self._unwanted.discard(job_id)
            self.watcher.forget(job_id)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop itself keeps no reference to a task
        task.add_done_callback(self._tasks.discard)


def _whole(seconds: float) -> int | None:
    return int(seconds) if math.isfinite(seconds) else None


@functools.cache
def cluster_for(settings: SlurmSettings) -> Cluster:
    """Return the cluster for these settings: the same one for every spawner of the hub."""
    return Cluster(settings)
