"""The one table from errors to HTTP answers.

A body never holds a stack trace or a message of the database.
"""

import math
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from gateway.errors import (
    ConfigurationError,
    ConflictError,
    FieldFault,
    GatewayError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    RuleBrokenError,
    UnauthenticatedError,
    UnavailableError,
)
from gateway.rest.body import allowed_values, summary, was
from gateway.rest.schemas.errors import ErrorBody

STATUS_BY_ERROR: dict[type[GatewayError], int] = {
    InvalidArgumentError: 422,
    RuleBrokenError: 400,
    UnauthenticatedError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    ResourceExhaustedError: 429,
    UnavailableError: 503,
    InternalError: 500,
    # A gateway that is configured wrongly never serves; raised later it is our mistake.
    ConfigurationError: 500,
}
_HTTP_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}
_INTERNAL_STATUS = 500
INTERNAL_MESSAGE = "internal error; the gateway's log has the details"

_BODY_MISSING = FieldFault("body", "the body must be a JSON object, was empty")

_log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]


def status_of(error: GatewayError) -> int:
    """Return the HTTP status of an error."""
    for kind in type(error).__mro__:
        if kind in STATUS_BY_ERROR:
            return STATUS_BY_ERROR[kind]
    return _INTERNAL_STATUS


def on_gateway_error(request: AnyRequest, error: GatewayError) -> Response[ErrorBody]:
    """Answer with an error that was raised on purpose."""
    status = status_of(error)
    if status == _INTERNAL_STATUS:
        return on_unexpected(request, error)
    headers = {}
    if isinstance(error, ResourceExhaustedError | UnavailableError):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    details: dict[str, Any] = dict(error.details)
    if isinstance(error, InvalidArgumentError):
        details["fields"] = fields_of(error.faults)
    return _response(request, status, error.reason, error.message, details, headers)


def on_validation(request: AnyRequest, error: ValidationException) -> Response[ErrorBody]:
    """Answer to query parameters that the framework refused, all of them named."""
    faults = [_query_fault(request, extra) for extra in _extras(error)]
    # A body that was left out shows up as a fault of `data` beside the real ones.
    faults = [fault for fault in faults if fault.field != "data"] or [_BODY_MISSING]
    message = summary(faults) or "the request is not valid"
    details = {"fields": fields_of(tuple(faults))}
    return _response(request, 422, "VALIDATION_ERROR", message, details, {})


def on_http(request: AnyRequest, error: HTTPException) -> Response[ErrorBody]:
    """Answer with an error of the framework, such as an unknown path."""
    status = error.status_code
    if status >= _INTERNAL_STATUS:
        return on_unexpected(request, error)
    code = _HTTP_CODES.get(status, "BAD_REQUEST")
    message = f"no such path: {request.url.path}" if status == 404 else error.detail  # noqa: PLR2004 - HTTP
    allow = {key: value for key, value in (error.headers or {}).items() if key.lower() == "allow"}
    return _response(request, status, code, message, {}, allow)


def on_unexpected(request: AnyRequest, error: Exception) -> Response[ErrorBody]:
    """Answer with a fixed text; what happened goes to the log only."""
    _log.error("request_failed", exc_info=error)
    return _response(request, _INTERNAL_STATUS, "INTERNAL", INTERNAL_MESSAGE, {}, {})


def fields_of(faults: tuple[FieldFault, ...]) -> list[dict[str, Any]]:
    """Return faults as the body lists them."""
    return [
        {"field": fault.field, "message": fault.message}
        | ({"allowed": list(fault.allowed)} if fault.allowed else {})
        for fault in faults
    ]


def _extras(error: ValidationException) -> list[dict[str, Any]]:
    extra = error.extra
    if isinstance(extra, list):
        return [item for item in extra if isinstance(item, dict)]
    return [{"key": "request", "message": error.detail}]


def _query_fault(request: AnyRequest, extra: dict[str, Any]) -> FieldFault:
    name = str(extra.get("key", "request"))
    signature = request.route_handler.parsed_fn_signature.parameters
    allowed = allowed_values(signature[name].raw) if name in signature else ()
    came = f", {was(found)}" if (found := request.query_params.get(name)) is not None else ""
    if allowed:
        return FieldFault(name, f"{name} must be one of {', '.join(allowed)}{came}", allowed)
    text = str(extra.get("message", "not valid"))
    return FieldFault(name, f"{name}: {text[:1].lower()}{text[1:]}{came}")


def _response(
    request: AnyRequest,
    status: int,
    code: str,
    message: str,
    details: dict[str, Any],
    headers: dict[str, str],
) -> Response[ErrorBody]:
    body = ErrorBody(code, message, details or None, request.scope["state"].get("request_id", ""))
    return Response(body, status_code=status, headers=headers, media_type="application/json")


# What the description of every operation says of its errors.
RESPONSES: dict[int, ResponseSpec] = {
    status: ResponseSpec(ErrorBody, description=text, generate_examples=False)
    for status, text in (
        (400, "The request cannot be read, or breaks a rule"),
        (401, "Nobody knows who is calling: log in first, or again"),
        (403, "The caller may not do that"),
        (404, "No such thing"),
        (409, "Stale version, illegal move, or other content under a known id"),
        (422, "Fields are missing or wrong; details.fields names them all"),
        (429, "Too many requests; Retry-After says when to come back"),
        (503, "The scoring server or the database is away; Retry-After says when to come back"),
    )
}

EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    GatewayError: on_gateway_error,
    ValidationException: on_validation,
    HTTPException: on_http,
    Exception: on_unexpected,
}
