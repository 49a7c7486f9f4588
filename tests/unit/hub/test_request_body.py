"""What is sent as JSON, and the sentence for what is wrong with it."""

import pytest
from pydantic import BaseModel, ConfigDict, model_validator
from tornado.web import HTTPError

from classdesk_hub.request_body import read_body


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    names: list[str]
    minutes: int = 0

    @model_validator(mode="after")
    def _fits(self) -> "Wish":
        if self.minutes > 100:
            raise ValueError("More than 100 % is too much.")
        return self


def test_what_is_expected_is_read() -> None:
    assert read_body(Wish, b'{"names": ["ada"]}') == Wish(names=["ada"])


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"", "Invalid JSON", id="nothing"),
        pytest.param(b"{", "Invalid JSON", id="half-of-it"),
        pytest.param(b"\xff", "Invalid JSON", id="no-text"),
        pytest.param(b"[" * 100_000, "Invalid JSON", id="nested-without-end"),
        pytest.param(b"[]", "Input should be an object.", id="no-object"),
        pytest.param(b"{}", "names: Field required.", id="a-field-is-missing"),
        pytest.param(b'{"names": [1]}', "names.0: Input should be a valid string.", id="wrong-type"),
        pytest.param(
            b'{"names": [], "minutes": "5"}', "minutes: Input should be a valid integer.", id="text-for-a-number"
        ),
        pytest.param(b'{"names": [], "cmd": "id"}', "cmd: Extra inputs are not permitted.", id="unknown-field"),
        pytest.param(b'{"names": [], "minutes": 101}', "More than 100 % is too much.", id="does-not-fit"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(HTTPError) as raised:
        read_body(Wish, body)
    told = raised.value.get_message()
    assert raised.value.status_code == 400
    assert told
    assert told.startswith(sentence)
    assert told.endswith(".")
