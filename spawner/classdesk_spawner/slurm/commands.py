"""The Slurm commands that the hub uses, and how their text is read.

Parsing is pure. Running is `SlurmCommands`: absolute programs, few at the same time.
"""

import asyncio
import contextlib
import logging
import os
import pwd
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from classdesk_spawner.errors import JobsHiddenError, SessionError, SlurmUnavailableError, SubmitError

from .access import Access, parse_access
from .environment import lost_variables, pack
from .job import JOB_FORMAT, Job, parse_job_id, parse_jobs
from .offer import (
    ASSOCIATION_FORMAT,
    PARTITION_FORMAT,
    Partition,
    Reservation,
    parse_associations,
    parse_partitions,
    parse_reservations,
)
from .refusals import explain_extension_refusal, explain_refusal, found_no_job
from .run import Limits, run_command

T = TypeVar("T")

_log = logging.getLogger("jupyterhub.classdesk.slurm")

SUDO = "/usr/bin/sudo"

_AT_ONCE = 8
"""How many processes of one command run at the same time. More only take the processor from the hub and from each
other, until they run into their time limits."""

_MOST_OUTPUT = 64 * 1024 * 1024
"""What a command may print that only asks, in bytes: some hundred thousand jobs."""

_KEEP_CONFIGURATION_S = 60.0
_ASK_AGAIN_S = 5.0
OPERATOR_QUESTIONS = (
    ("squeue", "--states=all"),
    ("sinfo", "--all"),
    ("scontrol", "--oneliner", "show", "reservation"),
)
"""What the hub asks as Slurm's operator where Slurm keeps it private, each command once."""

_NODES, _RESERVATIONS = frozenset({"nodes", "partitions"}), frozenset({"reservations"})
_USERS = frozenset({"accounts", "usage", "users"})

_NO_ACCOUNTING = re.compile(r"not running a supported accounting_storage plugin", re.IGNORECASE)


def parse_flags(config: str, key: str) -> frozenset[str]:
    """Read the words of a key, such as PrivateData, from the output of `scontrol show config`."""
    found = re.search(rf"^{key}\s*=\s*(\S+)", config, re.MULTILINE)
    return frozenset(found[1].split(",")) - {"none", "(null)"} if found else frozenset()


def parse_overrun(config: str) -> float:
    """Read ResvOverRun, in seconds, from the output of `scontrol show config`."""
    found = re.search(r"^ResvOverRun\s*=\s*(\w+)", config, re.MULTILINE)
    if found and found[1] == "UNLIMITED":
        return float("inf")
    return 60.0 * int(found[1]) if found and found[1].isdigit() else 0.0


def _read(program: str, parse: Callable[[], T]) -> T:
    """Return what a program's text says; text that makes no sense is not an answer."""
    try:
        return parse()
    except ValueError as error:
        raise SlurmUnavailableError(f"{program} printed {error}") from error


@dataclass
class _Configuration:
    """What Slurm's configuration says, as far as it matters here, and when that was learned.

    Attributes:
        words: Of PrivateData: what it shows only to owners and operators.
        learned: Monotonic time in seconds.
        overrun_s: ResvOverRun: for how long a job may go on after its reservation has ended.
        keeps_environment: Whether the accounting database keeps what jobs are given, each session's token with it.
        operator_sees: Whether nothing of it is hidden from the account as which the hub then asks.
    """

    words: frozenset[str] = frozenset()
    learned: float = float("-inf")
    overrun_s: float = 0.0
    keeps_environment: bool = False
    operator_sees: bool = False

    @property
    def hides_jobs(self) -> bool:
        return "jobs" in self.words


@dataclass
class _Trust:
    """Whether sudo's rules have been seen to hand over what a job needs; the lock lets one at a time look at such."""

    seen: bool = False
    asked: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class SlurmCommands:
    """Runs Slurm's commands for one hub.

    Args:
        bin_directory: Where they are.
        use_sudo: Run sbatch and scancel as the learner through sudo.
        timeout_s: Time limit of each command in seconds.
        operator: Account that may raise a job's time limit.
        environment: Variables of all commands, which sudo's rules keep.
    """

    bin_directory: str
    use_sudo: bool
    timeout_s: float
    operator: str = "slurm"
    environment: Mapping[str, str] = field(default_factory=dict)
    _gates: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(_AT_ONCE)),
        init=False,
        repr=False,
        compare=False,
    )
    _learned: _Configuration = field(default_factory=_Configuration, init=False, repr=False, compare=False)
    _trust: _Trust = field(default_factory=_Trust, init=False, repr=False, compare=False)

    async def submit(self, user: str, arguments: Sequence[str], script: str, environment: Mapping[str, str]) -> str:
        """Submit a job as a user and return its id.

        Args:
            user: The learner's Unix account.
            arguments: Options of sbatch.
            script: The batch script; sbatch reads it from its standard input.
            environment: Variables of the job. They travel in sbatch's environment only, as one: command
                lines can be read by everybody on the machine, and what sudo is told to hand over it logs.

        Raises:
            SubmitError: Slurm refused the job.
            SlurmUnavailableError: Slurm did not answer.
        """
        await self._see_that_sudo_hands_over()
        await self._learn_configuration_anew()
        if self._learned.keeps_environment:
            raise SubmitError(
                "The cluster would keep your session's key where others can read it, so it is not started. "
                "Please tell the administrator: `classdesk check` shows what to change.",
                detail="AccountingStoreFlags=job_env",
            )
        argv = [*self._as_user(user), self._program("sbatch"), "--parsable", *arguments]
        code, out, err = await self._run(argv, script, pack(environment))
        if code != 0:
            raise explain_refusal(err or out, user)
        try:
            return parse_job_id(out)
        except ValueError as error:
            raise SessionError(
                "Slurm accepted the session but did not return its number. Please tell your instructor.",
                detail=str(error),
            ) from error

    async def cancel(self, user: str, job_id: str) -> None:
        """Cancel a user's job; a job that is already gone is fine.

        Raises:
            SessionError: Slurm did not do it.
        """
        argv = [*self._as_user(user), self._program("scancel"), job_id]
        code, out, err = await self._run(argv)
        if code != 0 and not found_no_job(err):
            raise explain_refusal(err or out, user)

    async def set_time_limit(self, job_id: str, minutes: int) -> None:
        """Set a running job's time limit; only an operator of Slurm may raise it.

        Args:
            job_id: The job.
            minutes: The new limit, counted from the job's start.

        Raises:
            SlurmUnavailableError: Slurm did not answer.
            SessionError: It refused.
        """
        argv = [
            *self._as_user(self.operator),
            self._program("scontrol"),
            *("update", f"JobId={job_id}", f"TimeLimit={minutes}"),
        ]
        code, out, err = await self._run(argv)
        if code != 0:
            raise explain_extension_refusal(err or out)

    async def jobs(self, job_name: str, expected: Collection[str] = ()) -> tuple[Job, ...]:
        """Return all jobs of a name, and the expected ones, that run, wait, or ended in the last minutes (MinJobAge).

        Args:
            job_name: The name.
            expected: Ids of jobs that are there as far as anybody knows. Where one is missing, Slurm may keep
                jobs private; then they are asked for as its operator. What is missing still is asked for by its id.

        Raises:
            SlurmUnavailableError: squeue failed, for whatever reason, or printed something else.
            JobsHiddenError: An expected job is missing, and it is not known that the hub sees all jobs.
        """
        if self._learned.learned == float("-inf"):
            await self._learn_configuration()
        jobs = await self._jobs(f"--name={job_name}")
        missing = {*expected} - {job.id for job in jobs}
        if missing and not self._learned.hides_jobs:
            await self._learn_configuration()
            if self._learned.hides_jobs:
                jobs = await self._jobs(f"--name={job_name}")
                missing -= {job.id for job in jobs}
        if not missing:
            return jobs
        # A job can get another name from its owner, or from a plugin of the site.
        found = await self._jobs(f"--jobs={','.join(sorted(missing))}")
        if missing - {job.id for job in found} and self._learned.hides_jobs and not self._learned.operator_sees:
            raise JobsHiddenError(f"PrivateData=jobs; {self.operator} is not an operator of Slurm")
        return (*jobs, *found)

    async def _jobs(self, which: str) -> tuple[Job, ...]:
        mark = secrets.token_hex(8)
        # --all: also jobs in partitions that are hidden, or closed to the hub's own account.
        question = ("--states=all", "--all", which, f"--format={mark}|{JOB_FORMAT}")
        ask = self._ask_as_operator if self._learned.hides_jobs else self._ask
        try:
            out = await ask("squeue", *question)
        except SessionError as error:
            if found_no_job(error.detail):
                return ()
            if isinstance(error, SubmitError):
                await self._learn_configuration()  # it may have changed
                raise JobsHiddenError(f"PrivateData=jobs; {error.detail}") from error
            raise
        return _read("squeue", lambda: parse_jobs(out, mark))

    @property
    def overrun_s(self) -> float:
        """For how many seconds a job may go on after its reservation has ended."""
        return self._learned.overrun_s

    async def config(self) -> str:
        """Return what `scontrol show config` prints: everybody may read it.

        Raises:
            SlurmUnavailableError: scontrol failed.
        """
        return await self._ask("scontrol", "show", "config")

    async def _learn_configuration(self) -> None:
        """Learn what Slurm shows only to the owner and to operators, and whether the hub is one."""
        config = await self.config()
        words = parse_flags(config, "PrivateData")
        self._learned.overrun_s = parse_overrun(config)
        self._learned.keeps_environment = "job_env" in parse_flags(config, "AccountingStoreFlags")
        # Where the hub is the learner, it sees what it needs.
        self._learned.words = words if self.use_sudo else frozenset()
        self._learned.learned = time.monotonic()
        if self._learned.words:
            if await self.sees_all(pwd.getpwuid(os.geteuid()).pw_name, config):
                self._learned.words = frozenset()
            else:
                self._learned.operator_sees = await self.sees_all(self.operator, config)

    async def sees_all(self, account: str, config: str) -> bool:
        """Tell whether Slurm is known to keep nothing private from an account; it tells only of some that it does not.

        Args:
            account: Name of a Unix account.
            config: What `scontrol show config` printed.
        """
        if account == "root" or re.search(rf"^SlurmUser\s*=\s*{re.escape(account)}\(", config, re.MULTILINE):
            return True
        question = ("--noheader", "--parsable2", "--readonly", "show", "user", account, "format=adminlevel")
        with contextlib.suppress(SlurmUnavailableError):
            return (await self._ask("sacctmgr", *question)).strip() in {"Operator", "Administrator"}
        return False

    async def partitions(self) -> tuple[Partition, ...]:
        """Return the open partitions, the default one first.

        Raises:
            SlurmUnavailableError: sinfo failed.
        """
        # All: Slurm leaves out what the hub's own account may not use, which the learner may.
        out = await self._ask_of_all(_NODES, "sinfo", "--all", "--noheader", f"--format={PARTITION_FORMAT}")
        return _read("sinfo", lambda: parse_partitions(out))

    async def access(self) -> tuple[Access, ...]:
        """Return who may use each partition.

        Raises:
            SlurmUnavailableError: scontrol failed.
        """
        return parse_access(await self._ask_of_all(_NODES, "scontrol", "--oneliner", "--all", "show", "partition"))

    async def reservations(self) -> tuple[Reservation, ...]:
        """Return all reservations.

        Raises:
            SlurmUnavailableError: scontrol failed.
        """
        return parse_reservations(
            await self._ask_of_all(_RESERVATIONS, "scontrol", "--oneliner", "show", "reservation")
        )

    async def associations(self, user: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Return a user's accounts and qualities of service; None where Slurm keeps no accounting.

        Raises:
            SlurmUnavailableError: sacctmgr failed for another reason.
        """
        arguments = (
            "--noheader",
            "--parsable2",
            "--readonly",
            "show",
            "associations",
            f"user={user}",
        )
        try:
            text = await self._ask_of_all(_USERS, "sacctmgr", *arguments, f"format={ASSOCIATION_FORMAT}")
        except SlurmUnavailableError as error:
            if _NO_ACCOUNTING.search(error.detail):
                return None
            raise
        return parse_associations(text)

    async def node_address(self, node: str) -> str:
        """Return the address under which a node is reached (NodeAddr); its name where it has none.

        Raises:
            SlurmUnavailableError: sinfo failed.
        """
        out = await self._ask_of_all(_NODES, "sinfo", "--noheader", "--Node", f"--nodes={node}", "--format=%o")
        return next((line.strip() for line in out.splitlines() if line.strip()), node)

    async def node_addresses(self) -> tuple[str, ...]:
        """Return the addresses (NodeAddr) of all nodes, each once.

        Raises:
            SlurmUnavailableError: sinfo failed.
        """
        out = await self._ask_of_all(_NODES, "sinfo", "--noheader", "--Node", "--format=%o")
        return tuple(dict.fromkeys(line.strip() for line in out.splitlines() if line.strip()))

    async def _ask_of_all(self, kinds: frozenset[str], program: str, *arguments: str) -> str:
        """Ask as Slurm's operator, where it may be and Slurm hides things of one of these kinds from others."""
        await self._learn_configuration_anew()
        if kinds & self._learned.words:
            try:
                return await self._ask_as_operator(program, *arguments)
            except SubmitError as error:
                _log.warning("Slurm may hide something from the hub: %s", error.detail)
        return await self._ask(program, *arguments)

    async def _learn_configuration_anew(self) -> None:
        """Learn it if that was long ago. Without an answer what was to be asked is asked all the same."""
        async with self._trust.lock:  # a class that starts at once asks once
            now = time.monotonic()
            is_old = now - self._learned.learned > _KEEP_CONFIGURATION_S
            if is_old and now - self._trust.asked > _ASK_AGAIN_S:
                self._trust.asked = now
                with contextlib.suppress(SlurmUnavailableError):
                    await self._learn_configuration()

    async def _ask_as_operator(self, program: str, *arguments: str) -> str:
        argv = [*self._as_user(self.operator), self._program(program), *arguments]
        code, out, err = await self._run(argv, most_output=_MOST_OUTPUT)
        if code != 0:
            raise explain_refusal(err or f"{program}: exit status {code}", self.operator)
        return out

    async def _ask(self, program: str, *arguments: str) -> str:
        argv = [self._program(program), *arguments]
        code, out, err = await self._run(argv, most_output=_MOST_OUTPUT)
        if code != 0:
            raise SlurmUnavailableError(f"{program}: {err.strip() or f'exit status {code}'}")
        return out

    def _program(self, name: str) -> str:
        return f"{self.bin_directory}/{name}"

    def _as_user(self, user: str) -> list[str]:
        return [SUDO, "-n", "-H", "-u", user, "--"] if self.use_sudo else []

    async def _see_that_sudo_hands_over(self) -> None:
        """Refuse to submit under rules from before an upgrade, where the job would begin without its variables."""
        if not self.use_sudo or self._trust.seen:
            return
        async with self._trust.lock:
            if self._trust.seen:
                return
            _, rules, _ = await self._run([SUDO, "-n", "-l"])
            if names := lost_variables(rules, self.environment):
                raise SubmitError(
                    "The hub is not allowed to pass your session its settings. Please tell the administrator: "
                    "`classdesk check` shows what is missing.",
                    detail=f"sudo does not keep {', '.join(names)}; see hub_config/sudoers.d/classdesk",
                )
            self._trust.seen = True

    async def _run(
        self,
        argv: Sequence[str],
        text: str = "",
        environment: Mapping[str, str] | None = None,
        most_output: int | None = None,
    ) -> tuple[int, str, str]:
        program = argv[argv.index("--") + 1] if "--" in argv else argv[0]
        # Each command has a gate of its own: the queue is looked at while a class submits.
        async with self._gates[program]:
            limits = Limits(self.timeout_s, most_output)
            return await run_command(program, argv, text, {**self.environment, **(environment or {})}, limits)
