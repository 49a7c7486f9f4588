"""What an instructor's page gets of what a learner's session says, and the other way round."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_hub.console.watched_session import DESKTOP, REASONS, from_page, from_session

EVIL = "<img src=x onerror=alert(1)>"
REPOSITORY = Path(__file__).resolve().parents[3]

words = st.sampled_from([EVIL, "grace", "painted", "name", "control"])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)


def heard(message: Any) -> Any:
    text = from_session(json.dumps(message), "grace")
    return None if text is None else json.loads(text)


def test_of_the_state_come_five_facts_about_the_instructor_who_looks() -> None:
    state = {
        "type": "state",
        "state": "painted",
        "detail": EVIL,
        "hand": {"text": EVIL},
        "watchers": [{"name": "hank", "control": True}, {"name": "grace", "control": False}],
        "view_asked_by": ["grace"],
        "control_asked_by": "hank",
    }
    assert heard(state) == {
        "type": "state",
        "desktop": "painted",
        "asking": True,
        "control": False,
        "asks_for_control": False,
    }


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_reasons_are_words_of_a_list(reason: str) -> None:
    visit = {"type": "visit", "state": "refused", "reason": reason, "sentence": EVIL}
    assert heard(visit) == {"type": "visit", "state": "refused", "reason": reason}
    assert heard({**visit, "reason": EVIL}) == {"type": "visit", "state": "refused", "reason": ""}


@given(
    kind=st.sampled_from(["state", "visit", "ended", "pong", "focus", "message", EVIL]),
    facts=st.dictionaries(
        st.sampled_from(["state", "reason", "watchers", "view_asked_by", "control_asked_by", "t", "terminal"]),
        json_values,
    ),
)
def test_whatever_a_session_says_the_page_gets_words_of_the_lists(kind: str, facts: dict[str, Any]) -> None:
    said = heard({**facts, "type": kind})
    known = {"state", "visit", "ended", "pong", "focus", "asking", "watching", "refused", "starting", ""}
    for value in said.values() if said else ():
        assert isinstance(value, bool | int | float) or value in known | DESKTOP | REASONS


@pytest.mark.parametrize(
    "text",
    ["", "x", "[" * 50_000, "[]", '{"type": "pong", "t": NaN}', '{"type": ["state"]}', b"\xff"],
)
def test_what_is_no_message_goes_nowhere(text: str | bytes) -> None:
    assert from_session(text, "grace") is None
    assert from_page(text) is None


def test_a_page_asks_for_control_and_for_answers_and_says_nothing_else() -> None:
    assert from_page('{"type": "control", "want": true, "x": 1}') == '{"want":true,"type":"control"}'
    assert from_page('{"type": "ping", "t": 1.5}') == '{"t":1.5,"type":"ping"}'
    assert from_page('{"type": "focus", "program": "x"}') == '{"type":"focus"}'
    for other in (
        {"type": "control", "want": 1},
        {"type": "view", "name": "grace", "answer": "allow"},
        {"type": "hand", "up": False},
    ):
        assert from_page(json.dumps(other)) is None


def test_the_console_has_the_novnc_of_the_learner_s_page() -> None:
    locks = ("hub_config/proxy/package-lock.json", "desktop_image/web/package-lock.json")
    one, two = (json.loads((REPOSITORY / lock).read_text())["packages"]["node_modules/@novnc/novnc"] for lock in locks)
    assert one == two
