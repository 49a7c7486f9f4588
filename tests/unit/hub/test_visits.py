"""Who is asked before a session learns who they are."""

import pytest

from classdesk_hub.visits import only_opens


@pytest.mark.parametrize(
    ("scopes", "harmless"),
    [
        ({"read:users:name!user", "read:users:groups!user", "access:servers!server=ada/"}, True),
        ({"access:servers!server=bob/"}, False),
        ({"access:servers"}, False),
        ({"access:servers!user=ada"}, False),
        ({"read:users:name!user", "servers!server=ada/"}, False),
        ({"inherit"}, False),
    ],
    ids=["one-session", "another", "all", "all-of-a-user", "stop", "everything"],
)
def test_only_a_token_for_one_session_is_given_unasked(scopes: set[str], harmless: bool) -> None:
    assert only_opens("ada/", scopes) is harmless
