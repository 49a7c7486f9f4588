"""What an instructor can ask for."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from classdesk_hub.learner_facts import ActName


class ActRequest(BaseModel):
    """What an instructor asks for.

    Attributes:
        act: What to do.
        learners: For whom, by user name.
        text: The message.
        minutes: How much longer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    act: ActName
    learners: list[str] = Field(min_length=1, max_length=5000)
    text: str = Field("", max_length=2000)
    minutes: int = Field(0, ge=0, le=1440)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if len(set(self.learners)) != len(self.learners):
            raise ValueError("A learner is named twice.")
        if self.act == "message" and not self.text.strip():
            raise ValueError("The message is empty.")
        if self.act == "extend" and not self.minutes:
            raise ValueError("The minutes are missing.")
        if (self.text and self.act != "message") or (self.minutes and self.act != "extend"):
            raise ValueError("Only a message has a text, and only an extension has minutes.")
        return self
