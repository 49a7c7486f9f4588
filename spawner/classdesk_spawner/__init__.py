"""Starts a desktop as a Slurm job, from the hub process. See spawner/README.md."""

from ._cluster import Cluster
from ._errors import (
    JobEndedError,
    OptionsError,
    SessionError,
    SlurmUnavailableError,
    SubmitError,
)
from ._options import OptionRules, SessionOptions
from ._runtimes import SESSION_PROGRAM, runtime_program
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
    "SESSION_PROGRAM",
    "Cluster",
    "DesktopSpawner",
    "FormSettings",
    "Interface",
    "JobEndedError",
    "OptionRules",
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
    "runtime_program",
]
