"""A cookie counts as a login only where no page of another site could have sent it."""

from typing import Any

import pytest

from gateway.rest.cookie_login import ACCESS_COOKIE, OWN_PAGE_HEADER, headers_with_login

COOKIE = (b"cookie", f"a=b; {ACCESS_COOKIE}=token-1".encode())
OWN = (OWN_PAGE_HEADER, b"1")
SHOWN = (b"authorization", b"Bearer token-1")


def scope(method: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"method": method, "headers": list(headers)}


def test_reading_counts_with_the_cookie_alone() -> None:
    assert SHOWN in headers_with_login(scope("GET", COOKIE))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_changing_needs_the_header_of_our_own_pages(method: str) -> None:
    assert headers_with_login(scope(method, COOKIE)) == [COOKIE]
    assert SHOWN in headers_with_login(scope(method, COOKIE, OWN))


def test_shown_authorization_wins() -> None:
    given = (b"authorization", b"Bearer other")
    assert headers_with_login(scope("GET", COOKIE, given)) == [COOKIE, given]


@pytest.mark.parametrize(
    "text", [b"", b"anomaly_access=", b"x_anomaly_access=t", b'anomaly_access="']
)
def test_what_is_no_login_changes_nothing(text: bytes) -> None:
    assert not [
        value
        for name, value in headers_with_login(scope("GET", (b"cookie", text)))
        if name == b"authorization" and value != b"Bearer "
    ]
