import ipaddress
from urllib.parse import urlsplit

import pytest

from gateway.domain.target import TargetRules, address_fault, url_fault

PUBLIC = TargetRules()
DEVELOPMENT = TargetRules(loopback=True)
PRIVATE = TargetRules(private=True)


@pytest.mark.parametrize(
    ("url", "allowed_by"),
    [
        ("https://receiver.example/alerts?key=1", (PUBLIC, DEVELOPMENT, PRIVATE)),
        ("https://receiver.example:8443", (PUBLIC, DEVELOPMENT, PRIVATE)),
        ("https://93.184.216.34/", (PUBLIC, DEVELOPMENT, PRIVATE)),
        ("http://127.0.0.1:9000/", (DEVELOPMENT,)),
        ("http://localhost:9000/", (DEVELOPMENT,)),
        ("http://[::1]/", (DEVELOPMENT,)),
        ("https://127.0.0.1/", (DEVELOPMENT, PRIVATE)),
        ("https://10.1.2.3/", (PRIVATE,)),
        ("https://[fd00::7]/", (PRIVATE,)),
        ("https://169.254.169.254/", (PRIVATE,)),
        ("http://receiver.example/", ()),
        ("http://10.1.2.3/", ()),
        ("https://user@receiver.example/", ()),
        ("https://receiver.example/#part", ()),
        ("https://receiver.example:0/", ()),
        ("https://receiver.example:99999/", ()),
        ("https:///path", ()),
        ("//receiver.example/", ()),
        ("javascript:alert(1)", ()),
        ("https://receiver.example/a b", ()),
        ("https://receiver.example/\nHost: x", ()),
        ("https://[::1/", ()),
        ("https://receiver.example/" + "x" * 2048, ()),
    ],
)
def test_url_is_allowed_by_exactly_these_rules(
    url: str, allowed_by: tuple[TargetRules, ...]
) -> None:
    rules = (PUBLIC, DEVELOPMENT, PRIVATE)
    assert tuple(each for each in rules if not url_fault(url, each)) == allowed_by


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b::a00:1",
    ],
)
def test_name_may_not_lead_to_what_only_we_can_reach(address: str) -> None:
    url = urlsplit("https://receiver.example/")
    assert address_fault(ipaddress.ip_address(address), url, PUBLIC)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_name_may_lead_to_public_addresses_but_not_by_http(address: str) -> None:
    parsed = ipaddress.ip_address(address)
    assert not address_fault(parsed, urlsplit("https://receiver.example/"), PUBLIC)
    assert address_fault(parsed, urlsplit("http://localhost/"), DEVELOPMENT)


def test_nobody_may_send_to_addresses_of_many() -> None:
    for address in ("224.0.0.1", "::", "255.255.255.255"):
        parsed = ipaddress.ip_address(address)
        assert address_fault(parsed, urlsplit("https://receiver.example/"), PRIVATE)
