"""What every answer carries for the protection of both sides: its limits, and what pages may do."""

from gateway.rest.rate_limit import Allowance

Header = tuple[bytes, bytes]

# The pages that we serve need no script and nothing from elsewhere. A page that needs more sets its
# own policy.
_PAGE_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    b"form-action 'none'"
)
_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"content-security-policy", _PAGE_POLICY),
)
# Two years; browsers heed it only where they came over TLS.
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
# What the API answers is about people and for the one who asked.
_NOT_KEPT = (b"cache-control", b"no-store")
_KEPT_BY_NOBODY_BELOW = "/api/"

EXPOSED_HEADERS = (
    "ETag",
    "Retry-After",
    "X-Request-ID",
    "RateLimit",
    "RateLimit-Policy",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)


def security_headers(path: str, *, strict_transport: bool) -> list[Header]:
    """Return the headers that an answer gets unless it has them."""
    headers = list(_ALWAYS)
    if strict_transport:
        headers.append(_STRICT_TRANSPORT)
    if path.startswith(_KEPT_BY_NOBODY_BELOW):
        headers.append(_NOT_KEPT)
    return headers


def rate_limit_headers(allowance: Allowance | None) -> list[Header]:
    """Return the headers that tell a client what it has left.

    Both forms that are about: the structured one of the present draft of the IETF working group
    httpapi (draft-ietf-httpapi-ratelimit-headers), and the three of its first versions, which most
    clients know.
    """
    if allowance is None:
        return []
    name, policy = allowance.route_class, allowance.policy
    remaining, reset_s = allowance.remaining, allowance.reset_s
    return [
        (b"ratelimit-policy", f'"{name}";q={policy.requests_max};w={policy.window_s}'.encode()),
        (b"ratelimit", f'"{name}";r={remaining};t={reset_s}'.encode()),
        (b"ratelimit-limit", str(policy.requests_max).encode()),
        (b"ratelimit-remaining", str(remaining).encode()),
        (b"ratelimit-reset", str(reset_s).encode()),
    ]


def with_missing(present: list[Header], wanted: list[Header]) -> list[Header]:
    """Return headers with those that are wanted and not there yet."""
    names = {name.lower() for name, _ in present}
    return [*present, *(header for header in wanted if header[0] not in names)]
