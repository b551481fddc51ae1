"""What counts as one client: an address, or a whole network where one home has that."""

import ipaddress

# One home or firm has a whole network of version 6 addresses.
_IPV6_NETWORK_BITS = 64


def network_of(client: str) -> str:
    """Return the network of an address; what is no address stays as it is."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server on that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
