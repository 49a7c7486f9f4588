"""What a learner asked for: the trust boundary.

Form, link, REST call and stored state all pass through `OptionRules.validate`, which knows nothing of
where a value came from. What comes out is a frozen `SessionOptions`; nothing else reaches a job.
"""

import difflib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from classdesk_desktop.protocol import InterfaceKind
from classdesk_spawner.errors import OptionsError
from classdesk_spawner.settings.models import FormSettings, Interface, SlurmSettings
from classdesk_spawner.slurm.offer import Offer

from .fields import LABELS, Choice, Number, Switch, interface_fields, preset_name, shown

_MOST_UNKNOWN = 5
"""How many unknown options are told: the hub must not be busy for seconds with a call of a million."""


class SessionOptions(BaseModel):
    """A validated request for a session.

    Attributes:
        ui: Key of the interface, such as `desktop`.
        kind: What the session runs for it.
        cores: Number of cores.
        minutes: Time limit in minutes.
        memory_mib: Memory of the session in MiB.
        gpus: Number of GPUs.
        gpu_type: Their type; empty: any.
        partition: Partition; empty: Slurm's default.
        account: Account; empty: the learner's default.
        qos: Quality of service; empty: Slurm's default.
        reservation: Reservation; empty: none.
        oversubscribe: Whether the cores may be shared with other jobs.
        class_name: The class whose preset it is; empty: none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ui: str
    kind: InterfaceKind
    cores: int
    minutes: int
    memory_mib: int
    gpus: int = 0
    gpu_type: str = ""
    partition: str = ""
    account: str = ""
    qos: str = ""
    reservation: str = ""
    oversubscribe: bool = False
    class_name: str = ""


def start_again(options: SessionOptions) -> str:
    """The query of a link to `/hub/spawn` that starts a session like this one at once, for the session's own page."""
    if options.class_name:
        return urlencode({"opt-class": options.class_name})
    hours = options.minutes / 60
    return urlencode({"opt-ui": options.ui, "opt-cores": options.cores, "opt-hours": f"{hours:g}"})


@dataclass(frozen=True)
class OptionRules:
    """Checks raw options against the site's form and what the cluster offers.

    Args:
        form: The site's form settings.
        slurm: The site's partition, account and so on: the presets of the choices.
        offer: What the cluster offers the learner.
        class_title: The class that has set some of the options; empty: none.
        set_by_class: Those options.
    """

    form: FormSettings
    slurm: SlurmSettings
    offer: Offer
    class_title: str = ""
    set_by_class: frozenset[str] = frozenset()

    def validate(self, raw: Mapping[str, object]) -> SessionOptions:
        """Return the validated options.

        A missing or empty field gets its value from the preset of the chosen interface.

        Args:
            raw: Values by option key, as text or as JSON values.

        Raises:
            OptionsError: With one sentence for each field that is refused.
        """
        unknown = (key for key in raw if key not in LABELS)
        problems = [_unknown_key(key) for key in itertools.islice(unknown, _MOST_UNKNOWN)]
        refused: list[str] = []
        given = {key: value for key, value in raw.items() if not _is_empty(value)}
        ui = given.get("ui", self.form.default_interface)
        interface = self.form.interfaces.get(ui) if isinstance(ui, str) else None
        if interface is None or ui not in self.form.offer:
            raise OptionsError([*problems, self._unknown_interface(ui)], ["ui"])

        values: dict[str, str | float | bool] = {}
        for field in self.fields(interface, given.get("partition")):
            try:
                values[field.key] = field.value(given.get(field.key))
            except ValueError as error:
                problems.append(str(error))
                refused.append(field.key)
        if not problems and (problem := self._too_many_of_a_type(values)):
            problems.append(problem)
            refused += ["gpus", "gpu_type"]
        if problems:
            raise OptionsError(problems, refused)
        return SessionOptions(
            ui=str(ui),
            kind=interface.kind,
            cores=int(values["cores"]),
            minutes=round(float(values["hours"]) * 60),
            memory_mib=round(float(values["memory"]) * 1024),
            gpus=int(values["gpus"]),
            gpu_type=str(values["gpu_type"]) if values["gpus"] else "",
            partition=str(values["partition"]),
            account=str(values["account"]),
            qos=str(values["qos"]),
            reservation=str(values["reservation"]),
            oversubscribe=bool(values["oversubscribe"]),
        )

    def _too_many_of_a_type(self, values: Mapping[str, str | float | bool]) -> str:
        """Return a sentence where a partition has enough GPUs, but not of the chosen type; else nothing."""
        partition, gpu_type = self.offer.partition(str(values["partition"])), str(values["gpu_type"])
        most = dict(partition.gpu_types).get(gpu_type) if partition else None
        if partition is None or most is None or int(values["gpus"]) <= most:
            return ""
        return (
            f"{LABELS['gpus']}: you asked for {int(values['gpus'])} of the type {gpu_type}; "
            f"the most that the partition “{partition.name}” allows is {most}."
        )

    def takes(self, raw: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
        """Return those options that can be taken, and a sentence for each other: a link is not an order.

        Args:
            raw: Values by option key.
        """
        good, problems = dict(raw), list[str]()
        while True:
            try:
                self.validate(good)
            except OptionsError as error:
                problems += error.problems
                known = {key: good[key] for key in good if key in LABELS}
                good = {key: known[key] for key in known if key not in error.fields}
            else:
                return good, tuple(problems)

    def fields(self, interface: Interface, partition: object = None) -> list[Number | Choice | Switch]:
        """Return the fields of an interface, with the limits of a partition or else of the preset one."""
        setting = self.form.fields_of(interface).partition
        preset = self.offer.partition(preset_name(setting, "partition", self.slurm))
        chosen = self.offer.partition(partition) if isinstance(partition, str) else None
        fields = interface_fields(self.form, self.slurm, self.offer, interface, chosen or preset)
        return [
            replace(field, set_by=f"the class “{self.class_title}”") if field.key in self.set_by_class else field
            for field in fields
        ]

    def _unknown_interface(self, ui: object) -> str:
        if "ui" in self.set_by_class:
            label = self.form.interfaces[self.form.default_interface].label
            return f"{LABELS['ui']}: the class “{self.class_title}” has set it to {label}."
        offered = ", ".join(f"“{key}” ({self.form.interfaces[key].label})" for key in self.form.offer)
        return f"{LABELS['ui']}: {shown(ui)} does not exist. Choose one of {offered}."


def options_from_state(stored: object) -> SessionOptions | None:
    """Return the options of a session that an earlier hub process started; None where it did not tell."""
    try:
        return SessionOptions.model_validate(stored)
    except ValidationError:
        return None


def to_stored(options: SessionOptions) -> dict[str, object]:
    """Return options as JupyterHub stores them, under the keys of form, link and REST call."""
    return {
        "ui": options.ui,
        "cores": options.cores,
        "hours": options.minutes / 60,
        "memory": options.memory_mib / 1024,
        "gpus": options.gpus,
        "gpu_type": options.gpu_type,
        "partition": options.partition,
        "account": options.account,
        "qos": options.qos,
        "reservation": options.reservation,
        "oversubscribe": options.oversubscribe,
        **({"class": options.class_name} if options.class_name else {}),
    }


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _unknown_key(key: str) -> str:
    near = difflib.get_close_matches(key, LABELS, n=1)
    hint = f" Did you mean “{near[0]}”?" if near else f" The options are {', '.join(LABELS)}."
    return f"There is no option {shown(key)}.{hint}"
