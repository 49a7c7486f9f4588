"""Starts a desktop as a Slurm job, from the hub process. See spawner/README.md."""

from .api import routes as _routes
from .errors import (
    JobEndedError,
    OptionsError,
    SessionError,
    SlurmUnavailableError,
    SubmitError,
)
from .form.class_form import CLASS_KEY, ClassForm, ClassPreset
from .form.fields import LABELS as FIELD_LABELS
from .form.fields import shown
from .form.options import OptionRules, SessionOptions
from .hub.stop_handler import ServerHandler
from .hub.upstream import replace_handler
from .moments import moment_text
from .session.progress import reason_text
from .session.report import Event, Hand
from .session.runtimes import runtime_program
from .settings.desktop import DesktopSettings
from .settings.models import (
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
from .settings.section import Section
from .slurm.cluster import Cluster, cluster_for
from .slurm.commands import OPERATOR_QUESTIONS, parse_flags
from .slurm.environment import lost_variables
from .slurm.offer import Offer
from .slurm.states import Phase, ended_as_wanted
from .spawner import DesktopSpawner

# Importing batchspawner has registered its API handler; ours takes its place before a hub can start.
_routes.install()

__all__ = [
    "CLASS_KEY",
    "FIELD_LABELS",
    "OPERATOR_QUESTIONS",
    "ChoiceField",
    "ClassForm",
    "ClassPreset",
    "Cluster",
    "DesktopSettings",
    "DesktopSpawner",
    "Event",
    "FormFields",
    "FormSettings",
    "Hand",
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
    "lost_variables",
    "moment_text",
    "parse_flags",
    "reason_text",
    "replace_handler",
    "runtime_program",
    "shown",
]
