"""What sbatch and scancel say when they refuse, and what the learner should read.

Each row is a pattern in the command's standard error, in the words of Slurm 22.05 to 24.11 (slurm_errno.c) and
of sudo, with the sentence for it. The docs list the same table (docs/admin/errors.md).
"""

import re

from classdesk_spawner.errors import SessionError, SlurmUnavailableError, SubmitError

_UNAVAILABLE = re.compile(
    r"Unable to contact slurm controller|Socket timed out|Zero Bytes were transmitted|"
    r"Slurm controller not responding|Connection refused|Connection timed out|"
    r"Protocol authentication error|authentication (error|failure)|"
    r"Unable to (establish|fetch) .*config|Slurm backup controller in standby|"
    r"No route to host|Munge (encode|decode) failed|Transport endpoint is not connected",
    re.IGNORECASE,
)

REFUSALS: tuple[tuple[str, str], ...] = (
    (
        r"not permitted to use this partition",
        "You may not use this partition. Please choose another one, or tell your instructor.",
    ),
    (
        r"Invalid account or account/partition combination|Invalid account",
        "Slurm does not know your account, or it may not use this partition. "
        "Please tell your instructor: your user name must be added to the course's Slurm account.",
    ),
    (
        r"invalid partition|Invalid partition name",
        "The partition that this site uses does not exist. Please tell the administrator.",
    ),
    (
        r"Requested time limit is invalid|time limit exceeds|TimeLimit",
        "You asked for more time than the partition allows. Please choose fewer hours.",
    ),
    (
        r"Invalid qos|Invalid QOS",
        "You have no access to the quality of service (QOS) that this site uses. Please tell your instructor.",
    ),
    (
        r"reservation is invalid|Access denied to requested reservation|Reservation.*(expired|invalid)",
        "The class's reservation does not exist, has ended, or is not open to you. Please tell your instructor.",
    ),
    (
        r"Node count specification invalid|Requested node configuration is not available|"
        r"CPU count per node can not be satisfied|Memory specification can not be satisfied|More processors requested",
        "No machine in the cluster has what you asked for. Please choose fewer cores.",
    ),
    (
        r"(QOS|Assoc).*Wall",
        "You asked for more time than your account allows. Please choose fewer hours.",
    ),
    (
        r"(QOS|Assoc).*(Cpu|CPU|Core).*PerJob",
        "You asked for more cores than your account allows. Please choose fewer cores.",
    ),
    (
        r"QOSMax|AssocMax|AssocGrp|QOSGrp|MaxSubmitJobs|Job violates accounting/QOS policy",
        "Your account has reached its limit: end another session or job, then start again.",
    ),
    (
        r"Required partition not available|partition.*(inactive|down|drained)",
        "The partition is closed at the moment. Please try again later, or tell your instructor.",
    ),
    (
        r"Slurm temporarily unable to accept job|Resource temporarily unavailable",
        "Slurm has more jobs than it can take at the moment. Please try again in a minute.",
    ),
    (
        r"No space left on device|I/O error writing script|Error writing",
        "The scheduler's disk is full, so it cannot take new sessions. Please tell the administrator.",
    ),
    (
        r"unknown user|Invalid user id|User.*not.*found",
        "This machine or the cluster does not know your user name. Please tell the administrator.",
    ),
    (
        r"a password is required|not allowed to|may not run sudo|sudo: ",
        "The hub may not submit jobs for you. Please tell the administrator: `classdesk check` shows what is missing.",
    ),
)


def explain_refusal(stderr: str, user: str) -> SessionError:
    """Return the error for what sbatch or scancel wrote.

    Args:
        stderr: The command's standard error.
        user: The learner's Unix account, for the log.
    """
    detail = f"{user}: {' '.join(stderr.split())}"
    if _UNAVAILABLE.search(stderr):
        return SlurmUnavailableError(detail)
    for pattern, sentence in REFUSALS:
        if re.search(pattern, stderr, re.IGNORECASE):
            return SubmitError(sentence, detail=detail)
    return SubmitError(
        "Slurm refused the session for a reason unknown to classdesk. "
        "Please tell your instructor; the hub's log has what Slurm said.",
        detail=detail,
    )


def explain_extension_refusal(text: str) -> SessionError:
    """Return the error for what scontrol or sudo said when a session was to be extended."""
    detail = " ".join(text.split())
    if _UNAVAILABLE.search(text):
        return SlurmUnavailableError(detail)
    if re.search(r"Invalid job id|already (completed|finished)", text, re.IGNORECASE):
        return SessionError("The session has just ended.", detail=detail)
    return SessionError(
        "The hub is not allowed to extend sessions. Please tell the administrator: "
        "the line for scontrol in the sudoers file is missing, or its account is not a Slurm operator.",
        detail=detail,
    )


def found_no_job(stderr: str) -> bool:
    """Tell whether scancel or squeue failed only because the job is already gone."""
    return re.search(r"Invalid job id|already completing or completed", stderr, re.IGNORECASE) is not None
