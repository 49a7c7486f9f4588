"""The form of a class: what its link and its instructor's *Start* preset, and nobody can change. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from classdesk_spawner.errors import OptionsError
from classdesk_spawner.settings.models import (
    ChoiceField,
    FormFields,
    FormSettings,
    NumberField,
    SlurmName,
    SlurmSettings,
)
from classdesk_spawner.settings.sbatch_options import SbatchOptions
from classdesk_spawner.settings.section import Section

from .fields import shown

CLASS_KEY = "class"
"""The option that says for which class a session is: `/hub/spawn?class=dask`."""


class ClassPreset(Section):
    """What a session of the class is: used for an instructor's start and for the class link."""

    interface: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9-]{0,31})?$",
        description="Interface; empty: the form's default interface.",
    )
    cores: int | None = Field(None, ge=1, le=1024, description="Number of cores; unset: the interface's.")
    hours: float | None = Field(None, ge=0.25, le=8760, description="Hours; unset: the interface's.")
    reservation: SlurmName = Field("", description="Slurm reservation; empty: the site's.")
    slurm_options: SbatchOptions = Field((), description="Options of sbatch for the class, beside the site's.")


@dataclass(frozen=True)
class ClassForm:
    """A class as the form knows it.

    Attributes:
        title: What the page calls it.
        preset: What its sessions are.
    """

    title: str
    preset: ClassPreset

    @property
    def locked(self) -> frozenset[str]:
        """The options that nobody can change."""
        chosen = {"reservation"} if self.preset.reservation else set()
        return frozenset({"ui", "cores", "hours", *chosen})

    def lock(self, form: FormSettings, slurm: SlurmSettings) -> tuple[FormSettings, SlurmSettings]:
        """Return a site's settings with the preset as the only choice.

        The limits are those of the site and the partition, as for everybody.
        """
        preset = self.preset
        key = preset.interface or form.default_interface
        base = form.interfaces[key]
        fixed = NumberField(show="fixed", step=None)
        fields = FormFields(cores=fixed, hours=fixed)
        if preset.reservation:
            reserved = ChoiceField(show="fixed", default=preset.reservation)
            fields = FormFields(cores=fixed, hours=fixed, reservation=reserved)
        interface = base.model_copy(
            update={
                "cores": preset.cores or base.cores,
                "hours": preset.hours or base.hours,
                "fields": base.fields.changed_by(fields),
            }
        )
        locked = form.model_copy(
            update={
                "offer": (key,),
                "default_interface": key,
                "interfaces": {**form.interfaces, key: interface},
            }
        )
        reservation = preset.reservation or slurm.reservation
        return locked, slurm.model_copy(update={"reservation": reservation})


def class_of(name: object, classes: Mapping[str, ClassForm], groups: Any, settings_of: str = "link") -> ClassForm:
    """Return the class that a form, link or REST call names.

    Args:
        name: What they say.
        classes: The site's classes.
        groups: Names of the learner's groups in the hub.
        settings_of: What names it, for the sentence.

    Raises:
        OptionsError: There is none of this name, or the learner is not in it.
    """
    found = classes.get(name) if isinstance(name, str) else None
    if found is None:
        raise OptionsError([f"Class: {shown(name)} does not exist. Ask your instructor for the {settings_of}."])
    if name not in groups:
        raise OptionsError([f"Class: you are not in “{found.title}”. Ask your instructor to add you to it."])
    return found
