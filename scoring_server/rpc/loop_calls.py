"""Calls that are answered on the loop itself: one batch to receive, one to answer, no thread.

A micro-batch is what came in while the last one was answered: nothing ever waits for company.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from scoring_server.clock import monotonic_ns
from scoring_server.errors import DeadlineExceededError, ScoringError
from scoring_server.rpc import core_server
from scoring_server.rpc.loop import Arrival, Loop, status_parts
from scoring_server.rpc.serving import (
    authorization_of,
    refuse_expired,
    request_id_of,
    too_many,
    trace_parent_of,
)
from scoring_server.rpc.status import code_of, log_unexpected
from scoring_server.rpc.transport import UnaryMethod
from scoring_server.telemetry.method_metrics import MethodMetrics

# Enough to spread the cost of a commit thin, few enough that the last one's answer is not late.
# Chosen by us.
BLOCK_MAX = 64
_NEVER = float("inf")


class LoopCall:
    """A unary call from its arrival to its end, as the loop and the services see it."""

    __slots__ = (
        "_answered",
        "_callbacks",
        "_core_call",
        "_metadata",
        "_method",
        "began_ns",
        "deadline_s",
        "request",
    )

    def __init__(self, method: "LoopMethod", event: Any) -> None:
        self._method = method
        self._core_call = event.call
        self.deadline_s: float = event.call_details.deadline
        self._metadata = event.invocation_metadata
        self._callbacks: list[Callable[[], None]] | None = None
        self._answered = False
        self.request = b""
        self.began_ns = monotonic_ns()

    @property
    def method(self) -> "LoopMethod":
        """What the call asks for."""
        return self._method

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
        """Say whether the caller still waits.

        Being told of a cancellation would cost a further event a call. So a caller that goes away
        without a deadline is noticed at the end only, as in any call that has begun.
        """
        return not self._answered

    def time_remaining_s(self) -> float | None:
        """Seconds until the caller's deadline; None without one."""
        deadline_s = self.deadline_s
        return None if deadline_s == _NEVER else deadline_s - time.time()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Run a callback when the call ends."""
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)

    def receive(self) -> None:
        """Ask for the request."""
        core_server.receive_message(self._core_call, self)

    def respond(self, response: bytes) -> None:
        """Answer."""
        self._answered = True
        core_server.respond(self._core_call, response, self)

    def refuse(self, code: int, message: str, details: bytes) -> None:
        """End with an error."""
        self._answered = True
        core_server.refuse(self._core_call, code, message, details, self)

    def take(self, event: Any) -> None:
        """Take the request in, or the end."""
        if self._answered:
            self._method.loop.ended()
            for callback in self._callbacks or ():
                callback()
            return
        request = core_server.message_of(event)
        if request is None:
            self._method.withdraw(self)
        else:
            self.request = request
            self._method.ready.append(self)


class LoopMethod(Arrival):
    """A unary method that the loop answers itself.

    Args:
        ready: where calls wait whose request is there, in the order of all methods of the loop.
        waiting_max: calls of this method that wait at once before more are refused.
    """

    def __init__(
        self,
        loop: Loop,
        method: UnaryMethod,
        metrics: MethodMetrics,
        count_shed: Callable[[], None],
        ready: deque[LoopCall],
        waiting_max: int,
    ) -> None:
        super().__init__(loop, method.path, slots=waiting_max)
        self._behavior = method.behavior
        self._block_behavior = method.block_behavior
        self._metrics = metrics
        self._count_shed = count_shed
        self._too_many = status_parts(too_many(method))
        self._waiting_max = waiting_max
        self.ready = ready
        self.waiting = 0

    def arrived(self, event: Any) -> None:
        """Take a call on, or refuse it when too many wait."""
        call = LoopCall(self, event)
        if self.waiting >= self._waiting_max:
            self._count_shed()
            self._metrics.failed("RESOURCE_EXHAUSTED", 0)
            call.refuse(*self._too_many)
            return
        self.waiting += 1
        call.receive()

    def withdraw(self, call: LoopCall) -> None:
        """End a call whose request never came: cancelled, too large, or not sent."""
        self.waiting -= 1
        self._metrics.failed("CANCELLED", monotonic_ns() - call.began_ns)
        call.refuse(*self.no_request)

    def answer(self, calls: Sequence[LoopCall]) -> None:
        """Answer calls that wait; they are of this method."""
        self.waiting -= len(calls)
        if self._block_behavior is None:
            for call in calls:
                self._finish(call, self._answer_one(call))
            return
        now_s = time.time()
        if min([call.deadline_s for call in calls]) <= now_s:
            calls = [call for call in calls if self._is_in_time(call)]
            if not calls:
                return
        answered = []
        for call, answer in zip(calls, self._answer_block(calls), strict=True):
            if isinstance(answer, bytes):
                call.respond(answer)
                answered.append(call.began_ns)
            else:
                self._finish(call, answer)
        ended_ns = monotonic_ns()
        self._metrics.succeeded_together([ended_ns - began_ns for began_ns in answered])

    def _is_in_time(self, call: LoopCall) -> bool:
        try:
            refuse_expired(call)
        except DeadlineExceededError as error:
            self._finish(call, error)
            return False
        return True

    def _answer_block(self, calls: Sequence[LoopCall]) -> Sequence[bytes | Exception]:
        assert self._block_behavior is not None
        try:
            return self._block_behavior([call.request for call in calls], calls)
        except ScoringError as error:
            return [error] * len(calls)
        except Exception as error:  # noqa: BLE001 - whatever a method raises becomes its status
            if len(calls) == 1:
                return [error]
            # Whatever one of them brought about must not be the others' fault. What was scored
            # before the fault is answered again, because Score may be repeated.
            return [self._answer_one(call) for call in calls]

    def _answer_one(self, call: LoopCall) -> bytes | Exception:
        try:
            refuse_expired(call)
            return self._behavior(call.request, call)
        except Exception as error:  # noqa: BLE001 - whatever a method raises becomes its status
            return error

    def _finish(self, call: LoopCall, answer: bytes | Exception) -> None:
        elapsed_ns = monotonic_ns() - call.began_ns
        if isinstance(answer, bytes):
            call.respond(answer)
            self._metrics.succeeded(elapsed_ns)
            return
        self._metrics.failed(code_of(answer).name, elapsed_ns)
        log_unexpected(answer, method=self.path, request_id=call.request_id)
        call.refuse(*status_parts(answer))
