"""A job in Slurm's words: how squeue shows it, and the id that sbatch gives it.

Pure functions.
"""

from dataclasses import dataclass

from .states import Phase, phase_of
from .times import unix_time

JOB_FORMAT = "%i|%T|%r|%S|%e|%B|%u|%k"
"""The fields of `parse_jobs`; the comment comes last because it alone may contain a bar, and even line ends."""


@dataclass(frozen=True)
class Job:
    """One line of squeue.

    Attributes:
        id: The job's id.
        state: Slurm's long state, such as `PENDING`.
        reason: Why it is in this state, such as `Resources`; `None` is Slurm's word for no reason.
        start: Start, or expected start, in Unix seconds; None when Slurm does not know.
        end: Time at which the limit ends it, in Unix seconds.
        node: Name of the node that runs the batch script; empty while there is none.
        user: Owner.
        comment: What `SessionJob.comment` gave a session's job; anything in a job of somebody else.
    """

    id: str
    state: str
    reason: str
    start: int | None
    end: int | None
    node: str
    user: str
    comment: str

    @property
    def submission(self) -> tuple[str, str]:
        """The submission id and the mark of the hub in the comment; empty where it has none."""
        submission, _, hub_id = self.comment.rpartition(":")[2].partition("@")
        return submission, hub_id

    @property
    def gets_machine(self) -> bool:
        """Whether it has its place and waits only for the machine, which is being switched on or prepared."""
        return self.state == "CONFIGURING"

    @property
    def phase(self) -> Phase:
        """What the state means for the session."""
        return phase_of(self.state)


def parse_jobs(text: str, mark: str) -> tuple[Job, ...]:
    """Read the output of `squeue --format=MARK|JOB_FORMAT`, heading included.

    Args:
        text: What squeue printed.
        mark: A word that nobody could know before, so that no line of a user's comment passes for a job.

    Raises:
        ValueError: It is not what squeue prints, or only a part of it. No job may count as gone for that.
    """
    marked = f"{mark}|"
    # Not splitlines(): it takes more characters for line ends than squeue does.
    rows = [row.removeprefix(marked) for row in text.split("\n") if row.startswith(marked)]
    if not rows or not rows[0].startswith("JOBID|"):
        raise ValueError(f"no heading in {text[:200]!r}")
    return tuple(_job(row) for row in rows[1:])


def _job(row: str) -> Job:
    fields = row.split("|", 7)
    if len(fields) != 8:
        raise ValueError(f"not a job: {row[:200]!r}")
    job_id, state, reason, start, end, node, user, comment = (f.strip() for f in fields)
    return Job(
        id=job_id,
        state=state,
        reason=reason,
        start=unix_time(start),
        end=unix_time(end),
        node=_word(node),
        user=user,
        comment=_word(comment),
    )


def parse_job_id(text: str) -> str:
    """Read the job id from the output of `sbatch --parsable`.

    A site's submit plugin may print lines of its own before it.

    Raises:
        ValueError: There is no job id.
    """
    for line in reversed(text.splitlines()):
        job_id = line.split(";")[0].strip()
        if job_id.isascii() and job_id.isdigit():
            return job_id
    raise ValueError(f"sbatch printed no job id: {text!r}")


def _word(text: str) -> str:
    return "" if text in {"(null)", "n/a", "N/A", "None"} else text
