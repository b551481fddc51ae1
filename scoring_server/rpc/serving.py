"""What every transport shares: where it listens, its options, pools, refusals and idle calls."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import grpc

from scoring_server.config import LimitConfig
from scoring_server.errors import (
    ConfigurationError,
    DeadlineExceededError,
    ResourceExhaustedError,
    UnavailableError,
)
from scoring_server.rpc.bounded_pool import BoundedPool
from scoring_server.rpc.transport import Call, Method, Pool

CODE_NAMES = tuple(code.name for code in grpc.StatusCode)
OTHER_CALLS_MAX = 256
_METADATA_LENGTH_MAX = 128

_RETRY_AFTER_S = 0.1
# Chosen by us: a client's call meets a new connection once in some minutes.
_SHARED_AGE_MS = 300_000
_UNLIMITED_MS = 2**31 - 1
_ADMIN_THREADS = 4
_HEALTH_WATCH_THREADS = 32
_REFLECTION_THREADS = 4


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and how to listen.

    Attributes:
        credentials: None serves without TLS.
        is_shared: whether other workers listen on the same port.
    """

    host: str
    port: int
    credentials: grpc.ServerCredentials | None = None
    is_shared: bool = False

    @property
    def address(self) -> str:
        """Host and port as gRPC writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Cancellable(Protocol):
    """A call that the server can cancel."""

    def cancel(self) -> object:
        """Cancel the call; it may have ended."""


class IdleCalls:
    """Bidirectional calls that wait for their caller's next message; a drain ends them at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[Cancellable] = set()
        self._draining = False

    def watch(self, requests: Iterator[bytes], call: Cancellable) -> Iterator[bytes]:
        """Give the requests of a call, noting when it waits for the next."""
        while True:
            with self._lock:
                if self._draining:
                    raise UnavailableError("the server is stopping", reason="STOPPING")
                self._waiting.add(call)
            try:
                request = next(requests, None)
            finally:
                with self._lock:
                    self._waiting.discard(call)
            if request is None:
                return
            yield request

    def drain(self) -> None:
        """Cancel what waits, and let what works end after its answer."""
        with self._lock:
            self._draining = True
            waiting = list(self._waiting)
        for call in waiting:
            call.cancel()


def request_id_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the x-request-id that a caller gave; empty without one."""
    return _text_of(metadata, "x-request-id")


def trace_parent_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the traceparent that a caller gave; empty without one."""
    return _text_of(metadata, "traceparent")


def authorization_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the authorization that a caller gave; empty without one."""
    return _text_of(metadata, "authorization")


def _text_of(metadata: Iterable[tuple[str, str | bytes]], name: str) -> str:
    for key, value in metadata:
        if key == name:
            return str(value)[:_METADATA_LENGTH_MAX]
    return ""


def refuse_expired(call: Call) -> None:
    """Refuse a call whose caller is gone, before anything is done for it.

    Raises:
        DeadlineExceededError: its deadline passed or it was cancelled.
    """
    remaining_s = call.time_remaining_s()
    if (remaining_s is not None and remaining_s <= 0) or not call.is_active():
        raise DeadlineExceededError(
            "the deadline passed before the call was begun", reason="DEADLINE_EXCEEDED"
        )


def too_many(method: Method) -> ResourceExhaustedError:
    """Return the error for a call of a method whose bound is reached."""
    return ResourceExhaustedError(
        f"too many {method.name} calls at once; try again shortly", retry_after_s=_RETRY_AFTER_S
    )


def address_in_use(listen: Listen, why: object) -> ConfigurationError:
    """Return the error for an address that cannot be listened on."""
    return ConfigurationError(
        f"GRPC_HOST and GRPC_PORT must be free to listen on, {listen.address} is not: {why}",
        reason="ADDRESS_IN_USE",
    )


def make_pools(limits: LimitConfig) -> dict[Pool, BoundedPool]:
    """Return the threads of each pool; none is started before it is needed."""
    sizes = {
        Pool.SCORING: (limits.scoring_threads, limits.scoring_threads + limits.calls_waiting_max),
        Pool.SCORE_STREAMS: (limits.score_streams_max, limits.score_streams_max),
        Pool.FEED: (limits.subscribers_max, limits.subscribers_max),
        Pool.ADMIN: (_ADMIN_THREADS, OTHER_CALLS_MAX),
        Pool.HEALTH_WATCH: (_HEALTH_WATCH_THREADS, _HEALTH_WATCH_THREADS),
        Pool.REFLECTION: (_REFLECTION_THREADS, _REFLECTION_THREADS),
    }
    return {
        pool: BoundedPool(pool.value, threads=threads, calls_max=calls_max)
        for pool, (threads, calls_max) in sizes.items()
    }


def server_options(limits: LimitConfig, *, is_shared: bool = False) -> list[tuple[str, int]]:
    """Return the channel arguments of a server.

    Args:
        limits: of the server.
        is_shared: whether other workers listen on the same port.
    """
    return [
        ("grpc.max_receive_message_length", limits.message_size_bytes_max),
        # An answer may be larger than its request; what bounds it is the bound on the request.
        ("grpc.max_send_message_length", -1),
        # A second server must fail, not share the port silently; the supervisor of several workers
        # sees to that for them.
        ("grpc.so_reuseport", int(is_shared)),
        ("grpc.max_concurrent_streams", limits.calls_waiting_max + limits.scoring_threads),
        # Finds dead peers behind a firewall within 80 s.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # Clients may ping this often; grpcio's own default of 300 s cuts common client settings
        # off.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 2),
        # The kernel gives a worker connections, not calls, so those that are shared end from time
        # to time, to be spread anew; gRPC varies the time by a tenth. Calls in flight go on, and
        # streams live as long as their callers want.
        ("grpc.max_connection_age_ms", _SHARED_AGE_MS if is_shared else _UNLIMITED_MS),
        ("grpc.max_connection_age_grace_ms", _UNLIMITED_MS),
        ("grpc.max_connection_idle_ms", _UNLIMITED_MS),
    ]
