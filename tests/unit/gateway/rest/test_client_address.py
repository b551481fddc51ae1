"""X-Forwarded-For counts as far as trusted proxies wrote it, and no further."""

import pytest

from gateway.rest.client_address import ClientAddress

PROXIES = ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")


def found(peer: str | None, *headers: str, trusted: tuple[str, ...] = PROXIES) -> str:
    scope = {
        "client": None if peer is None else (peer, 1234),
        "headers": [(b"x-forwarded-for", header.encode()) for header in headers],
    }
    return ClientAddress(trusted)(scope)


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("203.0.113.7", ("198.51.100.9",), "203.0.113.7"),
        ("10.1.1.1", ("198.51.100.9",), "198.51.100.9"),
        # The first was written by the client itself.
        ("10.1.1.1", ("1.1.1.1, 198.51.100.9",), "198.51.100.9"),
        ("10.1.1.1", ("1.1.1.1, 198.51.100.9, 192.0.2.1, 10.2.2.2",), "198.51.100.9"),
        ("10.1.1.1", ("1.1.1.1", "198.51.100.9", "10.2.2.2"), "198.51.100.9"),
        ("fd00::1", ("2001:db8::5",), "2001:db8::5"),
        ("::ffff:10.1.1.1", ("::ffff:198.51.100.9",), "198.51.100.9"),
        # Only proxies, or nothing that can be read: the last that is sure.
        ("10.1.1.1", ("10.2.2.2",), "10.2.2.2"),
        ("10.1.1.1", ("198.51.100.9, nonsense",), "10.1.1.1"),
        ("10.1.1.1", ("unknown, 10.2.2.2",), "10.2.2.2"),
        ("10.1.1.1", ("",), "10.1.1.1"),
        ("10.1.1.1", (), "10.1.1.1"),
        (None, ("198.51.100.9",), ""),
    ],
)
def test_client_behind_proxies(peer: str | None, headers: tuple[str, ...], client: str) -> None:
    assert found(peer, *headers) == client


def test_nobody_is_trusted_by_default() -> None:
    assert found("10.1.1.1", "198.51.100.9", trusted=()) == "10.1.1.1"


def test_endless_header_is_read_from_its_end_only() -> None:
    hops = ["198.51.100.9", *["10.2.2.2"] * 100_000]
    assert found("10.1.1.1", ", ".join(hops)) == "10.2.2.2"
