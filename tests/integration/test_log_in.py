"""Log-in with real accounts and a real PAM."""

from collections.abc import Iterator

import pytest

from support.hub_client import HubClient
from support.world import Hub, command, job_ids

NAME = "S1234567"


@pytest.fixture
def account(hub: Hub) -> Hub:
    """The hub with an account that has a capital letter in its name; it stays, as the hub will look for it again."""
    password = hub.accounts["learner01"]
    command("useradd", "--badname", "--create-home", "--groups", "classdesk-users", NAME)
    hashed = command("openssl", "passwd", "-6", password).strip()
    command("usermod", "--password", hashed, NAME)
    return Hub(hub.url, {**hub.accounts, NAME: password})


def test_an_account_with_a_capital_letter_has_its_session(account: Hub) -> None:
    with HubClient(account, NAME) as learner:
        assert learner.server() == {}
        learner.start(ui="terminal", cores="1", hours="1")
        assert len(job_ids(NAME)) == 1


def test_a_name_with_a_capital_letter_or_blanks_is_the_same_account(hub: Hub) -> None:
    for typed in (" Learner01 ", "LEARNER01", "learner01\u00a0"):
        client = HubClient(hub, typed)
        try:
            answer = client.log_in(hub.accounts["learner01"])
            assert answer.url.path != "/hub/login", answer.text
            assert client.http.get("/hub/api/user", headers={"X-XSRFToken": client.xsrf}).json()["name"] == "learner01"
        finally:
            client.http.close()


@pytest.fixture
def between_blanks(hub: Hub) -> Iterator[str]:
    """A learner's password, which begins and ends with blanks."""
    password = "  between blanks "
    before = command("getent", "shadow", "learner02").split(":")[1]
    command("usermod", "--password", command("openssl", "passwd", "-6", password).strip(), "learner02")
    yield password
    command("usermod", "--password", before, "learner02")


def test_a_password_keeps_the_blanks_at_its_ends(hub: Hub, between_blanks: str) -> None:
    for typed, is_let_in in ((between_blanks, True), (between_blanks.strip(), False)):
        client = HubClient(hub, "learner02")
        try:
            answer = client.log_in(typed)
            assert (answer.url.path != "/hub/login") is is_let_in, answer.text
        finally:
            client.http.close()
