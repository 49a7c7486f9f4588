"""Which compute node an IP address belongs to."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping


def plain_ip(ip: str) -> str:
    """Return an IP address in its usual form: `10.0.0.1` for `::ffff:10.0.0.1`; other text as it is."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    return str(getattr(address, "ipv4_mapped", None) or address)


def by_ip(addresses: Iterable[str]) -> Mapping[str, str]:
    """Return the addresses of nodes by their IP addresses. Asks the resolver, so it blocks.

    Args:
        addresses: NodeAddr of each node, a name or an IP address. One that does not resolve is left out.
    """
    found: dict[str, str] = {}
    for address in addresses:
        try:
            rows = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)
        except OSError:
            continue
        for row in rows:
            found.setdefault(plain_ip(str(row[4][0])), address)
    return found
