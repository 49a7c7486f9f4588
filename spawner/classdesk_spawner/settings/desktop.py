"""What a site allows in a session, and how the session is told: the section `[desktop]`."""

import json
from typing import Literal

from pydantic import Field

from .section import Section

POLICY_VARIABLE = "CLASSDESK_POLICY"
"""The variable in the job's environment that carries the policy, as a JSON object."""


class DesktopSettings(Section):
    """What a session allows its learner and its instructors."""

    clipboard_in: bool = Field(True, description="Whether text can be pasted from the laptop into the desktop.")
    clipboard_out: bool = Field(True, description="Whether text can be copied from the desktop to the laptop.")
    upload: bool = Field(True, description="Whether files can be dropped on the page.")
    download: bool = Field(True, description="Whether files can be downloaded from the desktop's page.")
    extend_minutes: int = Field(
        0,
        ge=0,
        le=1440,
        description="Minutes that one press of *Extend* adds to a session; 0: learners can't extend. "
        "Needs the line for scontrol in the sudoers file; instructors extend by the same way.",
    )
    extend_max_hours: float = Field(
        12.0,
        ge=0.25,
        le=8760,
        description="Longest that a session may become in hours, all extensions included. "
        "The partition's own limit and the end of a reservation count too.",
    )
    observe: Literal["ask", "notify", "off"] = Field(
        "ask",
        description="Whether instructors may look at a learner's desktop. ask: once the learner has accepted; "
        "notify: at once; off: never. The learner always sees who looks, and control always needs consent.",
    )
    thumbnails: bool = Field(
        False, description="Whether instructors may have small pictures of all desktops of a class."
    )
    idle_cpu: bool = Field(True, description="Whether a running computation counts as activity of the learner.")
    idle_minutes: int = Field(
        10,
        ge=1,
        le=1440,
        description="Minutes without activity after which the class console calls a session idle.",
    )
    logout: Literal["ask", "new", "end"] = Field(
        "ask",
        description="What a log-out from the desktop does. ask: the learner chooses; new: a new desktop; "
        "end: the session ends.",
    )
    locale: str = Field(
        "",
        pattern=r"^([a-z]{2,3}(_[A-Z]{2})?(\.UTF-8)?)?$",
        description="Locale of the desktops, such as de_DE; empty: the browser's.",
    )
    keyboard: str = Field(
        "",
        pattern=r"^([a-z]{2,12}(\([A-Za-z0-9_-]{1,24}\))?(,[a-z]{2,12}(\([A-Za-z0-9_-]{1,24}\))?){0,3})?$",
        description="Keyboard layout of the desktops, such as de or us(intl); empty: the browser's.",
    )

    def for_session(self) -> str:
        """Return what the session must know, as the text of `POLICY_VARIABLE`."""
        of_the_hub = {"extend_max_hours", "idle_minutes"}
        return json.dumps(self.model_dump(exclude=of_the_hub), separators=(",", ":"))
