"""Which addresses a webhook may go to: none that only we can reach, as others choose them."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

URL_LENGTH_MAX = 2048
_PORT_MAX = 65_535
# Carries addresses of version 4 within version 6 (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TargetRules(Struct, frozen=True, kw_only=True):
    """What is allowed beyond https to public addresses.

    Attributes:
        loopback: this machine, also by plain http; for development.
        private: addresses of private networks.
    """

    loopback: bool = False
    private: bool = False


def url_fault(url: str, rules: TargetRules) -> str:
    """Return what is wrong with the URL of a webhook; empty when nothing is.

    A name is not looked up here: what it leads to is checked at every connection.
    """
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be at most {URL_LENGTH_MAX} printable ASCII characters without spaces"
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or 0 < parts.port <= _PORT_MAX
    except ValueError:
        return "must be a URL"
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or not port_is_good:
        return "must be a URL such as https://receiver.example/alerts"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must hold no user, password or fragment"
    literal = _literal(host)
    if parts.scheme == "http":
        here = host == "localhost" or (literal is not None and literal.is_loopback)
        if not (here and rules.loopback):
            return "must start with https; http goes to loopback only, and in development only"
    return "" if literal is None else address_fault(literal, parts, rules)


def address_fault(address: Address, url: SplitResult, rules: TargetRules) -> str:
    """Return why a webhook may not connect to an address; empty when it may."""
    inner = _inner(address)
    if inner.is_loopback:
        allowed = rules.loopback or rules.private
    else:
        special = inner.is_multicast or inner.is_unspecified or inner.is_reserved
        allowed = url.scheme == "https" and not special and (inner.is_global or rules.private)
    return "" if allowed else "must not lead to a private, link-local or other special address"


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """Return the address of version 4 that one of version 6 leads to, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
