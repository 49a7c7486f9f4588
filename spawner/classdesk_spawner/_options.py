"""What a learner may ask for, and what he asked for: the trust boundary.

Form, link, REST call and stored state all pass through `OptionRules.validate`, which knows nothing of
where a value came from. What comes out is a frozen `SessionOptions`; nothing else reaches a job.
"""

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ._errors import OptionsError
from ._settings import FormSettings, Interface

FIELD_LABELS: Mapping[str, str] = {
    "ui": "User interface",
    "cores": "Number of cores",
    "hours": "Time (hours)",
}
"""The options by key, with the labels of the form's fields."""

MIN_HOURS = 0.25
"""The shortest session that can be asked for, in hours. Less than that is gone before a lesson begins."""

_WHOLE_NUMBER = re.compile(r"\+?[0-9]{1,9}", re.ASCII)
_DECIMAL_NUMBER = re.compile(r"\+?[0-9]{1,9}(\.[0-9]{0,6})?", re.ASCII)


class SessionOptions(BaseModel):
    """A validated request for a session.

    Attributes:
        ui: Key of the interface, such as `desktop`.
        kind: What the session runs for it.
        cores: Number of cores.
        minutes: Time limit in minutes.
        memory_mib: Memory of the session in MiB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ui: str
    kind: Literal["desktop", "lab", "terminal"]
    cores: int
    minutes: int
    memory_mib: int


@dataclass(frozen=True)
class Ceiling:
    """A greatest value and who sets it, as in "the partition main"."""

    value: float
    owner: str

    def lower(self, other: "Ceiling | None") -> "Ceiling":
        """Return the lower one of two ceilings."""
        return other if other is not None and other.value < self.value else self


@dataclass(frozen=True)
class Ceilings:
    """The greatest values that can be asked for.

    Attributes:
        cores: Number of cores.
        hours: Hours.
    """

    cores: Ceiling
    hours: Ceiling


@dataclass(frozen=True)
class OptionRules:
    """Checks raw options against the site's interfaces and the ceilings in force.

    Args:
        form: The site's form settings.
        ceilings: The site's own ceilings, or those that are lower by the partition's limits.
    """

    form: FormSettings
    ceilings: Ceilings

    def validate(self, raw: Mapping[str, object]) -> SessionOptions:
        """Return the validated options.

        A missing or empty field gets its value from the preset of the chosen interface.

        Args:
            raw: Values by option key, as text or as JSON values.

        Raises:
            OptionsError: With one sentence for each field that is refused.
        """
        problems = [_unknown_key(key) for key in raw if key not in FIELD_LABELS]
        given = {key: value for key, value in raw.items() if not _is_empty(value)}

        ui = given.get("ui", self.form.default_interface)
        interface = self.form.interfaces.get(ui) if isinstance(ui, str) else None
        if interface is None or ui not in self.form.offer:
            problems.append(self._unknown_interface(ui))
            raise OptionsError(problems)

        cores = hours = None
        try:
            cores = _whole_number(given.get("cores", interface.cores))
            _check_range("cores", cores, 1, self.ceilings.cores)
        except ValueError as error:
            problems.append(str(error))
        try:
            hours = _decimal_number(given.get("hours", interface.hours))
            _check_range("hours", hours, MIN_HOURS, self.ceilings.hours)
        except ValueError as error:
            problems.append(str(error))
        if problems or cores is None or hours is None:
            raise OptionsError(problems)

        return SessionOptions(
            ui=str(ui),
            kind=interface.kind,
            cores=cores,
            minutes=round(hours * 60),
            memory_mib=interface.memory_mib,
        )

    def preset(self, interface: Interface) -> tuple[int, float]:
        """Return an interface's preset cores and hours, as far as the ceilings allow them."""
        return (
            min(interface.cores, int(self.ceilings.cores.value)),
            min(interface.hours, self.ceilings.hours.value),
        )

    def _unknown_interface(self, ui: object) -> str:
        offered = ", ".join(
            f"“{key}” ({self.form.interfaces[key].label})" for key in self.form.offer
        )
        return f"{FIELD_LABELS['ui']}: there is no {shown(ui)}. Choose one of {offered}."


def shown(value: object) -> str:
    """Return a refused value for an error text: short, quoted, with control characters made visible."""
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 40 else text[:37] + "..."
    return "“" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + "”"


def number(value: float) -> str:
    """Return a number as one writes it: 3, not 3.0."""
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _unknown_key(key: str) -> str:
    near = difflib.get_close_matches(key, FIELD_LABELS, n=1)
    hint = f" Did you mean “{near[0]}”?" if near else f" The options are {', '.join(FIELD_LABELS)}."
    return f"There is no option {shown(key)}.{hint}"


def _whole_number(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    raise ValueError(f"{FIELD_LABELS['cores']}: {shown(value)} is not a whole number.")


def _decimal_number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and _DECIMAL_NUMBER.fullmatch(value.strip()):
        return float(value)
    raise ValueError(
        f"{FIELD_LABELS['hours']}: {shown(value)} is not a number of hours, such as 3 or 1.5."
    )


def _check_range(key: str, value: float, least: float, ceiling: Ceiling) -> None:
    if value < least:
        raise ValueError(
            f"{FIELD_LABELS[key]}: you asked for {number(value)}; the least is {number(least)}."
        )
    if value > ceiling.value:
        raise ValueError(
            f"{FIELD_LABELS[key]}: you asked for {number(value)}; "
            f"the most that {ceiling.owner} allows is {number(ceiling.value)}."
        )
