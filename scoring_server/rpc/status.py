"""The one table from our errors to gRPC statuses with google.rpc details."""

import math

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from scoring_server.errors import (
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    PermissionDeniedError,
    ResourceExhaustedError,
    ScoringError,
    UnauthenticatedError,
    UnavailableError,
)

ERROR_DOMAIN = "anomaly"
INTERNAL_MESSAGE = "internal error; the server's log has the details"

CODE_BY_ERROR: dict[type[ScoringError], grpc.StatusCode] = {
    InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    ConflictError: grpc.StatusCode.ALREADY_EXISTS,
    FailedPreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    OutOfRangeError: grpc.StatusCode.OUT_OF_RANGE,
    DeadlineExceededError: grpc.StatusCode.DEADLINE_EXCEEDED,
    ResourceExhaustedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    InternalError: grpc.StatusCode.INTERNAL,
    # A server that is configured wrongly never serves; should it be raised later, it is our
    # mistake.
    ConfigurationError: grpc.StatusCode.INTERNAL,
}

_log = structlog.get_logger(__name__)


def code_of(error: BaseException) -> grpc.StatusCode:
    """Return the status code of an error; INTERNAL for everything unexpected."""
    for kind in type(error).__mro__:
        if kind in CODE_BY_ERROR:
            return CODE_BY_ERROR[kind]
    return grpc.StatusCode.INTERNAL


def status_of(error: BaseException) -> status_pb2.Status:
    """Return the status with details that a client gets for an error.

    What is INTERNAL keeps its own text out of the answer; the caller logs it.
    """
    code = code_of(error)
    number = code.value[0]
    if not isinstance(error, ScoringError) or code is grpc.StatusCode.INTERNAL:
        info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=ERROR_DOMAIN)
        return status_pb2.Status(code=number, message=INTERNAL_MESSAGE, details=[_packed(info)])
    details = [
        _packed(
            error_details_pb2.ErrorInfo(
                reason=error.reason, domain=ERROR_DOMAIN, metadata=error.metadata
            )
        )
    ]
    if isinstance(error, InvalidArgumentError) and error.violations:
        request = error_details_pb2.BadRequest()
        for violation in error.violations:
            request.field_violations.add(field=violation.field, description=violation.description)
        details.append(_packed(request))
    if isinstance(error, ResourceExhaustedError):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(math.ceil(error.retry_after_s * 1e9))
        details.append(_packed(retry))
    return status_pb2.Status(code=number, message=error.message, details=details)


def log_unexpected(error: BaseException, *, method: str, request_id: str) -> None:
    """Write what is INTERNAL to the log, with its traceback; what a caller did wrong is not."""
    if code_of(error) is grpc.StatusCode.INTERNAL:
        _log.error("call_failed", method=method, request_id=request_id, exc_info=error)


def _packed(message: error_details_pb2.BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
