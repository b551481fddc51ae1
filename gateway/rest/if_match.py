"""Optimistic locking over HTTP: the version of an alert, or the revision of rules, is an ETag."""

import re
from typing import Any

from litestar import Request

from gateway.errors import FieldFault, InvalidArgumentError

_REVISION_TAG = re.compile(r'^(?:W/)?"?([0-9a-f]{64})"?$')
_VERSION_TAG = re.compile(r'^(?:W/)?"?([0-9]{1,9})"?$')


def expected_version(request: Request[Any, Any, Any], in_body: int | None) -> int | None:
    """Return the version that the client has seen, from If-Match or the body.

    None when it does not say.

    Raises:
        InvalidArgumentError: If-Match holds something else than one version or `*`.
    """
    header = request.headers.get("if-match", "").strip()
    if not header or header == "*":
        return in_body
    match = _VERSION_TAG.match(header)
    if match is None:
        fault = FieldFault("If-Match", 'If-Match must be the ETag of the alert, such as "3"')
        raise InvalidArgumentError(fault.message, faults=(fault,))
    return int(match.group(1))


def expected_revision(header: str) -> str:
    """Return the revision of a set of rules that the client has seen, from If-Match.

    Raises:
        InvalidArgumentError: it does not say.
    """
    match = _REVISION_TAG.match(header.strip())
    if match is None:
        message = "If-Match must be the ETag of the rules that were seen, 64 hexadecimal digits"
        raise InvalidArgumentError(message, faults=(FieldFault("If-Match", message),))
    return match.group(1)


def revision_tag(revision: str) -> dict[str, str]:
    """Return the header that tells a client the revision it has seen."""
    return {"ETag": f'"{revision}"'}


def version_tag(version: int) -> dict[str, str]:
    """Return the header that tells a client the version it has seen."""
    return {"ETag": f'"{version}"'}
