"""What can go wrong between *Start* and a running session, each as one sentence for the learner.

JupyterHub 6 logs a `SpawnException` without a traceback and counts it by its `reason`; its pages show
`jupyterhub_message`. Both are filled here, so an error is translated once, where it is noticed.
"""

import html
import re
from collections.abc import Sequence

from jupyterhub.spawner import SpawnException


class SessionError(SpawnException):  # type: ignore[misc]  # jupyterhub has no type information
    """A start or stop that did not work, with the sentence that the learner reads.

    Args:
        message: What happened and what to do next, in plain words. Shown to the learner.
        detail: The facts for the hub's log, such as the output of a Slurm command.
        reason: The label in JupyterHub's metrics.
        status_code: The HTTP status of the answer.
    """

    reason = "session"
    status_code = 500
    waiting = "The scheduler does not answer at the moment; this is its last known state. Nothing is lost."
    """What somebody reads who waits for a session while Slurm cannot be asked for it."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(
            message,
            reason=self.reason,
            log_message=f"{message} [{detail}]" if detail else message,
            status_code=self.status_code,
        )
        self.jupyterhub_message = message
        # The API answers with the log message; nothing of the detail belongs there.
        self.log_message = message
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} [{self.detail}]" if self.detail else str(self.message)


class OptionsError(SessionError):
    """The form, link or REST call asked for something that this site does not give.

    Args:
        problems: One sentence for each refused field: its name, the value, the limit.
        fields: The refused fields.
    """

    reason = "options"
    status_code = 400

    def __init__(self, problems: Sequence[str], fields: Sequence[str] = ()) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)
        self.fields = tuple(fields)


class SlurmUnavailableError(SessionError):
    """Slurm did not answer in time, or said that its controller cannot be reached."""

    reason = "slurm_unavailable"
    status_code = 503

    def __init__(self, detail: str) -> None:
        super().__init__(
            "The cluster's scheduler (Slurm) does not answer at the moment. Nothing is lost. "
            "Please try again in a minute; if it stays like this, tell your instructor.",
            detail=detail,
        )


class JobsHiddenError(SlurmUnavailableError):
    """Slurm keeps its jobs private (PrivateData), and nobody as whom the hub may ask sees them."""

    reason = "jobs_hidden"
    waiting = (
        "Slurm hides its jobs from the hub, so the hub cannot see how far yours is. Nothing is lost. "
        "Please tell the administrator: `classdesk check` shows what is missing."
    )


class SubmitError(SessionError):
    """Slurm answered, but refused the job."""

    reason = "submit_refused"
    status_code = 503


class JobEndedError(SessionError):
    """The job ended before the session was ready.

    Args:
        sentence: How it ended.
        job_id: Slurm's number of the job.
        last_words: The last lines of the session's log, where the job could still send them.
    """

    reason = "job_ended"
    status_code = 503

    def __init__(self, sentence: str, *, job_id: str, last_words: str = "") -> None:
        advice = next(
            (advice for words, advice in _ADVICE if re.search(words, last_words)),
            "Please start again; if it happens again, show your instructor this page.",
        )
        super().__init__(f"{sentence} {advice}", detail=f"job {job_id}; its log ended: {last_words!r}")
        if last_words:
            self.jupyterhub_html_message = (
                f"{html.escape(self.message)}</p><p>The session's log (job {html.escape(job_id)}) ended with:</p>"
                f"<pre class='text-start'>{html.escape(last_words)}</pre><p>"
            )


class ServerLostError(SessionError, TimeoutError):
    """What JupyterHub waited for after `start()` will not come; only a time-out is not a fault of the program to it.

    Args:
        cause: Why.
    """

    reason = "server_lost"
    status_code = 503

    def __init__(self, cause: SessionError) -> None:
        super().__init__(str(cause.message), detail=cause.detail)
        self.jupyterhub_html_message = getattr(cause, "jupyterhub_html_message", None)


_ADVICE = (
    (
        r"No space left on device|Disk quota exceeded",
        "Your home directory is full: delete what you do not need, then start again.",
    ),
    (
        r"Read-only file system",
        "Your home directory cannot be written to at the moment. Please tell your instructor.",
    ),
    (
        r"home directory \S+ cannot be opened|bwrap: Can't (chdir to |find source path /home/)",
        "Your home directory cannot be opened on the compute node. Please tell your instructor.",
    ),
    (
        r"bwrap: |apptainer: |FATAL: +(could not open image|while)",
        "The compute node could not open the desktop image. Please tell your instructor.",
    ),
)
"""What the end of a session's log tells, and what to do then."""
