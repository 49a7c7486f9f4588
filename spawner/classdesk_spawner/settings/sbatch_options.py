"""Options of sbatch that a site adds to its sessions: what classdesk sets itself is not among them."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

_LONG_OPTION = re.compile(r"--(?P<name>[a-z][a-z0-9-]*)(=(?P<value>.+))?")

_CANNOT = "what a session needs"
_SETTING: Mapping[str, str] = {
    "account": "slurm.account",
    "cpus-per-gpu": "the form's field for cores",
    "cpus-per-task": "the form's field for cores",
    "gpus": "the form's field for GPUs",
    "gpus-per-node": "the form's field for GPUs",
    "gpus-per-socket": "the form's field for GPUs",
    "gpus-per-task": "the form's field for GPUs",
    "gres": "the form's field for GPUs",
    "job-name": "slurm.job_name",
    "mem": "the form's field for memory",
    "mem-per-cpu": "the form's field for memory",
    "mem-per-gpu": "the form's field for memory",
    "no-requeue": "slurm.requeue",
    "oversubscribe": "the form's field oversubscribe",
    "partition": "slurm.partition",
    "qos": "slurm.qos",
    "requeue": "slurm.requeue",
    "reservation": "slurm.reservation",
    "time": "the form's field for hours",
    "time-min": "the form's field for hours",
    **dict.fromkeys(
        (
            *("array", "batch", "chdir", "clusters", "comment", "error", "export", "export-file", "get-user-env"),
            *("gid", "help", "hold", "input", "nodes", "ntasks", "ntasks-per-core", "ntasks-per-gpu"),
            *(
                "ntasks-per-node",
                "ntasks-per-socket",
                "open-mode",
                "output",
                "parsable",
                "quiet",
                "signal",
                "test-only",
            ),
            *("uid", "usage", "verbose", "version", "wait", "wrap"),
        ),
        _CANNOT,
    ),
}
"""Options that classdesk sets, or that would break a session, with the key that sets what a site may choose."""


def _checked(option: str) -> str:
    found = _LONG_OPTION.fullmatch(option)
    if not found or not option.isprintable():
        raise ValueError(f"'{option}' is not a long option of sbatch; write it as '--constraint=ssd'")
    name = found["name"]
    # sbatch takes the beginning of a name for the whole.
    taken = next((known for known in sorted(_SETTING) if known.startswith(name)), None)
    if taken is None:
        return option
    setting = _SETTING[taken]
    if setting is _CANNOT:
        raise ValueError(f"'{option}': classdesk sets --{taken} to {_CANNOT}, so it cannot be changed")
    raise ValueError(f"'{option}': --{taken} is set by {setting}")


SbatchOptions = Annotated[tuple[Annotated[str, AfterValidator(_checked)], ...], Field(strict=False)]
"""Further options of sbatch, each as one word, such as `--constraint=ssd`."""
