"""The fields of the start form: what each shows, and which values it takes. Pure."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from classdesk_spawner.moments import moment_text
from classdesk_spawner.settings.models import ChoiceField, FormSettings, Interface, Show, SlurmSettings
from classdesk_spawner.slurm.offer import Offer, Partition

LABELS: Mapping[str, str] = {
    "ui": "User interface",
    "cores": "Number of cores",
    "hours": "Time (hours)",
    "memory": "Memory (GiB)",
    "gpus": "Number of GPUs",
    "gpu_type": "Type of GPU",
    "partition": "Partition",
    "account": "Account",
    "qos": "Quality of service",
    "reservation": "Reservation",
    "oversubscribe": "Share cores with other jobs",
}
"""The options by key, with the labels of the form's fields."""

THE_SITE = "this site"
"""Who sets what no class sets."""

MIN_HOURS = 0.25
"""The shortest session that can be asked for, in hours. Less is gone before a lesson begins."""

_DECIMAL_NUMBER = re.compile(r"\+?[0-9]{1,9}(\.[0-9]{0,6})?", re.ASCII)
_HUGE = 1e15
"""More than anything that can be asked for; a whole number in JSON may be too large for a float."""

_SWITCH: Mapping[object, bool] = {"on": True, "true": True, "false": False, "off": False}


@dataclass(frozen=True)
class Ceiling:
    """A greatest value and who sets it, as in "the partition main"."""

    value: float
    owner: str


@dataclass(frozen=True)
class Number:
    """A number field.

    Attributes:
        key: The option.
        show: Whether the learner sees and chooses it.
        preset: Its value when nothing is given.
        least: Least value.
        ceiling: Greatest value.
        step: Allowed values are the least one plus a multiple of this; 0: any.
        whole: Whether it must be a whole number.
        set_by: Who has set it where it is fixed.
    """

    key: str
    show: Show
    preset: float
    least: float
    ceiling: Ceiling
    step: float
    whole: bool
    set_by: str = THE_SITE

    @property
    def has_choice(self) -> bool:
        """Whether there is anything to choose."""
        return self.ceiling.value > self.least

    def value(self, raw: object) -> float:
        """Return the validated value.

        Raises:
            ValueError: With a sentence: field, value, limit.
        """
        if raw is None:
            value = self.preset
        else:
            value = self._parsed(raw)
            # What the page shows of a value comes back: 100 minutes are 1.66667 hours there.
            known = (self.preset, self.least, self.ceiling.value)
            value = next((exact for exact in known if number(exact) == number(value)), value)
            if self.show != "shown" and value != self.preset:
                raise ValueError(f"{self._label}: {self.set_by} has set it to {number(self.preset)}.")
        if value < self.least:
            raise ValueError(f"{self._label}: you asked for {number(value)}; the least is {number(self.least)}.")
        if value > self.ceiling.value:
            raise ValueError(
                f"{self._label}: you asked for {number(value)}; "
                f"the most that {self.ceiling.owner} allows is {number(self.ceiling.value)}."
            )
        steps = (value - self.least) / self.step if self.step and raw is not None else 0
        if not math.isclose(steps, round(steps), abs_tol=1e-6):
            raise ValueError(
                f"{self._label}: {number(value)} is not allowed; choose {number(self.least)} "
                f"or more in steps of {number(self.step)}."
            )
        return value

    @property
    def _label(self) -> str:
        return LABELS[self.key]

    def _parsed(self, raw: object) -> float:
        if isinstance(raw, str) and _DECIMAL_NUMBER.fullmatch(raw.strip()):
            raw = float(raw)
        if not isinstance(raw, int | float) or isinstance(raw, bool) or not abs(raw) < _HUGE:
            kind = "whole number" if self.whole else "number"
            example = " of hours, such as 3 or 1.5" if self.key == "hours" else ""
            raise ValueError(f"{self._label}: {shown(raw)} is not a {kind}{example}.")
        if self.whole and raw != int(raw):
            raise ValueError(f"{self._label}: {shown(raw)} is not a whole number.")
        return float(raw)


@dataclass(frozen=True)
class Choice:
    """A choice field.

    Attributes:
        key: The option.
        show: Whether the learner sees and chooses it.
        preset: Its value when nothing is given; empty: left to Slurm.
        choices: Texts by value.
        set_by: Who has set it where it is fixed.
    """

    key: str
    show: Show
    preset: str
    choices: Mapping[str, str]
    set_by: str = THE_SITE

    @property
    def has_choice(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.choices) > 1

    def value(self, raw: object) -> str:
        """Return the validated value.

        Raises:
            ValueError: With a sentence: field, value, choices.
        """
        if raw is None or raw == self.preset:
            return self.preset
        if self.show != "shown":
            what = f"set it to “{self.preset}”" if self.preset else "left it to Slurm"
            raise ValueError(f"{LABELS[self.key]}: {self.set_by} has {what}.")
        if not isinstance(raw, str) or raw not in self.choices:
            offered = ", ".join(f"“{name}”" for name in self.choices if name) or "none"
            raise ValueError(f"{LABELS[self.key]}: {shown(raw)} is not available to you. You can choose: {offered}.")
        return raw


@dataclass(frozen=True)
class Switch:
    """A check box."""

    key: str
    show: Show
    preset: bool
    set_by: str = THE_SITE

    has_choice = True

    def value(self, raw: object) -> bool:
        """Return the validated value.

        Raises:
            ValueError: With a sentence.
        """
        if raw is None:
            return self.preset
        value = raw if isinstance(raw, bool) else _SWITCH.get(raw if isinstance(raw, str) else "")
        if value is None:
            raise ValueError(f"{LABELS[self.key]}: {shown(raw)} is neither on nor off.")
        if self.show != "shown" and value != self.preset:
            raise ValueError(f"{LABELS[self.key]}: {self.set_by} has set it to {'on' if self.preset else 'off'}.")
        return value


def preset_name(setting: ChoiceField, key: str, slurm: SlurmSettings) -> str:
    """Return the partition, account and so on that a field begins with."""
    own: str = getattr(slurm, key, "")
    return own if setting.default is None else setting.default


def interface_fields(
    form: FormSettings,
    slurm: SlurmSettings,
    offer: Offer,
    interface: Interface,
    partition: Partition | None,
) -> list[Number | Choice | Switch]:
    """Return the fields of an interface.

    Args:
        form: The site's form settings.
        slurm: The presets of the choices.
        offer: What the cluster offers the learner.
        interface: The interface.
        partition: The partition whose limits hold; None while it is not known.
    """
    settings = form.fields_of(interface)
    owner = f"the partition “{partition.name}”" if partition else ""
    limits = {
        "cores": (interface.cores, 1, form.max_cores, partition.cores if partition else None),
        "hours": (
            interface.hours,
            MIN_HOURS,
            form.max_hours,
            partition.hours if partition else None,
        ),
        "memory": (
            interface.memory_mib / 1024,
            0.25,
            math.inf,
            partition.memory_mib / 1024 if partition else None,
        ),
        "gpus": (interface.gpus, 0, 64, partition.gpus if partition else None),
    }
    fields: list[Number | Choice | Switch] = []
    for key, (preset, lowest, site_most, partition_most) in limits.items():
        setting = getattr(settings, key)
        ceiling = Ceiling(site_most if setting.max is None else min(setting.max, site_most), THE_SITE)
        if partition_most is not None and partition_most < ceiling.value:
            ceiling = Ceiling(partition_most, owner)
        step, whole = setting.step or 0, key in {"cores", "gpus"}
        # Steps are counted from the site's least value, and without one from 0: 0.5, 1, 1.5, and not 0.75, 1.25.
        least = max(lowest, setting.min or 0)
        if setting.min is None and step and (first := step * math.ceil(lowest / step)) <= ceiling.value:
            least = first
        if whole:
            least = math.ceil(least)
            ceiling = Ceiling(math.floor(ceiling.value), ceiling.owner)
        fields.append(
            Number(
                key,
                setting.show,
                preset=_possible(preset, least, ceiling.value, step),
                least=least,
                ceiling=ceiling,
                step=step,
                whole=whole,
            )
        )
    types = dict(partition.gpu_types) if partition else {}
    names = {
        # Where all are of one type there is nothing to choose.
        "gpu_type": {name: name for name in types} if len(types) > 1 else {},
        "partition": {p.name: p.name for p in offer.partitions},
        "account": {name: name for name in offer.accounts},
        "qos": {name: name for name in offer.qos},
        "reservation": {r.name: f"{r.name} ({_period(r.start, r.end)})" for r in offer.reservations},
    }
    for key, texts in names.items():
        setting = getattr(settings, key)
        chosen = preset_name(setting, key, slurm)
        if key == "partition" and not chosen and not offer.default_is_open:
            chosen = next(iter(texts), "")  # left to Slurm, the session would be refused
        allowed = {name: text for name, text in texts.items() if name in (setting.choices or texts)}
        default = {"": {"reservation": "none", "gpu_type": "any"}.get(key, "Slurm's default")}
        own = default if not chosen else {chosen: texts.get(chosen, chosen)}
        fields.append(Choice(key, setting.show, chosen, {**own, **allowed}))
    switch = settings.oversubscribe
    fields.append(Switch("oversubscribe", switch.show, switch.default))
    return fields


def _possible(preset: float, least: float, most: float, step: float) -> float:
    """Return a preset as the form can give it: one above what the partition has today is lowered, not refused."""
    value = max(least, min(preset, most))
    return least + step * math.floor((value - least) / step + 1e-6) if step else value


def shown(value: object) -> str:
    """Return a refused value for an error text: short, quoted, control characters made visible."""
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 40 else text[:37] + "..."
    return "“" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + "”"


def number(value: float) -> str:
    """Return a number as one writes it: 3, not 3.0."""
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


def _period(start: int, end: int) -> str:
    return f"until {moment_text(end)}" if start <= time.time() else f"{moment_text(start)} to {moment_text(end)}"
