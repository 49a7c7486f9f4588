"""Starts a desktop as a Slurm job, from the hub process. See spawner/README.md."""

from . import _routes
from ._class_form import CLASS_KEY, ClassForm, ClassPreset
from ._cluster import Cluster, cluster_for
from ._environment import is_kept
from ._errors import (
    JobEndedError,
    OptionsError,
    SessionError,
    SlurmUnavailableError,
    SubmitError,
)
from ._fields import LABELS as FIELD_LABELS
from ._fields import shown
from ._offer import Offer
from ._options import OptionRules, SessionOptions
from ._policy import DesktopSettings
from ._progress import reason_text
from ._report import Event
from ._runtimes import SESSION_PROGRAM, runtime_program
from ._section import Section
from ._settings import (
    ChoiceField,
    FormFields,
    FormSettings,
    Interface,
    NumberField,
    RuntimeSettings,
    SessionSettings,
    SlurmName,
    SlurmSettings,
    SpawnerSettings,
    SwitchField,
)
from ._slurm import OPERATOR_QUESTIONS, parse_flags
from ._spawner import DesktopSpawner
from ._states import Phase, ended_as_wanted
from ._stop_handler import ServerHandler

# Importing batchspawner has registered its API handler; ours takes its place before a hub can start.
_routes.install()

__all__ = [
    "CLASS_KEY",
    "FIELD_LABELS",
    "OPERATOR_QUESTIONS",
    "SESSION_PROGRAM",
    "ChoiceField",
    "ClassForm",
    "ClassPreset",
    "Cluster",
    "DesktopSettings",
    "DesktopSpawner",
    "Event",
    "FormFields",
    "FormSettings",
    "Interface",
    "JobEndedError",
    "NumberField",
    "Offer",
    "OptionRules",
    "OptionsError",
    "Phase",
    "RuntimeSettings",
    "Section",
    "ServerHandler",
    "SessionError",
    "SessionOptions",
    "SessionSettings",
    "SlurmName",
    "SlurmSettings",
    "SlurmUnavailableError",
    "SpawnerSettings",
    "SubmitError",
    "SwitchField",
    "cluster_for",
    "ended_as_wanted",
    "is_kept",
    "parse_flags",
    "reason_text",
    "runtime_program",
    "shown",
]
