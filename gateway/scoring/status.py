"""From gRPC statuses and their details to the gateway's errors, field names included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from gateway.errors import (
    ConflictError,
    FeedPositionError,
    FieldFault,
    GatewayError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)

_DETAILS_KEY = "grpc-status-details-bin"
_GONE = ("the scoring server is away or too slow", "SCORING_SERVER_UNAVAILABLE")
_REFUSES = "SCORING_SERVER_REFUSES"
# The last three can only be mended by who runs both.
_AWAY = {
    grpc.StatusCode.UNAVAILABLE: _GONE,
    grpc.StatusCode.DEADLINE_EXCEEDED: _GONE,
    grpc.StatusCode.CANCELLED: _GONE,
    grpc.StatusCode.UNIMPLEMENTED: (
        "the scoring server is of a release that cannot do this yet",
        _REFUSES,
    ),
    grpc.StatusCode.PERMISSION_DENIED: (
        "the gateway's token lacks the permission for this on the scoring server",
        _REFUSES,
    ),
    grpc.StatusCode.UNAUTHENTICATED: (
        "the scoring server does not know the gateway's token",
        _REFUSES,
    ),
}
_MODEL_MISSING = "MODEL_MISSING"

# The protocol's fields by the names that the REST API has for them.
_REST_FIELDS = {
    "account_id": "source_account",
    "counterparty_account_id": "destination_account",
    "merchant_id": "entity_id",
    "device_id": "device_fingerprint",
    "amount_minor": "amount",
    "country": "geo_country",
    "latitude_deg": "latitude",
    "longitude_deg": "longitude",
    "event_time": "timestamp",
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn what gRPC raises inside the block into the gateway's errors."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise gateway_error(error) from error


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what a call was refused for into the gateway's errors, with the server's sentence.

    To be entered after `translated`, which takes what is left.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        reason, message = reason_of(error), error.details() or ""
        if error.code() is grpc.StatusCode.NOT_FOUND:
            raise NotFoundError(message, reason=reason or "NOT_FOUND") from error
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise
        if reason == _MODEL_MISSING:
            raise NotFoundError(message, reason="MODEL_NOT_FOUND") from error
        raise ConflictError(message, reason=reason or "MODEL_REFUSED") from error


def gateway_error(error: grpc.aio.AioRpcError) -> GatewayError:
    """Return what a failed call means to a caller of the gateway."""
    code = error.code()
    message = error.details() or ""
    status = _status(error)
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidArgumentError(message, faults=_faults(status))
    if code is grpc.StatusCode.ALREADY_EXISTS:
        return ConflictError(message, reason="TRANSACTION_EXISTS", details=_metadata(status))
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return ResourceExhaustedError(
            "the scoring server is overloaded",
            reason="SCORING_OVERLOADED",
            retry_after_s=_retry_after_s(status),
        )
    if code in {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.OUT_OF_RANGE}:
        return FeedPositionError(message, reason=code.name, details=_metadata(status))
    if code in _AWAY:
        return UnavailableError(*_AWAY[code])
    return InternalError(f"the scoring server answered {code.name}: {message}")


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the scoring server's own code for a failure; empty when it gave none."""
    return _metadata(_status(error)).get("reason", "")


def _status(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    status = status_pb2.Status()
    metadata: Any = error.trailing_metadata() or ()
    for key, value in metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            status.ParseFromString(value)
    return status


def _faults(status: status_pb2.Status) -> tuple[FieldFault, ...]:
    faults = []
    for detail in status.details:
        request = error_details_pb2.BadRequest()
        if detail.Unpack(request):
            for violation in request.field_violations:
                name = violation.field.rpartition(".")[2]
                faults.append(FieldFault(_REST_FIELDS.get(name, name), violation.description))
    return tuple(faults)


def _metadata(status: status_pb2.Status) -> dict[str, str]:
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return {"reason": info.reason, **info.metadata}
    return {}


def _retry_after_s(status: status_pb2.Status) -> float:
    for detail in status.details:
        info = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            delay: float = info.retry_delay.seconds + info.retry_delay.nanos / 1e9
            return delay
    return 1.0
