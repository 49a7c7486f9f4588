"""Which node an IP address belongs to."""

import pytest

from classdesk_spawner.slurm.addresses import by_ip, plain_ip


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("node1", "node1"),
    ],
)
def test_an_address_has_one_form(given: str, plain: str) -> None:
    assert plain_ip(given) == plain


def test_names_are_resolved_and_unknown_ones_left_out() -> None:
    found = by_ip(["localhost", "no-such-node.invalid", "192.0.2.7", "::ffff:192.0.2.8"])
    assert found["127.0.0.1"] == "localhost"
    assert found["192.0.2.7"] == "192.0.2.7"
    assert found["192.0.2.8"] == "::ffff:192.0.2.8"
    assert "" not in found
