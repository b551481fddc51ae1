"""A login that a browser keeps for the console, in cookies that no script can read.

The cookie of the access token counts as an Authorization header. It is never sent along by pages of
other sites (SameSite=Strict), and what changes something must also carry a header that only our own
pages can set: browsers let no page set it for another origin without asking that origin first.
"""

from http.cookies import CookieError, SimpleCookie
from typing import Any

from litestar.datastructures import Cookie

from gateway.rest.safe_methods import SAFE_METHODS
from gateway.rest.schemas.people import LoginTokensBody

ACCESS_COOKIE = "anomaly_access"
REFRESH_COOKIE = "anomaly_refresh"
# The refresh token goes nowhere but where it is exchanged.
SESSION_PATH = "/session"
OWN_PAGE_HEADER = b"x-console"


def headers_with_login(scope: Any) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request, with an Authorization where only a cookie says who it is."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    found = dict(headers)
    shown = found.get(b"cookie", b"")
    if b"authorization" in found or ACCESS_COOKIE.encode() not in shown:
        return headers
    if scope["method"] not in SAFE_METHODS and OWN_PAGE_HEADER not in found:
        return headers
    try:
        cookie = SimpleCookie(shown.decode("latin-1")).get(ACCESS_COOKIE)
    except CookieError:
        return headers
    if cookie is None or not cookie.value:
        return headers
    return [*headers, (b"authorization", b"Bearer " + cookie.value.encode("latin-1"))]


def login_cookies(tokens: LoginTokensBody, *, over_tls: bool) -> list[Cookie]:
    """Return the cookies that keep a login."""
    return [
        _cookie(ACCESS_COOKIE, tokens.access_token, tokens.expires_in, "/", over_tls=over_tls),
        _cookie(
            REFRESH_COOKIE,
            tokens.refresh_token,
            tokens.refresh_expires_in,
            SESSION_PATH,
            over_tls=over_tls,
        ),
    ]


def no_login_cookies(*, over_tls: bool) -> list[Cookie]:
    """Return the cookies that end a login in the browser."""
    return [
        _cookie(ACCESS_COOKIE, "", 0, "/", over_tls=over_tls),
        _cookie(REFRESH_COOKIE, "", 0, SESSION_PATH, over_tls=over_tls),
    ]


def _cookie(name: str, value: str, age_s: int, path: str, *, over_tls: bool) -> Cookie:
    return Cookie(
        name,
        path=path,
        value=value,
        max_age=age_s,
        secure=over_tls,
        httponly=True,
        samesite="strict",
    )
