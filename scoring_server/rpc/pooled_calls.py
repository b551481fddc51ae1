"""Calls whose methods may wait: each runs in a thread of its pool, and the loop moves its messages.

A thread starts its batches itself, which gRPC core allows in any thread, and waits for the loop to
take their events. One message is on its way at a time, so a slow reader slows its method down, and
nothing else.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from scoring_server.clock import monotonic_ns
from scoring_server.rpc import core_server
from scoring_server.rpc.bounded_pool import BoundedPool
from scoring_server.rpc.core_server import Tag
from scoring_server.rpc.loop import Arrival, Loop, On, status_parts
from scoring_server.rpc.serving import (
    IdleCalls,
    authorization_of,
    refuse_expired,
    request_id_of,
    too_many,
    trace_parent_of,
)
from scoring_server.rpc.status import code_of, log_unexpected
from scoring_server.rpc.transport import Method, ServerStreamMethod, StreamMethod, UnaryMethod
from scoring_server.telemetry.method_metrics import MethodMetrics

# Requests of a method that gRPC core may hand over at once; more wait inside it. Chosen by us.
_SLOTS = 8
_OK = (0, "", b"")


class PooledMethod(Arrival):
    """A method that runs in a pool."""

    def __init__(
        self,
        loop: Loop,
        method: Method,
        pool: BoundedPool,
        metrics: MethodMetrics,
        count_shed: Callable[[], None],
        idle: IdleCalls,
    ) -> None:
        super().__init__(loop, method.path, _SLOTS)
        self.method = method
        self.metrics = metrics
        self.idle = idle
        self._pool = pool
        self._count_shed = count_shed
        self._too_many = status_parts(too_many(method))

    def arrived(self, event: Any) -> None:
        """Take a call on."""
        PooledCall(self, event).begin(has_one_request=not isinstance(self.method, StreamMethod))

    def run(self, call: "PooledCall", request: bytes) -> None:
        """Run a call in the pool, or refuse it when the pool is full; called by the loop only."""
        if self._pool.is_full:
            self._count_shed()
            self.metrics.failed("RESOURCE_EXHAUSTED", 0)
            call.finish(*self._too_many)
        else:
            self._pool.submit(call.run, request)


class PooledCall:
    """A call from its arrival to its end.

    The loop and one thread of a pool share it. `_due` counts the events that are still to come;
    when none is, and no more can be started, the call is over.
    """

    def __init__(self, method: PooledMethod, event: Any) -> None:
        self._method = method
        self._core_call = event.call
        self._deadline_s: float = event.call_details.deadline
        self._metadata = event.invocation_metadata
        self._lock = threading.Lock()
        self._is_open = True
        self._is_cancelled = False
        self._due = 0
        self._sent_nothing = True
        self._callbacks: list[Callable[[], None]] = []
        self._message: bytes | None = None
        # Taken by the call's thread to wait, released by the loop: a lock is the fastest hand-over.
        self._turn = threading.Lock()
        self._turn.acquire()

    @property
    def request_id(self) -> str:
        """The caller's x-request-id; empty when not given."""
        return request_id_of(self._metadata)

    @property
    def trace_parent(self) -> str:
        """The caller's traceparent; empty when not given."""
        return trace_parent_of(self._metadata)

    @property
    def authorization(self) -> str:
        """The caller's authorization; empty when not given."""
        return authorization_of(self._metadata)

    def is_active(self) -> bool:
        """Say whether the caller still waits."""
        return self._is_open

    def time_remaining_s(self) -> float | None:
        """Seconds until the caller's deadline; None without one."""
        remaining_s = self._deadline_s - time.time()
        return None if remaining_s == float("inf") else remaining_s

    def on_end(self, callback: Callable[[], None]) -> None:
        """Run a callback when the call ends; at once when it has."""
        with self._lock:
            if self._is_open:
                self._callbacks.append(callback)
                return
        callback()

    def cancel(self) -> None:
        """Cancel the call."""
        self._core_call.cancel()

    def begin(self, *, has_one_request: bool) -> None:
        """Watch for the end and ask for the request; called by the loop."""
        self._start(lambda tag: core_server.watch_close(self._core_call, tag), self._closed)
        if has_one_request:
            self._start(
                lambda tag: core_server.receive_message(self._core_call, tag), self._requested
            )
        else:
            self._method.run(self, b"")

    def run(self, request: bytes) -> None:
        """Run the method; called in a thread of the pool."""
        began_ns = monotonic_ns()
        metrics = self._method.metrics
        try:
            refuse_expired(self)
            reached = self._answer(request)
        except Exception as error:  # noqa: BLE001 - whatever a method raises becomes its status
            elapsed_ns = monotonic_ns() - began_ns
            if self._is_cancelled:
                # The caller went away; nobody is left to be told.
                metrics.failed("CANCELLED", elapsed_ns)
                return
            metrics.failed(code_of(error).name, elapsed_ns)
            log_unexpected(error, method=self._method.path, request_id=self.request_id)
            self.finish(*status_parts(error))
            return
        if reached:
            metrics.succeeded(monotonic_ns() - began_ns)
        else:
            metrics.failed("CANCELLED", monotonic_ns() - began_ns)

    def finish(self, code: int, message: str, details: bytes, last: bytes | None = None) -> bool:
        """End the call; say whether the caller was still there."""

        def start(tag: Tag) -> None:
            first = self._sent_nothing
            core_server.finish(self._core_call, code, message, details, tag, first=first, last=last)
            self._is_open = False

        return self._start(start, _nothing)

    def _answer(self, request: bytes) -> bool:
        method = self._method.method
        if isinstance(method, UnaryMethod):
            return self.finish(*_OK, last=method.behavior(request, self))
        if isinstance(method, ServerStreamMethod):
            responses = method.behavior(request, self)
        elif isinstance(method, StreamMethod):
            responses = method.behavior(self._method.idle.watch(self._requests(), self), self)
        else:
            message = f"{method!r} must be one of the kinds of the seam"
            raise TypeError(message)
        for response in responses:
            if not self._send(response):
                return False
        return self.finish(*_OK)

    def _requests(self) -> Iterator[bytes]:
        while True:
            if not self._start(
                lambda tag: core_server.receive_message(self._core_call, tag), self._received
            ):
                return
            self._turn.acquire()
            message, self._message = self._message, None
            if message is None:
                return
            yield message

    def _send(self, message: bytes) -> bool:
        def start(tag: Tag) -> None:
            first, self._sent_nothing = self._sent_nothing, False
            core_server.send(self._core_call, message, tag, first=first)

        if not self._start(start, self._sent):
            return False
        self._turn.acquire()
        return self._is_open

    def _start(self, start: Callable[[Tag], None], then: Callable[[Any], None]) -> bool:
        """Start a batch unless the call is over; say whether it was started."""

        def take(event: Any) -> None:
            try:
                then(event)
            finally:
                self._settle()

        with self._lock:
            if not self._is_open:
                return False
            start(On(take))
            self._due += 1
        return True

    def _settle(self) -> None:
        with self._lock:
            self._due -= 1
            if self._due:
                return
        # The close is due until the call is over, so no batch can be started any more.
        self._method.loop.ended()

    def _requested(self, event: Any) -> None:
        request = core_server.message_of(event)
        if request is None:
            self._method.metrics.failed("CANCELLED", 0)
            self.finish(*self._method.no_request)
        else:
            self._method.run(self, request)

    def _received(self, event: Any) -> None:
        self._message = core_server.message_of(event)
        self._turn.release()

    def _sent(self, _event: Any) -> None:
        self._turn.release()

    def _closed(self, event: Any) -> None:
        with self._lock:
            self._is_cancelled = core_server.is_cancelled(event)
            self._is_open = False
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


def _nothing(_event: Any) -> None:
    pass
