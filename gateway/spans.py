"""What traces need of the places they pass; tracing.py does it, where traces are turned on.

Nothing here knows OpenTelemetry, so that who wants no traces neither imports nor pays for it: each
place asks once whether there are any.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

# Takes the template of the route and the status, once they are known.
Finish = Callable[[str, int], None]


class Spans(Protocol):
    """Parts of traces, each open as long as its block."""

    def request(
        self, method: str, headers: Iterable[tuple[bytes, bytes]], request_id: str
    ) -> AbstractContextManager[Finish]:
        """Open the span of a request; it continues the trace that its headers name."""

    def call(
        self, service: str, method: str
    ) -> AbstractContextManager[tuple[tuple[str, str], ...]]:
        """Open the span of a gRPC call; the block gets metadata that lets the server continue."""

    def statement(self, kind: str, text: str, seconds: float) -> None:
        """Add the span of a statement that has just ended, if it belongs to a request."""

    def close(self) -> None:
        """Send what is left, for a bounded time."""
