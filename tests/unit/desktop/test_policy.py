from __future__ import annotations

import json
import logging

import pytest

from classdesk_desktop.messages import as_json
from classdesk_desktop.protocol import Policy
from classdesk_desktop.session.policy import read_policy


def read(**record: object) -> Policy:
    return read_policy({"CLASSDESK_POLICY": json.dumps(record)})


def test_without_a_policy_the_defaults_hold() -> None:
    assert read_policy({}) == Policy()


def test_what_the_site_says_is_taken() -> None:
    policy = read(clipboard_out=False, extend_minutes=30, observe="notify", locale="fr_CA.UTF-8")
    assert policy == Policy(clipboard_out=False, extend_minutes=30, observe="notify", locale="fr_CA.UTF-8")


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"clipboard_in": 0}, id="a number for a truth value"),
        pytest.param({"clipboard_in": "false"}, id="a text for a truth value"),
        pytest.param({"extend_minutes": True}, id="a truth value for a number"),
        pytest.param({"extend_minutes": -5}, id="a negative number"),
        pytest.param({"observe": "always"}, id="an unknown word"),
        pytest.param({"keyboard": None}, id="null"),
        pytest.param({"colour": "green"}, id="an unknown key"),
    ],
)
def test_what_cannot_be_used_is_logged_and_has_its_default(
    record: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        policy = read(**record, upload=False)
    assert policy == Policy(upload=False)
    assert next(iter(record)) in caplog.text


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_a_policy_that_is_no_object_costs_nobody_the_session(text: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert read_policy({"CLASSDESK_POLICY": text}) == Policy()
    assert "CLASSDESK_POLICY" in caplog.text


def test_the_page_gets_the_policy_as_it_came() -> None:
    assert read_policy({"CLASSDESK_POLICY": as_json(Policy())}) == Policy()
