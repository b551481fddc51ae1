"""The address that a request comes from, also behind proxies that we know.

X-Forwarded-For is what the sender likes to write, so it counts only as far as trusted proxies wrote
it: from its end, up to the first address that is not one of theirs.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

_HEADER = b"x-forwarded-for"
# More hops than that are no chain of proxies of ours.
_HOPS_MAX = 20

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ClientAddress:
    """Finds out who sent a request."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(network) for network in trusted]

    def __call__(self, scope: Any) -> str:
        """Return the client's address; empty where the server does not tell it."""
        peer = scope.get("client")
        address = str(peer[0]) if peer else ""
        if not self._trusted or not self._is_trusted(address):
            return address
        named = b",".join(value for name, value in scope["headers"] if name == _HEADER)
        for hop in reversed(named.decode("latin-1").split(",")[-_HOPS_MAX:]):
            parsed = _parsed(hop)
            if parsed is None:
                return address
            address = str(parsed)
            if not self._is_trusted(address):
                return address
        return address

    def _is_trusted(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
