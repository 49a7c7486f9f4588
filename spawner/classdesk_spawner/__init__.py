"""Starts a desktop as a Slurm job, from the hub process. See spawner/README.md."""

from ._errors import (
    JobEndedError,
    OptionsError,
    SessionError,
    SlurmUnavailableError,
    SubmitError,
)
from ._options import SessionOptions
from ._settings import (
    FormSettings,
    Interface,
    RuntimeSettings,
    Section,
    SessionSettings,
    SlurmSettings,
    SpawnerSettings,
)
from ._spawner import DesktopSpawner

__all__ = [
    "DesktopSpawner",
    "FormSettings",
    "Interface",
    "JobEndedError",
    "OptionsError",
    "RuntimeSettings",
    "Section",
    "SessionError",
    "SessionOptions",
    "SessionSettings",
    "SlurmSettings",
    "SlurmUnavailableError",
    "SpawnerSettings",
    "SubmitError",
]
