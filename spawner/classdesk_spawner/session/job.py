"""`SessionJob`: the Slurm job of one session, from before its submission to its end.

It can be written down at every moment and taken up again by the next hub process, because it carries
a submission id in the job's comment: a job whose number was never stored is found by it.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from classdesk_spawner.errors import JobEndedError, SessionError
from classdesk_spawner.slurm.cluster import Cluster
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.states import Phase, end_sentence

_CANCEL_TRIES = 3
_CANCEL_AGAIN_S = 1.0
_ENDING_PATIENCE_S = 35.0  # Slurm's default KillWait is 30 s
_CLEANING_PATIENCE_S = 30.0
_ENDS_BEFORE_LIMIT_S = 10
_FIRST_LOOK_S = 5.0  # a restarting hub does not wait longer for news of a session that ran

_log = logging.getLogger("jupyterhub.classdesk.job")


@dataclass
class SessionJob:
    """One job of a session.

    Attributes:
        cluster: The cluster that runs it.
        user: The learner's Unix account.
        submission: Random id of the submission.
        token_hash: SHA-256 of the session's API token, by which its call home is known.
        job_id: Slurm's number; empty until sbatch has returned.
        port: Port of the session's server; 0 until the session has called home.
        start: Slurm's start of the run that called home, in Unix seconds; a requeued job has another. None
            until a snapshot of the queue shows that run.
        reached: Whether the session's address has been handed to JupyterHub.
        last_words: The last lines of the session's log, as the job sent them when it failed.
        taken_up: Whether an earlier hub process began it.
        reservation: The reservation that it runs in; empty: none.
        limit: When its time limit or its reservation ends it, in Unix seconds, as it was known while the job ran,
            and the reservation's name where it is that.
        ends_in_order: Whether the session has said that it is about to end.
    """

    cluster: Cluster
    user: str
    submission: str
    token_hash: str
    job_id: str = ""
    port: int = 0
    start: int | None = None
    reached: bool = False
    last_words: str = ""
    taken_up: bool = False
    reservation: str = ""
    limit: tuple[int | None, str] = (None, "")
    ends_in_order: bool = False
    began: float = field(default_factory=time.monotonic)
    _called: float = float("-inf")
    _caller: str = ""
    _called_home: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def new(cls, cluster: Cluster, user: str, token: str, reservation: str = "") -> Self:
        """Return a job that is about to be submitted."""
        job = cls(cluster, user, secrets.token_hex(8), _hash(token), reservation=reservation)
        cluster.know(job.submission)
        return job

    @classmethod
    def from_state(cls, cluster: Cluster, state: Mapping[str, Any]) -> Self | None:
        """Return the job that an earlier hub process wrote down; None where there is none."""
        if not (state.get("job_id") or state.get("submission")):
            return None
        job = cls(
            cluster,
            user=state.get("user", ""),
            submission=state.get("submission", ""),
            token_hash=state.get("token_hash", ""),
            job_id=state.get("job_id", ""),
            port=state.get("port", 0),
            start=state.get("start"),
            reached=state.get("reached", bool(state.get("port"))),
            taken_up=True,
            reservation=state.get("reservation", ""),
        )
        cluster.know(job.submission)
        # Nothing that this process has seen of the queue is older than the submission.
        job.began = float("-inf")
        if job.job_id:
            cluster.watcher.follow(job.job_id)
        return job

    def to_state(self) -> dict[str, Any]:
        """Return what the next hub process must know."""
        return {
            "user": self.user,
            "submission": self.submission,
            "token_hash": self.token_hash,
            "job_id": self.job_id,
            "port": self.port,
            "start": self.start,
            "reached": self.reached,
            "reservation": self.reservation,
        }

    def comment(self, server_name: str) -> str:
        """Return the job's comment, by which a job without a known number is found."""
        return f"{quote(server_name, safe='')}:{self.submission}@{self.cluster.hub_id}"

    def owns_token(self, token: str) -> bool:
        """Tell whether an API token is this session's."""
        return bool(token) and hmac.compare_digest(self.token_hash, _hash(token))

    @property
    def seen(self) -> Job | None:
        """The job as the last snapshot of the queue shows it."""
        return self.cluster.watcher.job(self.job_id) if self.job_id else None

    @property
    def end(self) -> tuple[int | None, str]:
        """When the session ends, in Unix seconds, and the reservation that ends it; empty where its limit does."""
        job = self.seen
        return self.cluster.end_of(job, self.reservation) if job else (None, "")

    @property
    def has_called_home(self) -> bool:
        """Whether the session has called home in the run that Slurm is known to have begun last."""
        latest, seen = self.cluster.watcher.latest, self.seen
        is_news = latest is None or latest.began <= self._called
        runs = seen is not None and seen.phase is Phase.RUNNING
        return bool(self.port) and (is_news or runs)

    # Starting --------------------------------------------------------------------------------

    async def submit(self, arguments: Sequence[str], script: str, environment: Mapping[str, str]) -> None:
        """Submit the job; when this is cancelled half-way, the job is cancelled too.

        Raises:
            SessionError: Slurm did not take it.
        """
        submission = asyncio.ensure_future(self.cluster.commands.submit(self.user, arguments, script, environment))
        try:
            self.job_id = await asyncio.shield(submission)
        except asyncio.CancelledError:
            # sbatch may be about to succeed: a job that nobody knows must not stay.
            submission.add_done_callback(self._cancel_unwanted)
            raise
        self.began = time.monotonic()
        self.cluster.watcher.follow(self.job_id)

    async def find(self) -> bool:
        """Look for the job's number by its submission id; False when there is no such job."""
        snapshot = None
        for _ in range(2):
            snapshot = await self.cluster.watcher.newer_than(snapshot.began if snapshot else 0.0)
            for job in snapshot.jobs.values():
                # Everybody can read the comment, and give it to a job of their own.
                is_ours = job.user == self.user and job.submission[0] == self.submission
                if is_ours and job.phase is not Phase.ENDED:
                    self.job_id = job.id
                    self.cluster.watcher.follow(job.id)
                    return True
        return False

    async def until_reachable(self) -> str:
        """Wait until the job runs and its session has called home.

        Returns:
            The address of the node.

        Raises:
            JobEndedError: The job ended before.
        """
        moment = max(self.began, 0.0)
        # Where the call comes from elsewhere than a node, the look that counts is the one after it. One right after
        # the submission, which shows a waiting job at best, would put that off by a tick.
        if not self.taken_up:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.cluster.watcher.fast_tick_s):
                    await self._called_home.wait()
        ending = float("inf")
        while True:
            job = self._seen_since(moment)
            if self._is_gone():
                raise self._ended_early("The session's job is gone from the queue.")
            if job is None or job.phase is not Phase.ENDING:
                ending = float("inf")
            else:
                # Soon it says how it ended; or it waits again, because Slurm cleans up before a requeue, too.
                ending = min(ending, time.monotonic())
                self.port = 0
                self._called_home.clear()
            has_ended = job is not None and job.phase is Phase.ENDED
            if job is not None and (has_ended or time.monotonic() - ending > _CLEANING_PATIENCE_S):
                raise self._ended_early(end_sentence(job.state))
            if self.port and (address := await self._address(job)):
                self.reached = True
                return address
            await self._call_or_next_tick()

    async def _address(self, job: Job | None) -> str | None:
        """Return the address at which the session listens; None while that is not known."""
        if job is not None and job.phase is Phase.RUNNING and job.node:
            self.start = job.start
            return await self.cluster.node_address(job.node)
        latest = self.cluster.watcher.latest
        if latest is not None and latest.began > self._called:
            return None
        # Who holds the token is the job, so it runs, and a call is newer than any snapshot. A class that starts at
        # once need not wait for the next tick. That it runs where it called from is looked at in `confirmed_address`.
        return await self.cluster.address_of_caller(self._caller)

    def take_port(self, port: int, caller: str) -> bool:
        """Note the port of the first call home; False once the session's address is known.

        A session that Slurm requeues before that calls home twice; its last word counts.

        Args:
            port: The port.
            caller: The IP address that the call came from.
        """
        if self.reached:
            return False
        self.port, self._caller, self._called = port, caller, time.monotonic()
        self._called_home.set()
        return True

    async def confirmed_address(self) -> str | None:
        """Wait until Slurm itself says where the session runs, where only its call home has said so.

        Returns:
            The address of the node; None where the job has ended or starts anew.
        """
        moment = self._called
        while True:
            moment = (await self.cluster.watcher.newer_than(moment)).began
            job = self.seen
            if job is not None and job.phase is Phase.RUNNING and job.node:
                self.start = job.start
                return await self.cluster.node_address(job.node)
            if job is None or job.phase is not Phase.HELD_UP:
                return None

    async def take_over(self, port: int) -> str | None:
        """Note the port of a later call home, which only a requeued job may make.

        Returns:
            The new address of the node, or None when the job did not start anew.
        """
        await self.cluster.watcher.newer_than(time.monotonic())
        job = self.seen
        if job is None or job.phase is not Phase.RUNNING or not job.node or job.start == self.start:
            return None
        self.port, self.start = port, job.start
        return await self.cluster.node_address(job.node)

    async def goes_on(self) -> str | None:
        """Look at a job whose session has called home and does not answer.

        Returns:
            The new address where Slurm has started it anew, and None where it still runs as it did.

        Raises:
            JobEndedError: It has ended.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK_S):
                await self.cluster.watcher.newer_than(time.monotonic())
        if self.exit_status() is not None:
            raise self._ended_early(self.end_sentence())
        job = self.seen
        if job is None or job.phase not in {Phase.WAITING, Phase.ENDING}:
            return None
        self.port, self.start, self.reached = 0, None, False
        self._called_home.clear()
        return await self.until_reachable()

    def late_error(self) -> SessionError:
        """Return the error of a start that took longer than the site waits."""
        job = self.seen
        if job is not None and job.phase is not Phase.WAITING:
            return self._ended_early("The session got a machine, but was not ready in time.")
        return SessionError(
            "Your session waited too long in the queue. Please start again.",
            detail=f"job {self.job_id}: {job.reason if job else 'not seen'}",
        )

    async def went_on_without_hub(self) -> bool:
        """Tell whether the job still runs where an earlier hub process left it.

        False where Slurm has requeued or suspended it since: then it is to be waited for again, as
        at its start. While Slurm does not answer, it is taken to run.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK_S):
                await self.cluster.watcher.newer_than(0.0)
        job = self.seen
        if job is None or job.phase in {Phase.ENDED, Phase.ENDING}:
            return True
        if job.phase is Phase.WAITING or (self.start and job.start not in {None, self.start}):
            self.port, self.start, self.reached = 0, None, False
        return job.phase is Phase.RUNNING and self.reached

    # Ending ----------------------------------------------------------------------------------

    def exit_status(self) -> int | None:
        """Return None while the job lives, 0 when it ended by itself, 1 when it ended otherwise."""
        job = self.seen
        if job is not None and job.phase is Phase.RUNNING:
            self.limit = self.end
        if job is not None and job.phase is Phase.ENDED:
            return 0 if self._final_state(job) == "COMPLETED" else 1
        return 1 if self.job_id and self._is_gone() else None

    def end_sentence(self) -> str:
        """Return one sentence about how the job ended."""
        job = self.seen
        if job is None or job.phase is not Phase.ENDED:
            return "The session's job is gone from the queue."
        # A session closes its programs in order just before its limit, so that Slurm sees it end by itself.
        limit, reservation = self.limit
        at_limit = limit and job.end and job.end >= limit - _ENDS_BEFORE_LIMIT_S
        state = self._final_state(job)
        if at_limit and reservation and state in {"COMPLETED", "TIMEOUT", "CANCELLED"}:
            return f"The reservation {reservation} ended."
        return end_sentence("TIMEOUT" if state == "COMPLETED" and at_limit else state)

    def _final_state(self, job: Job) -> str:
        """Return how the job ended.

        Slurm says OUT_OF_MEMORY of every job in which a program was ended for lack of memory, hours ago perhaps, also
        where the session went on.
        """
        return "COMPLETED" if job.state == "OUT_OF_MEMORY" and self.ends_in_order else job.state

    async def cancel(self) -> None:
        """Cancel the job.

        Raises:
            SessionError: Slurm did not do it now; it is tried again in the background until it does.
        """
        for left in reversed(range(_CANCEL_TRIES)):
            try:
                await self.cluster.commands.cancel(self.user, self.job_id)
                return
            except SessionError as error:
                if not left:
                    self.cluster.cancel_later(self.user, self.job_id)
                    raise
                _log.warning("Job %s could not be cancelled, trying again: %s", self.job_id, error)
                await asyncio.sleep(_CANCEL_AGAIN_S)

    async def until_ended(self) -> None:
        """Wait until Slurm says that the cancelled job has ended, as long as is reasonable."""
        watcher, timeout = self.cluster.watcher, self.cluster.settings.command_timeout_s
        cancelled = moment = time.monotonic()
        while time.monotonic() - cancelled < _ENDING_PATIENCE_S:
            try:
                async with asyncio.timeout(timeout):
                    moment = (await watcher.newer_than(moment)).began
            except TimeoutError:
                break
            job = self.seen
            if job is None or job.phase is Phase.ENDED:
                return
        _log.warning("Job %s was cancelled, but Slurm does not say that it has ended", self.job_id)

    def forget(self) -> None:
        """Look at the queue no longer for this job's sake."""
        self.cluster.watcher.forget(self.job_id)
        self.cluster.forget(self.submission)

    # -----------------------------------------------------------------------------------------

    def _is_gone(self) -> bool:
        return self.cluster.watcher.is_gone(self.job_id, self.began)

    def _seen_since(self, moment: float) -> Job | None:
        """Return the job as a snapshot shows it that began later; older ones may show another one of its number."""
        latest = self.cluster.watcher.latest
        return self.seen if latest is not None and latest.began > moment else None

    async def _call_or_next_tick(self) -> None:
        latest = self.cluster.watcher.latest
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self.cluster.watcher.newer_than(latest.began if latest else 0.0))
        ]
        if not self.port:
            waits.append(asyncio.ensure_future(self._called_home.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _ended_early(self, sentence: str) -> JobEndedError:
        return JobEndedError(sentence, job_id=self.job_id, last_words=self.last_words)

    def _cancel_unwanted(self, submission: "asyncio.Future[str]") -> None:
        if not submission.cancelled() and submission.exception() is None:
            _log.info("Job %s was given up while it was submitted", submission.result())
            self.cluster.cancel_later(self.user, submission.result())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
