"""`DesktopSpawner`: a session of JupyterHub as a Slurm job."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from batchspawner import SlurmSpawner
from traitlets import Callable, Dict, Instance, Unicode, default

from classdesk_desktop.protocol import DEFAULT_URLS, Variable

from .errors import SessionError
from .form.chosen import ChosenOptions
from .form.options import SessionOptions, options_from_state, start_again
from .hub import upstream
from .hub.server_wait import look_after
from .hub.start_queue import Step
from .session.accounts import unix_account
from .session.job import SessionJob
from .session.locale import browser_locale
from .session.progress import StartState, progress_event
from .session.reported import ReportedSession
from .session.runtimes import runtime_command
from .session.script import render_batch_script, sbatch_arguments
from .settings.models import SpawnerSettings
from .slurm.states import stopped_by


class DesktopSpawner(ChosenOptions, ReportedSession, SlurmSpawner):  # type: ignore[misc]  # batchspawner has no type information
    """Starts sessions as Slurm jobs and always knows their state.

    Of batchspawner, the traits and the meaning of `req_partition`, `req_account`, `req_qos` and
    `req_reservation` hold: where set, they go before the site's section `[slurm]`. Its command strings, templates,
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

    classes = Dict(
        help="""
        The classes of the site, each a `ClassForm`, by the name of its group.

        Usually set by `classdesk_hub.configure` from the site file. Affects sessions that are started by a
        class link or by an instructor: their options are the class's preset.
        """,
    ).tag(config=True)

    visits_changed = Callable(
        None,
        allow_none=True,
        help="""
        Called with the spawner, who has begun and who has ended to watch its session, and what else they did in it.

        Usually set by `classdesk_hub.configure`, which keeps a record. Affects running sessions.
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

    lesson_directories = Callable(
        lambda _spawner: (),
        help="""
        Called with the spawner; returns the directories of lesson packs that its sessions have beside the image's.

        Usually set by `classdesk_hub.configure`: those of the user's classes, then the site's. Affects sessions that
        start later; what changes in a directory is seen in running ones.
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
        self.job: SessionJob | None = None
        self._pressed = time.monotonic()
        self._resumption: asyncio.Task[bool] | None = None
        self._confirmation: asyncio.Future[None] | None = None
        self._refused_fields: Mapping[str, object] | None = None
        self.report = None
        self.extending = asyncio.Lock()
        self.ending, self.ended = "", 0
        """How the last session ended or why it did not start, in a sentence, and when, in Unix seconds; empty where
        its learner stopped it."""
        self.stopped_by = ""
        """Who else than the learner asked last to stop the session; see `ServerHandler`."""

    # Life of a session -----------------------------------------------------------------------

    async def start(self) -> tuple[str, int]:
        """Submit the job, wait until its session has called home; return its address and port."""
        options = self.options or await self.validated_options(self.user_options)
        self._pressed = time.monotonic()
        deadline = asyncio.get_running_loop().time() + 0.95 * self.start_timeout
        self.port, self.ending, self.ended = 0, "", 0
        self.ip = self.settings.session.bind_address
        self.default_url = DEFAULT_URLS[options.kind]
        account = await asyncio.to_thread(unix_account, self.user.name)
        runtime = runtime_command(self.settings.runtime, account.pw_dir, self.lesson_directories(self))
        job = self.job = SessionJob.new(self.cluster, account.pw_name, self.api_token, self.chosen("reservation"))
        # Written down before sbatch and again after it: a hub that dies between finds the job.
        self.cluster.ledger.write(self)
        try:
            await job.submit(
                sbatch_arguments(
                    self.settings.slurm, options, job.comment(self.name), self._further_slurm_options(options)
                ),
                render_batch_script(
                    options,
                    runtime,
                    account.pw_dir,
                    self.settings.slurm.directory_in_sessions,
                    own_network=self.settings.runtime.own_network,
                ),
                self._job_environment() | {Variable.START_AGAIN: start_again(options)},
            )
            self.cluster.ledger.write(self)
            self.log.info("Session %s is job %s: %s", self._log_name, job.job_id, options)
            try:
                # A little earlier than JupyterHub gives up itself, without a sentence for the learner.
                async with asyncio.timeout_at(deadline):
                    address = await job.until_reachable()
            except TimeoutError:
                raise job.late_error() from None
        except SessionError as error:
            self._note_end(str(error.message))
            raise
        await self.cluster.turnstile.pass_through(Step.REACHED)
        self.port = job.port
        if (server := upstream.server_of(self)) is not None:
            look_after(server, job, self._move_to)
        if job.start is None:
            self._confirmation = asyncio.ensure_future(self._confirm(job, address))
        return address, job.port

    async def stop(self, now: bool = False) -> None:
        """Cancel the job and wait until Slurm says that it has ended.

        Raises:
            SessionError: Slurm did not cancel it now. It is tried again until it does.
        """
        job = self.job
        if job is None or not job.job_id:
            return
        self.log.info("Stopping session %s, job %s", self._log_name, job.job_id)
        if self.stopped_by:
            self._note_end(stopped_by(self.stopped_by))
        await job.cancel()
        if not now:
            await job.until_ended()

    async def poll(self) -> int | None:
        """Return None while the session lives, its exit status otherwise. Never asks Slurm itself."""
        job = self.job
        if job is None:
            return 1
        if job.taken_up and self._resumption is None:
            return await self._resumed()
        if self._resumption is not None and not self._resumption.done():
            return None
        status = job.exit_status()
        if status is not None and self.job is job:
            self.log.info("Session %s has ended: %s", self._log_name, job.seen)
            self._note_end(self.ending or job.end_sentence())
            self.clear_state()
        return status

    def _note_end(self, sentence: str) -> None:
        self.ending, self.ended = sentence, round(time.time())

    async def progress(self) -> AsyncIterator[dict[str, object]]:
        """Yield what the learner's waiting page shows: news at once, a percentage alone now and then."""
        shown: dict[str, object] = {}
        for second in itertools.count():
            await self.cluster.learn_reservation_of(self.job.seen if self.job else None)
            event = self.progress_event()
            if event["message"] != shown.get("message") or second % 3 == 0:
                if event != shown:
                    yield event
                shown = event
            await asyncio.sleep(1)

    def progress_event(self) -> dict[str, object]:
        """Return what a waiting learner should read now."""
        watcher, job = self.cluster.watcher, self.job
        reservation = self.options.reservation if self.options else ""
        state = StartState(
            job=job.seen if job else None,
            ahead=watcher.latest.ahead_of(job.job_id) if watcher.latest and job else 0,
            reservation_start=self.cluster.reservation_start(reservation),
            submitted=bool(job and job.job_id),
            called_home=bool(job and job.has_called_home),
            waited_s=self._waited_s(),
            unseen=watcher.failure.waiting if watcher.failure else "",
        )
        return progress_event(state)

    def _waited_s(self) -> float:
        """Return the seconds since *Start* was pressed, also where an earlier hub process noted it."""
        started = getattr(self.orm_spawner, "started", None)
        if started is None:
            return time.monotonic() - self._pressed
        waited: timedelta = datetime.now(UTC).replace(tzinfo=None) - started
        return max(0.0, waited.total_seconds())

    async def _confirm(self, job: SessionJob, believed: str) -> None:
        """Hold what a call home has told against what Slurm says; Slurm's word counts."""
        address = await job.confirmed_address()
        if address is None or self.job is not job:
            return  # `poll` and the next call home see to it
        self.cluster.ledger.write_soon(self)
        if address != believed:
            self.log.warning(
                "Session %s called home from %s, but its job runs at %s; it is looked for there",
                self._log_name,
                believed,
                address,
            )
            await self._until_settled()
            if self.job is job and self.ready:
                self._move_to(address, job.port)
                await self._add_route()

    async def accept_port(self, port: int, caller: str) -> bool:
        """Take the port on which the session's server listens; False when none is expected.

        Args:
            port: The port.
            caller: The IP address that the call came from.
        """
        job = self.job
        if job is None:
            return False
        if job.take_port(port, caller):
            # Before it is answered: the session calls once, and the hub may die at any moment.
            self.cluster.ledger.write(self)
            return True
        if self.pending == "stop" or self.server is None:
            return False
        address = await job.take_over(port)
        if address is None:
            return False
        self.log.info("Session %s was started anew, at %s:%s", self._log_name, address, port)
        self._move_to(address, port)
        await self._add_route()
        return True

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Leave HOME, USER and SHELL to sudo and Slurm, which know the account without being asked here."""
        return env

    def _further_slurm_options(self, options: SessionOptions) -> tuple[str, ...]:
        """The options of sbatch that the interface and the class add; none where the site has given them up."""
        interface, class_ = self.settings.form.interfaces.get(options.ui), self.classes.get(options.class_name)
        return (
            *(interface.slurm_options if interface else ()),
            *(class_.preset.slurm_options if class_ else ()),
        )

    def _job_environment(self) -> dict[str, str]:
        environment = {key: str(value) for key, value in self.get_env().items()}
        environment.pop("JPY_API_TOKEN", None)  # the token's name of ten years ago
        api_url = environment["JUPYTERHUB_API_URL"]
        # The session reports when its learner was active; a clock in the desktop is not activity.
        environment.pop("JUPYTERHUB_ACTIVITY_URL", None)
        if ports := self.settings.session.ports:
            environment[Variable.PORTS] = f"{ports[0]}-{ports[1]}"
        environment[Variable.POLICY] = self.settings.desktop.for_session()
        # The request that starts the session; one that has no browser behind it says nothing.
        if request := getattr(self.handler, "request", None):
            environment[Variable.LOCALE] = browser_locale(request.headers.get("Accept-Language", ""))
        environment[Variable.LESSONS_URL] = self.lessons_url or api_url.removesuffix("/api") + "/lessons"
        return environment

    # Across restarts of the hub --------------------------------------------------------------

    async def _answers(self, timeout_s: float) -> bool:
        if self.server is None:
            return True
        try:
            plain = self.server.proto == "http"
            # A second limit: JupyterHub's own does not end a question that a frozen server took.
            async with asyncio.timeout(timeout_s):
                await self.server.wait_up(timeout=timeout_s, http=plain, extra_path="api")
        except TimeoutError:
            return False
        return True

    async def _resumed(self) -> int | None:
        """Take up what an earlier hub process began; called when the hub starts.

        It is made to look like any start to JupyterHub, so that the learner's waiting page goes on,
        *Cancel* works, and a failure is told. For a session that just runs on it is done at once.
        """
        resumption = self._resumption = asyncio.ensure_future(self._go_on_starting())
        start = asyncio.ensure_future(self._until_checked(resumption))
        upstream.begin_start(self, start)
        start.add_done_callback(self._end_resumption)
        await asyncio.wait([resumption])
        if resumption.cancelled():
            # *Cancel*: JupyterHub's handler stops the session; its check at the start must not do it too.
            while self.server is not None:  # noqa: ASYNC110  # JupyterHub has no event for it
                await asyncio.sleep(0.2)
            return 1
        return 1 if resumption.exception() is not None else await self.poll()

    async def _go_on_starting(self) -> bool:
        """Wait for the session; tell whether it has a new address."""
        job = self.job
        if job is not None and job.reached and await job.went_on_without_hub():
            ended = job.exit_status() is not None
            if ended or await self._answers(2):
                return False
        if job is None or not (job.job_id or await job.find()):
            self.clear_state()
            raise SessionError("The hub was restarted before your session was submitted. Please start it again.")
        self.log.info("Going on with the start of session %s, job %s", self._log_name, job.job_id)
        try:
            async with asyncio.timeout(self.start_timeout):
                while True:
                    self._move_to(await job.until_reachable(), job.port)
                    # JupyterHub looks too, but drops what does not answer, whatever Slurm says of the job.
                    if await self._answers(10):
                        return True
        except TimeoutError:
            raise job.late_error() from None

    async def _until_checked(self, resumption: "asyncio.Task[bool]") -> None:
        """Wait until the session goes on, and until JupyterHub has seen that it does.

        A start that was over before would be neither pending nor ready: to the waiting page it had failed.
        """
        has_moved = await resumption
        while upstream.is_checked(self):  # noqa: ASYNC110  # JupyterHub has no event for it
            await asyncio.sleep(0.1)
        if has_moved and self.server is not None and not upstream.is_stopping(self):
            # JupyterHub itself looks only every few minutes, but then it looks again: no failure of the start.
            route = asyncio.ensure_future(self._add_route())
            await asyncio.wait([route])
            if error := route.exception():
                self.log.warning("Session %s has no route yet: %s", self._log_name, error)

    def _end_resumption(self, start: "asyncio.Future[None]") -> None:
        upstream.end_start(self, start)
        if not start.cancelled() and start.exception() is not None:
            self.log.error("Session %s: %s", self._log_name, start.exception())

    async def _until_settled(self) -> None:
        while self.pending:  # noqa: ASYNC110  # JupyterHub has no event for it
            await asyncio.sleep(0.2)

    def _move_to(self, address: str, port: int) -> None:
        self.port = port
        self.server.ip, self.server.port = address, port
        self.cluster.ledger.write(self)

    async def _add_route(self) -> None:
        await self.user.settings["proxy"].add_user(self.user, self.name)

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a session that an earlier hub process started."""
        super().load_state(state)
        self.ending = state.get("classdesk", {}).get("ending", "")
        self.ended = state.get("classdesk", {}).get("ended", 0)
        self.job = SessionJob.from_state(self.cluster, state.get("classdesk", {}))
        self.options = options_from_state(state.get("classdesk", {}).get("options"))

    def get_state(self) -> dict[str, Any]:
        """Return what the next hub process must know."""
        if self.job is None:
            told = {"ending": self.ending, "ended": self.ended}
            return {"classdesk": told} if self.ending else {}
        self.job_id = self.job.job_id  # for hooks that know batchspawner
        options = self.options.model_dump() if self.options else None
        return {**super().get_state(), "classdesk": {**self.job.to_state(), "options": options}}

    def clear_state(self) -> None:
        """Forget the job."""
        if self.job is not None:
            self.job.forget()
        self.job = self.report = None
        super().clear_state()
