"""The body of every error."""

from typing import Any

from msgspec import Struct


class ErrorBody(Struct):
    """What went wrong.

    Attributes:
        error_code: stable UPPER_SNAKE code.
        details: `fields` of a VALIDATION_ERROR, or further facts; null without any.
        request_id: names the request in the log; also in the header X-Request-ID.
    """

    error_code: str
    message: str
    details: dict[str, Any] | None
    request_id: str
