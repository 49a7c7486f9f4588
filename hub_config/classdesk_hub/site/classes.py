"""The classes that the site file names: who teaches, who learns, and what a session of the class is."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from classdesk_spawner import ClassPreset, FormSettings, Section

ClassName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9_-]{0,30}[a-z0-9])?$", strict=True)]
"""Name of a class and of its group in the hub. It is part of addresses and of JupyterHub's scopes."""

UserName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_][a-z0-9_.@-]{0,63}$", strict=True)]
"""Name of a user as JupyterHub has it: in small letters."""

LessonDirectory = Annotated[
    str, StringConstraints(pattern=r"^/[^:,\\\x00-\x1f\x7f]*[^/:,\\\x00-\x1f\x7f]$", strict=True)
]
"""A directory with one folder for each lesson pack; colons and commas separate such directories for the runtimes."""


class ClassSettings(Section):
    """One class: a group of the hub with its instructors."""

    title: str = Field("", max_length=80, description="What the pages call the class; empty: its name.")
    instructors: tuple[UserName, ...] = Field(
        (),
        strict=False,
        description="User names of those who see the class and act in it. They do not need administrator's rights.",
    )
    learners: tuple[UserName, ...] = Field(
        (),
        strict=False,
        description="User names of learners who are always in the class. A roster adds others.",
    )
    may_import: Literal["admin", "instructor"] = Field(
        "admin",
        description="Who may change the roster. An instructor with this right can act in the session of anyone they "
        "add; they cannot add administrators or instructors.",
    )
    lessons: tuple[LessonDirectory, ...] = Field(
        (),
        strict=False,
        description="Directories of lesson packs for the sessions of this class's learners and instructors, on the "
        "nodes and for the hub. A pack in one goes before one of the same name in lessons.directories or the image.",
    )
    preset: ClassPreset = Field(default_factory=ClassPreset)

    def shown_title(self, name: str) -> str:
        """Return what the pages call the class."""
        return self.title or name

    @model_validator(mode="after")
    def _no_instructor_learns(self) -> Self:
        if both := sorted(set(self.instructors) & set(self.learners)):
            raise ValueError(f"{', '.join(both)} cannot be both instructor and learner of one class")
        return self


def check_classes(classes: Mapping[str, ClassSettings], form: FormSettings, admins: tuple[str, ...]) -> None:
    """Check what the classes and the rest of the site file say of each other.

    Raises:
        ValueError: With the class, the value and the limit.
    """
    for name, class_ in classes.items():
        preset = class_.preset
        if preset.interface and preset.interface not in form.offer:
            raise ValueError(
                f"classes.{name}.preset.interface is '{preset.interface}'; form.offer has {', '.join(form.offer)}"
            )
        if preset.cores is not None and preset.cores > form.max_cores:
            raise ValueError(f"classes.{name}.preset.cores is {preset.cores}; form.max_cores is {form.max_cores}")
        if preset.hours is not None and preset.hours > form.max_hours:
            raise ValueError(f"classes.{name}.preset.hours is {preset.hours:g}; form.max_hours is {form.max_hours:g}")
        if powerful := sorted(set(admins) & set(class_.learners)):
            raise ValueError(
                f"classes.{name}.learners names {', '.join(powerful)}, in login.admins: "
                "nobody's instructor may act in an administrator's session"
            )
