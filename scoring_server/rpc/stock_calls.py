"""How the stock server runs a method: deadline, errors to statuses, metrics, drain."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import grpc
from grpc_status import rpc_status

from scoring_server.clock import monotonic_ns
from scoring_server.rpc.bounded_pool import BoundedPool
from scoring_server.rpc.serving import (
    IdleCalls,
    authorization_of,
    refuse_expired,
    request_id_of,
    trace_parent_of,
)
from scoring_server.rpc.status import code_of, log_unexpected, status_of
from scoring_server.rpc.transport import Method, ServerStreamMethod, StreamMethod, UnaryMethod
from scoring_server.telemetry.method_metrics import MethodMetrics


class StockCall:
    """A call of the stock server, as services see it."""

    __slots__ = ("_context",)

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context

    @property
    def request_id(self) -> str:
        """The caller's x-request-id; empty when not given."""
        return request_id_of(self._context.invocation_metadata())

    @property
    def trace_parent(self) -> str:
        """The caller's traceparent; empty when not given."""
        return trace_parent_of(self._context.invocation_metadata())

    @property
    def authorization(self) -> str:
        """The caller's authorization; empty when not given."""
        return authorization_of(self._context.invocation_metadata())

    def is_active(self) -> bool:
        """Say whether the caller still waits."""
        return bool(self._context.is_active())

    def time_remaining_s(self) -> float | None:
        """Seconds until the caller's deadline; None without one."""
        remaining: float | None = self._context.time_remaining()
        return remaining

    def on_end(self, callback: Callable[[], None]) -> None:
        """Run a callback when the call ends; at once when it has."""
        if not self._context.add_callback(callback):
            callback()


class Behavior:
    """Runs a method for the stock server: deadline, errors to statuses, metrics."""

    def __init__(self, method: Method, pool: BoundedPool, metrics: MethodMetrics) -> None:
        self.experimental_thread_pool = pool
        self._path = method.path
        self._metrics = metrics

    def _fail(
        self, error: BaseException, call: StockCall, context: grpc.ServicerContext, started_ns: int
    ) -> NoReturn:
        """End the call with the status of an error."""
        self._metrics.failed(code_of(error).name, monotonic_ns() - started_ns)
        log_unexpected(error, method=self._path, request_id=call.request_id)
        context.abort_with_status(rpc_status.to_status(status_of(error)))


class UnaryCall(Behavior):
    """Runs a method with one response."""

    def __init__(self, method: UnaryMethod, pool: BoundedPool, metrics: MethodMetrics) -> None:
        super().__init__(method, pool, metrics)
        self._behavior = method.behavior

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer a call."""
        started_ns = monotonic_ns()
        call = StockCall(context)
        try:
            refuse_expired(call)
            response = self._behavior(request, call)
        except Exception as error:  # noqa: BLE001 - whatever a method raises becomes its status
            self._fail(error, call, context, started_ns)
        self._metrics.succeeded(monotonic_ns() - started_ns)
        return response


class StreamCall(Behavior):
    """Server streams and bidirectional streams: both give responses one by one."""

    def __init__(
        self,
        method: ServerStreamMethod | StreamMethod,
        pool: BoundedPool,
        metrics: MethodMetrics,
        idle: IdleCalls,
    ) -> None:
        super().__init__(method, pool, metrics)
        self._method = method
        self._idle = idle

    def __call__(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Give the responses of a call; `request` is bytes, or an iterator of them."""
        started_ns = monotonic_ns()
        call = StockCall(context)
        try:
            refuse_expired(call)
            if isinstance(self._method, StreamMethod):
                yield from self._method.behavior(self._idle.watch(request, context), call)
            else:
                yield from self._method.behavior(request, call)
        except Exception as error:  # noqa: BLE001 - whatever a method raises becomes its status
            if not call.is_active():
                # The caller went away; nobody is left to be told.
                self._metrics.failed("CANCELLED", monotonic_ns() - started_ns)
                return
            self._fail(error, call, context, started_ns)
        if call.is_active():
            self._metrics.succeeded(monotonic_ns() - started_ns)
        else:
            self._metrics.failed("CANCELLED", monotonic_ns() - started_ns)
