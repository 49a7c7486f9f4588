"""`DesktopSpawner`: a session of JupyterHub as a Slurm job."""

import asyncio
import pwd
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from batchspawner import SlurmSpawner
from traitlets import Callable, Instance, Unicode, default

from . import _port_handler
from ._cluster import Cluster, cluster_for
from ._errors import JobEndedError, OptionsError, SessionError
from ._form import read_fields, render_form
from ._options import OptionRules, SessionOptions
from ._runtimes import runtime_command
from ._script import render_batch_script, sbatch_arguments
from ._settings import SpawnerSettings
from ._slurm import Job
from ._states import Phase, end_sentence

_port_handler.install()

_CANCEL_TRIES = 3
_ENDING_PATIENCE_S = 35.0  # Slurm's default KillWait is 30 s

DEFAULT_URLS = {"desktop": "/desktop/", "lab": "/lab", "terminal": "/terminal/"}
"""The page that a session opens, by kind of interface."""


class DesktopSpawner(SlurmSpawner):  # type: ignore[misc]  # batchspawner has no type information
    """Starts sessions as Slurm jobs and always knows their state.

    Of batchspawner, the traits and the meaning of `req_partition`, `req_account`, `req_qos` and
    `req_reservation` hold: where set, they go before the site's settings. Its command strings, templates,
    polling and API handler are not used.
    """

    settings = Instance(
        SpawnerSettings,
        args=(),
        help="""
        What the site offers and how sessions are submitted.

        Usually set by `classdesk_hub.configure` from the site file. Affects all sessions that start later.
        Example: `c.DesktopSpawner.settings = SpawnerSettings(form=FormSettings(max_hours=8))`
        """,
    ).tag(config=True)

    lessons_url = Unicode(
        "",
        help="""
        Address under which sessions reach the lesson files, without a slash at the end.

        Given to sessions as LESSONS_URL, for wget. Empty: the hub's own, under the address that
        sessions use for the hub's API.
        """,
    ).tag(config=True)

    apply_user_options = Callable(
        help="Validates the options of every start, whatever way they came; see `validated_options`."
    )

    @default("apply_user_options")
    def _default_apply_user_options(self) -> object:
        return DesktopSpawner._take_options

    options_form = Callable()

    @default("options_form")
    def _default_options_form(self) -> object:
        return DesktopSpawner._render_options_form

    options_from_form = Callable()

    @default("options_from_form")
    def _default_options_from_form(self) -> object:
        return self._read_options_form

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.options: SessionOptions | None = None
        self.job_user = ""
        self._submitted = float("-inf")
        self._port_known = asyncio.Event()
        self._awaits_port = False
        self._refused_fields: Mapping[str, object] | None = None

    # Options ---------------------------------------------------------------------------------------

    @property
    def cluster(self) -> Cluster:
        """The cluster, shared with all other spawners of this hub."""
        return cluster_for(self.settings.slurm)

    async def option_rules(self) -> OptionRules:
        """Return the rules in force, with the partition's limits."""
        form = self.settings.form
        partition = self.req_partition or self.settings.slurm.partition
        return OptionRules(form, await self.cluster.ceilings(form, partition))

    async def validated_options(self, raw: Mapping[str, object]) -> SessionOptions:
        """Return raw options as validated ones.

        Raises:
            OptionsError: Something in them is refused.
        """
        return (await self.option_rules()).validate(raw)

    async def _take_options(self, raw: Mapping[str, object]) -> None:
        """Hook of JupyterHub, called before each start: form, link, REST call or stored options."""
        self.options = await self.validated_options(raw)

    async def _read_options_form(self, data: Mapping[str, object]) -> dict[str, object]:
        """Return the form's fields as the options to store; refused ones are shown again as they were."""
        self._refused_fields = {
            key: value[0] for key, value in data.items() if isinstance(value, list)
        }
        options = await self.validated_options(read_fields(data))
        self._refused_fields = None
        return {"ui": options.ui, "cores": options.cores, "hours": options.minutes / 60}

    async def _render_options_form(self) -> str:
        rules = await self.option_rules()
        filled = self._refused_fields or self._linked_fields() or self._last_choice(rules)
        self._refused_fields = None
        return render_form(rules, filled)

    def _linked_fields(self) -> dict[str, object]:
        """Return the fields that a link presets: `/hub/spawn?ui=desktop&cores=2&hours=3`."""
        arguments = self.handler.request.query_arguments if self.handler else {}
        return {
            key: arguments[key][-1].decode("utf-8", "replace")
            for key in ("ui", "cores", "hours")
            if arguments.get(key)
        }

    def _last_choice(self, rules: OptionRules) -> Mapping[str, object]:
        stored = (self.orm_spawner.user_options if self.orm_spawner else None) or {}
        try:
            rules.validate(stored)
        except OptionsError:
            return {}  # limits have changed since, or a REST call stored something else
        return stored

    # Life of a session -----------------------------------------------------------------------------

    async def start(self) -> tuple[str, int]:
        """Submit the job, wait until its server has called home, and return its address and port."""
        options = self.options or await self.validated_options(self.user_options)
        self.port = 0
        self.ip = self.settings.session.bind_address
        self.default_url = DEFAULT_URLS[options.kind]
        self._port_known.clear()
        self._awaits_port = True
        try:
            await self._submit(options)
            node = await self._until_reachable()
            return await self.cluster.node_address(node), self.port
        finally:
            self._awaits_port = False

    async def stop(self, now: bool = False) -> None:
        """Cancel the job and wait until Slurm says that it has ended.

        Raises:
            SessionError: Slurm did not cancel it. The job is remembered, so stopping can be tried again.
        """
        if not self.job_id:
            return
        job_id, user = self.job_id, self.job_user or self.user.name
        self.log.info("Stopping session %s, job %s", self._log_name, job_id)
        for left in reversed(range(_CANCEL_TRIES)):
            try:
                await self.cluster.commands.cancel(user, job_id)
                break
            except SessionError as error:
                if not left:
                    raise
                self.log.warning("Job %s could not be cancelled, trying again: %s", job_id, error)
                await asyncio.sleep(1)
        if not now:
            await self._until_ended(job_id)

    async def poll(self) -> int | None:
        """Return None while the session lives, its exit status otherwise. Never asks Slurm itself."""
        if not self.job_id:
            return 1
        watcher = self.cluster.watcher
        watcher.follow(self.job_id)
        job = watcher.job(self.job_id)
        if job is not None and job.phase is Phase.ENDED:
            self.log.info("Session %s: %s", self._log_name, end_sentence(job.state))
        elif job is not None or not watcher.is_gone(self.job_id, self._submitted):
            return None
        self.clear_state()
        return 0 if job is not None and job.state == "COMPLETED" else 1

    async def progress(self) -> AsyncIterator[dict[str, object]]:
        """Yield what the learner's waiting page shows."""
        shown = None
        while True:
            event = self._progress_event()
            if event != shown:
                shown = event
                yield event
            await asyncio.sleep(0.5)

    def accept_port(self, port: int) -> bool:
        """Take the port on which the session's server listens; False unless it is being waited for."""
        if not (self._awaits_port and self.job_id and self.port == 0):
            return False
        self.port = port
        self._port_known.set()
        return True

    async def _submit(self, options: SessionOptions) -> None:
        account = await asyncio.to_thread(self._unix_account)
        site = self.settings.slurm
        slurm = site.model_copy(
            update={
                "partition": self.req_partition or site.partition,
                "account": self.req_account or site.account,
                "qos": self.req_qos or site.qos,
                "reservation": self.req_reservation or site.reservation,
            }
        )
        runtime = runtime_command(self.settings.runtime, account.pw_dir)
        submission = asyncio.ensure_future(
            self.cluster.commands.submit(
                account.pw_name,
                sbatch_arguments(slurm, options, quote(self.name, safe="")),
                render_batch_script(options, runtime, account.pw_dir),
                self._job_environment(),
            )
        )
        try:
            job_id = await asyncio.shield(submission)
        except asyncio.CancelledError:
            # sbatch may be about to succeed: a job that nobody knows must not stay.
            submission.add_done_callback(self._cancel_unwanted)
            raise
        self._submitted = time.monotonic()
        self.job_id, self.job_user = job_id, account.pw_name
        self.orm_spawner.state = self.get_state()
        self.db.commit()
        self.cluster.watcher.follow(job_id)
        self.log.info("Session %s is job %s: %s", self._log_name, job_id, options)

    def _unix_account(self) -> pwd.struct_passwd:
        try:
            account = pwd.getpwnam(self.user.name)
        except KeyError:
            raise SessionError(
                "This machine does not know your user name. Please tell the administrator.",
                detail=f"no Unix account {self.user.name}",
            ) from None
        if account.pw_uid == 0:
            raise SessionError("The root account can't have a session. Log in as a learner.")
        return account

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Leave HOME, USER and SHELL to sudo and Slurm, which know the account without being asked here."""
        return env

    def _job_environment(self) -> dict[str, str]:
        environment = {key: str(value) for key, value in self.get_env().items()}
        environment.pop("JPY_API_TOKEN", None)  # the token's name of ten years ago
        api_url = environment["JUPYTERHUB_API_URL"]
        environment["LESSONS_URL"] = self.lessons_url or api_url.removesuffix("/api") + "/lessons"
        return environment

    def _cancel_unwanted(self, submission: "asyncio.Future[str]") -> None:
        if submission.cancelled() or submission.exception() is not None:
            return
        job_id = submission.result()
        self.log.info(
            "Session %s was given up while it was submitted; job %s", self._log_name, job_id
        )
        task = asyncio.ensure_future(self.cluster.commands.cancel(self.user.name, job_id))
        task.add_done_callback(self._log_failed_cancel)

    def _log_failed_cancel(self, task: "asyncio.Future[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("A job that nobody wants could not be cancelled: %s", error)

    async def _until_reachable(self) -> str:
        """Wait until the job runs and its server has called home; return the node's name."""
        watcher = self.cluster.watcher
        moment = self._submitted
        while True:
            moment = (await watcher.newer_than(moment)).began
            job = watcher.job(self.job_id)
            if job is None and watcher.is_gone(self.job_id, self._submitted):
                raise self._ended_early("The session's job is gone from the queue.")
            if job is not None and job.phase in {Phase.ENDED, Phase.ENDING}:
                raise self._ended_early(end_sentence(job.state))
            if job is not None and job.phase is Phase.RUNNING and job.node:
                if self.port:
                    return job.node
                await self._port_or_next_tick(moment)
                if self.port:
                    return job.node

    async def _port_or_next_tick(self, moment: float) -> None:
        waits = [
            asyncio.ensure_future(self._port_known.wait()),
            asyncio.ensure_future(self.cluster.watcher.newer_than(moment)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _until_ended(self, job_id: str) -> None:
        watcher = self.cluster.watcher
        cancelled = moment = time.monotonic()
        while time.monotonic() - cancelled < _ENDING_PATIENCE_S:
            try:
                moment = (
                    await asyncio.wait_for(
                        watcher.newer_than(moment), self.settings.slurm.command_timeout_s
                    )
                ).began
            except TimeoutError:
                self.log.warning(
                    "Slurm took the order to cancel job %s, but gives no news of it", job_id
                )
                return
            job = watcher.job(job_id)
            if job is None or job.phase is Phase.ENDED:
                watcher.forget(job_id)
                return
        self.log.warning("Job %s was cancelled, but Slurm has not ended it yet", job_id)

    def _ended_early(self, sentence: str) -> JobEndedError:
        job_id = self.job_id
        self.cluster.watcher.forget(job_id)
        self.clear_state()
        home = Path("~") / ".local/state/classdesk" / f"session-{job_id}.log"
        return JobEndedError(
            f"{sentence} Please start again; if it happens again, show your instructor this page. "
            f"The session's log is {home}.",
            detail=f"job {job_id} of {self._log_name}",
        )

    def _progress_event(self) -> dict[str, object]:
        watcher = self.cluster.watcher
        job = watcher.job(self.job_id) if self.job_id else None
        if not self.job_id:
            percent, text = 5, "Asking the cluster for your session…"
        elif job is None or job.phase is Phase.WAITING:
            percent, text = 20, f"Waiting for free cores on the cluster{self._reason(job)}…"
        elif self._awaits_port:
            percent, text = (
                50,
                f"The cluster has started your session on {job.node}. It is getting ready…",
            )
        else:
            percent, text = 80, "Your session is ready. Opening it…"
        if watcher.failure is not None:
            text += (
                " (The scheduler does not answer at the moment; this is the last that is known.)"
            )
        return {"progress": percent, "message": text}

    @staticmethod
    def _reason(job: Job | None) -> str:
        return "" if job is None or job.reason in {"None", ""} else f" (Slurm says: {job.reason})"

    # State across restarts of the hub --------------------------------------------------------------

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a session that an earlier hub process started."""
        super().load_state(state)
        self.job_user = state.get("job_user", "")

    def get_state(self) -> dict[str, Any]:
        """Return what the next hub process must know."""
        state: dict[str, Any] = super().get_state()
        if self.job_id:
            state["job_user"] = self.job_user
        return state

    def clear_state(self) -> None:
        """Forget the job."""
        if self.job_id:
            self.cluster.watcher.forget(self.job_id)
        super().clear_state()
        self.job_user = ""
        self._submitted = float("-inf")
