"""What a site allows in a session, and how the session is told: the section `[desktop]`."""

from dataclasses import fields

from pydantic import Field

from classdesk_desktop.messages import as_json
from classdesk_desktop.protocol import Logout, Observe, Policy

from .section import Section

_ASSUMED = Policy()
"""What a session assumes that is not told."""


class DesktopSettings(Section):
    """What a session allows its learner and its instructors."""

    clipboard_in: bool = Field(
        _ASSUMED.clipboard_in, description="Whether text can be pasted from the learner's computer into the desktop."
    )
    clipboard_out: bool = Field(
        _ASSUMED.clipboard_out, description="Whether text can be copied from the desktop to the learner's computer."
    )
    upload: bool = Field(
        _ASSUMED.upload, description="Whether files can be sent to the session by dropping them on the page."
    )
    download: bool = Field(_ASSUMED.download, description="Whether files can be downloaded from the desktop's page.")
    extend_minutes: int = Field(
        _ASSUMED.extend_minutes,
        ge=0,
        le=1440,
        description="Minutes that one press of *Extend* adds to a session; 0: learners cannot extend. "
        "Needs the line for scontrol in the sudoers file, as instructors' extensions do.",
    )
    extend_max_hours: float = Field(
        12.0,
        ge=0.25,
        le=8760,
        description="Longest that a session may become, in hours, including all extensions. "
        "The partition's own limit and the end of a reservation apply too.",
    )
    observe: Observe = Field(
        _ASSUMED.observe,
        description="Whether instructors may look at a learner's desktop. ask: once the learner agrees; "
        "notify: without asking; off: never. The learner always sees who is looking, and must always agree to control.",
    )
    thumbnails: bool = Field(
        _ASSUMED.thumbnails, description="Whether instructors may see small pictures of all desktops of a class."
    )
    idle_cpu: bool = Field(
        _ASSUMED.idle_cpu, description="Whether a running computation counts as the learner's activity."
    )
    idle_minutes: int = Field(
        10,
        ge=1,
        le=1440,
        description="Minutes without activity after which the class console calls a session idle.",
    )
    logout: Logout = Field(
        _ASSUMED.logout,
        description="What a log-out from the desktop does. ask: the learner chooses; new: a new desktop; "
        "end: the session ends.",
    )
    locale: str = Field(
        _ASSUMED.locale,
        pattern=r"^([a-z]{2,3}(_[A-Z]{2})?(\.UTF-8)?)?$",
        description="Locale of the desktops, such as de_DE; empty: the browser's.",
    )
    keyboard: str = Field(
        _ASSUMED.keyboard,
        pattern=r"^([a-z]{2,12}(\([A-Za-z0-9_-]{1,24}\))?(,[a-z]{2,12}(\([A-Za-z0-9_-]{1,24}\))?){0,3})?$",
        description="Keyboard layout of the desktops, such as de or us(intl); empty: the browser's.",
    )

    def for_session(self) -> str:
        """Return what the session must know, as the text of `Variable.POLICY`."""
        return as_json(Policy(**self.model_dump(include={field.name for field in fields(Policy)})))
