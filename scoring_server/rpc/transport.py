"""The seam between the services and what carries them: methods from bytes to bytes, and a server.

Services know no gRPC server. They describe their methods here; a transport decodes nothing, runs
each method in the pool it names, and turns the errors raised into statuses. So another transport
can replace the stock one without a change to a service.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from scoring_server.errors import ScoringError


class Pool(Enum):
    """Which threads run a method. Each pool is bounded; beyond it calls are refused."""

    SCORING = "scoring"
    SCORE_STREAMS = "score_streams"
    FEED = "feed"
    ADMIN = "admin"
    HEALTH_WATCH = "health_watch"
    REFLECTION = "reflection"


class Call(Protocol):
    """What a method may ask about the call it answers."""

    @property
    def request_id(self) -> str:
        """The caller's x-request-id; empty when not given."""

    @property
    def trace_parent(self) -> str:
        """The caller's traceparent (W3C Trace Context); empty when not given."""

    @property
    def authorization(self) -> str:
        """The caller's authorization; empty when not given."""

    def is_active(self) -> bool:
        """Say whether the caller still waits."""

    def time_remaining_s(self) -> float | None:
        """Seconds until the caller's deadline; None without one."""

    def on_end(self, callback: Callable[[], None]) -> None:
        """Run a callback when the call ends, however it ends; at once when it has."""


UnaryBehavior = Callable[[bytes, Call], bytes]
# Answers calls that wait together; each gets what its own UnaryBehavior would have given or raised.
BlockBehavior = Callable[[Sequence[bytes], Sequence[Call]], list[bytes | ScoringError]]
ServerStreamBehavior = Callable[[bytes, Call], Iterator[bytes]]
StreamBehavior = Callable[[Iterator[bytes], Call], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service.

    Attributes:
        service: full name of the service, such as anomaly.v1.ScoringService.
        name: name of the method, such as Score.
    """

    service: str
    name: str
    pool: Pool

    @property
    def path(self) -> str:
        """The path on the wire."""
        return f"/{self.service}/{self.name}"


@dataclass(frozen=True, slots=True)
class UnaryMethod(Method):
    """One request, one response.

    Attributes:
        block_behavior: a transport may answer calls that wait together with it; the answers are the
            same, bit for bit, as one by one in the same order.
    """

    behavior: UnaryBehavior
    block_behavior: BlockBehavior | None = None


@dataclass(frozen=True, slots=True)
class ServerStreamMethod(Method):
    """One request, many responses."""

    behavior: ServerStreamBehavior


@dataclass(frozen=True, slots=True)
class StreamMethod(Method):
    """Many requests, many responses."""

    behavior: StreamBehavior


class Transport(Protocol):
    """A server that listens from `start` to `stop`."""

    @property
    def port(self) -> int:
        """The port that is listened on."""

    def pending(self, pool: Pool) -> int:
        """Return how many calls of a pool run or wait."""

    def start(self) -> None:
        """Begin to answer calls.

        Raises:
            ConfigurationError: the port cannot be listened on.
        """

    def stop(self, grace_s: float) -> None:
        """Refuse new calls, let those in flight finish for a time, then cancel the rest."""
