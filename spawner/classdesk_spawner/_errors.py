"""What can go wrong between *Start* and a running session, each as one sentence for the learner.

JupyterHub 6 logs a `SpawnException` without a traceback and counts it by its `reason`; its pages show
`jupyterhub_message`. Both are filled here, so an error is translated once, where it is noticed.
"""

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
    """

    reason = "options"
    status_code = 400

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class SlurmUnavailableError(SessionError):
    """Slurm did not answer in time, or said that its controller can't be reached."""

    reason = "slurm_unavailable"
    status_code = 503

    def __init__(self, detail: str) -> None:
        super().__init__(
            "The cluster's scheduler (Slurm) does not answer at the moment. Nothing is lost. "
            "Please try again in a minute; if it stays like this, tell your instructor.",
            detail=detail,
        )


class SubmitError(SessionError):
    """Slurm answered, but refused the job."""

    reason = "submit_refused"
    status_code = 503


class JobEndedError(SessionError):
    """The job ended before the session was ready."""

    reason = "job_ended"
    status_code = 503
