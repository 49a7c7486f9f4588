"""What an administrator sets for the spawner, as strict models.

The site file (`classdesk_hub.site.file`) embeds these models, so a key has one home and one description.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from classdesk_desktop.protocol import InterfaceKind

from .desktop import DesktopSettings
from .sbatch_options import SbatchOptions
from .section import Section

SlurmName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.:+-]*)?$", max_length=100)]
"""A name that Slurm knows, or empty for Slurm's own default. It cannot begin like an option."""

SlurmVariable = Annotated[str, StringConstraints(pattern=r"^SLURM_[A-Z0-9_]{1,60}$")]

InterfaceKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


def _absolute(path: str) -> str:
    if not PurePosixPath(path).is_absolute() or not path.isprintable():
        raise ValueError("must be an absolute path")
    return path


Show = Literal["shown", "fixed", "hidden"]
"""shown: the learner chooses; fixed: it is shown but cannot be changed; hidden: it is not shown."""


class NumberField(Section):
    """A number in the form."""

    show: Show = Field(
        "shown",
        description="shown: the learner chooses; fixed: visible, but the preset applies; hidden: the preset applies.",
    )
    min: float | None = Field(None, ge=0, description="Least value; unset: the least that makes sense.")
    max: float | None = Field(None, ge=0, description="Greatest value; unset: what the site and the partition allow.")
    step: float | None = Field(
        None,
        gt=0,
        description="Only multiples of this are allowed, counted from min if that is set; unset: any value.",
    )


class ChoiceField(Section):
    """A choice from what the cluster has; not shown while there is nothing to choose."""

    show: Show = Field("hidden", description="shown, fixed or hidden, as for numbers.")
    default: SlurmName | None = Field(
        None,
        description="What is preselected; unset: the name in [slurm]; empty: Slurm's own default.",
    )
    choices: tuple[SlurmName, ...] = Field(
        (), strict=False, description="Offer only these; empty: all that Slurm offers the learner."
    )


class SwitchField(Section):
    """A check box in the form."""

    show: Show = Field("hidden", description="shown, fixed or hidden, as for numbers.")
    default: bool = Field(False, description="Whether the box is ticked.")


class FormFields(Section):
    """The fields of the form beside the interface; a table of an interface changes them for it alone."""

    cores: NumberField = Field(default_factory=NumberField)
    hours: NumberField = Field(default_factory=NumberField)
    memory: NumberField = Field(default_factory=lambda: NumberField(show="hidden"))
    gpus: NumberField = Field(default_factory=NumberField)
    gpu_type: ChoiceField = Field(default_factory=lambda: ChoiceField(show="shown"))
    partition: ChoiceField = Field(default_factory=ChoiceField)
    account: ChoiceField = Field(default_factory=ChoiceField)
    qos: ChoiceField = Field(default_factory=ChoiceField)
    reservation: ChoiceField = Field(default_factory=lambda: ChoiceField(show="shown"))
    oversubscribe: SwitchField = Field(default_factory=SwitchField)

    def changed_by(self, other: "FormFields") -> "FormFields":
        """Return these fields with what another table sets, key by key."""
        changes = {}
        for name in other.model_fields_set:
            base, change = getattr(self, name), getattr(other, name)
            changes[name] = base.model_copy(update={key: getattr(change, key) for key in change.model_fields_set})
        return self.model_copy(update=changes)


class Interface(Section):
    """What a session opens, with the values that choosing it sets in the form."""

    label: str = Field(min_length=1, max_length=60, description="Text in the form.")
    about: str = Field("", max_length=200, description="A line under the choice that says what it is; empty: none.")
    kind: InterfaceKind = Field(description="What runs: a MATE desktop, JupyterLab, or a terminal page.")
    cores: int = Field(ge=1, le=1024, description="Cores that choosing it presets.")
    hours: float = Field(ge=0.25, le=8760, description="Hours that choosing it presets.")
    memory_mib: int = Field(
        2048,
        ge=256,
        le=16_777_216,
        description="Memory in MiB that choosing it presets; Slurm enforces it as the session's limit.",
    )
    gpus: int = Field(0, ge=0, le=64, description="GPUs that choosing it presets.")
    slurm_options: SbatchOptions = Field((), description="Options of sbatch for it, beside the site's in [slurm].")
    fields: FormFields = Field(default_factory=FormFields, description="Fields that differ for this interface.")


BUILT_IN_INTERFACES: Mapping[str, Mapping[str, Any]] = {
    "desktop": {
        "label": "Desktop",
        "about": "A whole Linux desktop with terminal, editor, files, pictures and a browser.",
        "kind": "desktop",
        "cores": 2,
        "hours": 3.0,
    },
    "lab": {
        "label": "JupyterLab",
        "about": "Notebooks, files and terminals in one page, without a desktop.",
        "kind": "lab",
        "cores": 1,
        "hours": 1.0,
    },
    "terminal": {
        "label": "Terminal",
        "about": "A command line in the browser, and nothing else.",
        "kind": "terminal",
        "cores": 1,
        "hours": 1.0,
    },
}


class FormSettings(Section):
    """The start form: what is offered, what is preselected, and the site's limits."""

    offer: tuple[InterfaceKey, ...] = Field(
        ("desktop", "lab", "terminal"),
        min_length=1,
        strict=False,
        description="Interfaces in the form, in this order. "
        "Others can be described below in tables `[form.interfaces.NAME]`.",
    )
    default_interface: InterfaceKey = Field(
        "desktop", description="Interface that is preselected for a learner's first session."
    )
    max_cores: int = Field(
        64,
        ge=1,
        le=1024,
        description="Most cores that a session may have. The partition's own limit applies too.",
    )
    max_hours: float = Field(
        24.0,
        ge=0.25,
        le=8760,
        description="Longest session in hours. The partition's own limit applies too.",
    )
    fields: FormFields = Field(
        default_factory=FormFields,
        description="The fields, each shown, fixed or hidden, with its limits.",
    )
    interfaces: dict[InterfaceKey, Interface] = Field(
        default_factory=dict,
        description="Interfaces by key; the built-in ones can be changed key by key.",
    )

    @field_validator("interfaces", mode="before")
    @classmethod
    def _complete_from_built_in(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        merged: dict[str, object] = {key: dict(preset) for key, preset in BUILT_IN_INTERFACES.items()}
        for key, given in value.items():
            merged[key] = {**BUILT_IN_INTERFACES.get(key, {}), **given} if isinstance(given, Mapping) else given
        return merged

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in self.offer:
            if key not in self.interfaces:
                known = ", ".join(self.interfaces)
                raise ValueError(f"offer names the interface '{key}'; there are {known}")
        if len(set(self.offer)) != len(self.offer):
            raise ValueError("offer names an interface twice")
        if self.default_interface not in self.offer:
            raise ValueError(f"default_interface is '{self.default_interface}'; offer has {', '.join(self.offer)}")
        for key in self.offer:
            interface = self.interfaces[key]
            if interface.cores > self.max_cores:
                raise ValueError(f"interfaces.{key}.cores is {interface.cores}; max_cores is {self.max_cores}")
            if interface.hours > self.max_hours:
                raise ValueError(f"interfaces.{key}.hours is {interface.hours:g}; max_hours is {self.max_hours:g}")
            self._leave_a_choice(key)
        return self

    def _leave_a_choice(self, key: str) -> None:
        fields = self.fields_of(self.interfaces[key])
        site_most = {"cores": self.max_cores, "hours": self.max_hours}
        for name in ("cores", "hours", "memory", "gpus"):
            field: NumberField = getattr(fields, name)
            mosts = [most for most in (field.max, site_most.get(name)) if most is not None]
            if field.min is not None and mosts and field.min > min(mosts):
                raise ValueError(f"the least {name} for {key} is {field.min:g}, but the most is {min(mosts):g}")

    def fields_of(self, interface: Interface) -> FormFields:
        """Return the fields of an interface: the form's, with what its own tables change."""
        return FormFields().changed_by(self.fields).changed_by(interface.fields)


class SlurmSettings(Section):
    """How sessions are submitted, and how Slurm is asked about them."""

    partition: SlurmName = Field("", description="Partition of the sessions; empty: Slurm's default.")
    account: SlurmName = Field("", description="Account that is charged; empty: the learner's default.")
    qos: SlurmName = Field("", description="Quality of service; empty: Slurm's default.")
    reservation: SlurmName = Field("", description="Reservation to run in; empty: none.")
    job_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$")] = Field(
        "classdesk",
        description="Name of all session jobs. Two hubs on one cluster need two names.",
    )
    bin_directory: str = Field(
        "/usr/bin",
        description="Directory of sbatch, squeue and the like, here and on the compute nodes; sudoers names it too.",
    )
    options: SbatchOptions = Field(
        (),
        description="Further options of sbatch for all sessions, such as '--constraint=ssd'; not those that classdesk "
        "sets itself.",
    )
    environment: dict[SlurmVariable, str] = Field(
        default_factory=dict,
        description="Variables of all Slurm commands, such as SLURM_CONF. Through sudo they come from a file of "
        "root's, as the sudoers file says.",
    )
    commands_in_sessions: bool = Field(
        True,
        description="Learners have sbatch, srun, squeue and the like in their sessions; their jobs run in the image.",
    )
    operator: str = Field(
        "slurm",
        pattern=r"^[a-z_][a-z0-9_-]{0,31}$",
        description="Account that sudo uses to run the scontrol that extends a session; a Slurm operator, named in "
        "sudoers too.",
    )
    use_sudo: bool = Field(
        True,
        description="Submit as the learner through sudo; false only if the hub itself runs as the learner.",
    )
    requeue: bool = Field(
        False,
        description="Let Slurm restart a session on another node when its node fails; windows are lost.",
    )
    command_timeout_s: float = Field(15.0, gt=0, le=300, description="Time limit of each Slurm command in seconds.")
    fast_tick_s: float = Field(
        1.0,
        ge=0.1,
        le=60,
        description="Seconds between two checks of the queue while a session starts or stops.",
    )
    slow_tick_s: float = Field(
        10.0,
        ge=0.1,
        le=600,
        description="Seconds between two checks of the queue while all sessions are running.",
    )

    @property
    def directory_in_sessions(self) -> str:
        """Where sessions find Slurm's commands on their node; empty: they have none."""
        return self.bin_directory if self.commands_in_sessions else ""

    def __hash__(self) -> int:
        """As a table in it has none."""
        return hash(self.model_dump_json())

    @field_validator("environment")
    @classmethod
    def _environment_is_free(cls, value: dict[str, str]) -> dict[str, str]:
        if "SLURM_TIME_FORMAT" in value:
            raise ValueError("SLURM_TIME_FORMAT is set by classdesk, which reads the times")
        for name, text in value.items():
            if not text or not text.isprintable():
                raise ValueError(f"{name} must be a text of one line")
        return value

    @field_validator("bin_directory")
    @classmethod
    def _bin_directory_is_absolute(cls, value: str) -> str:
        return _absolute(value)

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast_tick_s >= self.slow_tick_s:
            raise ValueError(
                f"fast_tick_s is {self.fast_tick_s:g}; it must be less than slow_tick_s, {self.slow_tick_s:g}"
            )
        return self


class RuntimeSettings(Section):
    """The container runtime that opens the desktop image in the job."""

    kind: Literal["bubblewrap", "apptainer", "host"] = Field(
        "bubblewrap",
        description="bubblewrap: an unpacked image directory; apptainer: a SIF file or directory; "
        "host: no image, the compute nodes have the desktop installed.",
    )
    image: str = Field(
        "/var/lib/classdesk/image",
        description="The image on the compute nodes: a directory (bubblewrap) or a SIF (apptainer).",
    )
    program: str = Field(
        "",
        description="Absolute path of bwrap or apptainer; empty: /usr/bin/bwrap, /usr/bin/apptainer.",
    )
    binds: tuple[str, ...] = Field(
        (),
        strict=False,
        description="Further directories of the node to mount in the session, as "
        "'/path' or '/path:/inside' or '/path:/inside:ro'. The learner's home is always there.",
    )
    own_network: bool = Field(
        True,
        description="Each session has a network of its own, so that nobody else on the node reaches what its programs "
        "bind to 127.0.0.1. It needs pasta (Debian: passt) on the node, and a /dev/net/tun that is open to users.",
    )
    tmp_mib: int = Field(
        2048,
        ge=64,
        le=16_777_216,
        description="Size limit of a session's private /tmp in MiB (bubblewrap; it counts as memory).",
    )

    @field_validator("image")
    @classmethod
    def _image_is_absolute(cls, value: str) -> str:
        return _absolute(value)

    @field_validator("program")
    @classmethod
    def _program_is_absolute(cls, value: str) -> str:
        return _absolute(value) if value else value

    @field_validator("binds")
    @classmethod
    def _binds_are_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for bind in value:
            split_bind(bind)
        return value


class SessionSettings(Section):
    """The server in the job, and how long the hub waits for it."""

    bind_address: str = Field(
        "0.0.0.0",  # noqa: S104  # the proxy is on another machine on all but the one-machine cluster
        pattern=r"^[0-9A-Fa-f:.]+$",
        description="Address on the compute node that a session's server listens on.",
    )
    ports: tuple[int, int] | None = Field(
        None,
        strict=False,
        description="First and last port of a compute node that sessions listen on, such as [20000, 20999], for a "
        "firewall; unset: any free port. A desktop needs one, a SLURMCluster in it another.",
    )
    start_timeout_minutes: float = Field(
        30.0,
        gt=0,
        le=1440,
        description="Minutes that a session may take to queue and start before the hub gives up.",
    )

    @field_validator("ports")
    @classmethod
    def _ports_are_a_range(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value and not 1024 <= value[0] <= value[1] <= 65535:
            raise ValueError(f"{list(value)} must be a first and a last port from 1024 to 65535")
        return value


class SpawnerSettings(Section):
    """All settings of `DesktopSpawner`."""

    form: FormSettings = Field(default_factory=FormSettings)
    slurm: SlurmSettings = Field(default_factory=SlurmSettings)
    runtime: RuntimeSettings = Field(default_factory=RuntimeSettings)
    session: SessionSettings = Field(default_factory=SessionSettings)
    desktop: DesktopSettings = Field(default_factory=DesktopSettings)


def split_bind(bind: str) -> tuple[str, str, bool]:
    """Return a bind's source, its place inside and whether it is read-only.

    Raises:
        ValueError: The text is not `/path`, `/path:/inside` or `/path:/inside:ro`.
    """
    source, _, rest = bind.partition(":")
    inside, _, mode = rest.partition(":")
    if mode not in ("", "ro") or (not inside and rest):
        raise ValueError(f"'{bind}' is not '/path', '/path:/inside' or '/path:/inside:ro'")
    inside = inside or source
    for path in (source, inside):
        try:
            _absolute(path)
        except ValueError as error:
            raise ValueError(f"'{bind}': '{path}' {error}") from None
    return source, inside, mode == "ro"
