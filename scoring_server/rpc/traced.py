"""Methods with a span around each call, put in the place of those without where traces are on.

Where they are off nothing is put anywhere, so that the hot path has not even a branch for them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Protocol

from scoring_server.clock import wall_time_ns
from scoring_server.errors import ScoringError
from scoring_server.rpc.transport import Call, Method, Pool, UnaryMethod


class Tracer(Protocol):
    """What spans are given to; see telemetry/tracing.py."""

    def ended(
        self,
        service: str,
        method: str,
        trace_parents: Sequence[str],
        errors: Sequence[str],
        began_ns: int,
        ended_ns: int,
    ) -> None:
        """Add a span for each of the calls that were answered together."""


def start_tracing(name: str, opened: ExitStack) -> Tracer:
    """Return what sends spans under that name, until the stack closes."""
    # Half a second that nobody waits for who wants no traces.
    from scoring_server.telemetry.tracing import Tracing  # noqa: PLC0415

    tracing = Tracing(name)
    opened.callback(tracing.close)
    return tracing


def traced(methods: Sequence[Method], tracer: Tracer) -> list[Method]:
    """Return the methods, those that score one call at a time with a span around each call."""
    return [
        _traced(method, tracer)
        if isinstance(method, UnaryMethod) and method.pool is Pool.SCORING
        else method
        for method in methods
    ]


def _traced(method: UnaryMethod, tracer: Tracer) -> UnaryMethod:
    answer, answer_block = method.behavior, method.block_behavior

    @contextmanager
    def spans(calls: Sequence[Call]) -> Iterator[Callable[[Sequence[object]], None]]:
        began_ns = wall_time_ns()
        errors = [""] * len(calls)

        def answered(answers: Sequence[object]) -> None:
            errors[:] = [
                type(each).__name__ if isinstance(each, Exception) else "" for each in answers
            ]

        try:
            yield answered
        except Exception as error:
            answered([error] * len(calls))
            raise
        finally:
            parents = [call.trace_parent for call in calls]
            tracer.ended(method.service, method.name, parents, errors, began_ns, wall_time_ns())

    def behavior(request: bytes, call: Call) -> bytes:
        with spans([call]):
            return answer(request, call)

    def block_behavior(
        requests: Sequence[bytes], calls: Sequence[Call]
    ) -> list[bytes | ScoringError]:
        assert answer_block is not None
        with spans(calls) as answered:
            answers = answer_block(requests, calls)
            answered(answers)
            return answers

    return replace(
        method,
        behavior=behavior,
        block_behavior=None if answer_block is None else block_behavior,
    )
