"""The transport on grpcio's stock synchronous server.

The stock server runs each call in a thread, and streams hold theirs as long as they are open. So
each Pool of the seam is an executor of its own, given to the server through the attribute
`experimental_thread_pool` of a behavior, which grpcio's health service uses as well: streams and
the feed can never take the threads that score. A pool that is full refuses at once, with RetryInfo.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from scoring_server.config import LimitConfig
from scoring_server.rpc.bounded_pool import BoundedPool
from scoring_server.rpc.serving import (
    CODE_NAMES,
    OTHER_CALLS_MAX,
    IdleCalls,
    Listen,
    address_in_use,
    make_pools,
    server_options,
    too_many,
)
from scoring_server.rpc.stock_calls import StreamCall, UnaryCall
from scoring_server.rpc.transport import Method, Pool, ServerStreamMethod, StreamMethod, UnaryMethod
from scoring_server.telemetry.metrics import Metrics

if TYPE_CHECKING:
    # The stubs make generic what is not generic when it runs.
    _GenericHandler = grpc.GenericRpcHandler[Any, Any]
    _MethodHandler = grpc.RpcMethodHandler[Any, Any]
else:
    _GenericHandler = grpc.GenericRpcHandler
    _MethodHandler = grpc.RpcMethodHandler


class _Handlers(_GenericHandler):
    """Finds the handler of a path; a full pool's is one that refuses."""

    def __init__(self, entries: Mapping[str, tuple["_Entry", BoundedPool]]) -> None:
        self._entries = entries

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> _MethodHandler | None:
        entry = self._entries.get(handler_call_details.method)
        if entry is None:
            return None
        handlers, pool = entry
        if pool.is_full:
            handlers.count_shed()
            return handlers.refuse
        return handlers.handle


@dataclass(frozen=True, slots=True)
class _Entry:
    handle: _MethodHandler
    refuse: _MethodHandler
    count_shed: Callable[[], None]


class StockTransport:
    """A stock server for a set of methods.

    Args:
        methods: what it answers.

    Raises:
        ConfigurationError: from `start`, when the port cannot be listened on.
    """

    def __init__(
        self,
        listen: Listen,
        limits: LimitConfig,
        methods: Iterable[Method],
        metrics: Metrics,
    ) -> None:
        self._listen = listen
        self._port = 0
        self._idle = IdleCalls()
        self._pools = make_pools(limits)
        self._refusals = BoundedPool("refusals", threads=1, calls_max=OTHER_CALLS_MAX)
        entries = {}
        for method in methods:
            pool = self._pools[method.pool]
            entries[method.path] = (self._entry(method, pool, metrics), pool)
        calls_max = sum(pool.calls_max for pool in self._pools.values()) + OTHER_CALLS_MAX
        self._server = grpc.server(
            self._pools[Pool.ADMIN],
            handlers=[_Handlers(entries)],
            options=server_options(limits, is_shared=listen.is_shared),
            maximum_concurrent_rpcs=calls_max,
        )

    @property
    def port(self) -> int:
        """The port that is listened on; 0 before `start`."""
        return self._port

    def pending(self, pool: Pool) -> int:
        """Return how many calls a pool runs or keeps waiting."""
        return self._pools[pool].pending

    def start(self) -> None:
        """Begin to answer calls."""
        address = self._listen.address
        try:
            if self._listen.credentials is None:
                self._port = self._server.add_insecure_port(address)
            else:
                self._port = self._server.add_secure_port(address, self._listen.credentials)
        except RuntimeError as error:
            raise address_in_use(self._listen, error) from error
        self._server.start()

    def stop(self, grace_s: float) -> None:
        """Refuse new calls, let those in flight finish for a time, then cancel the rest."""
        stopped = self._server.stop(grace_s)
        self._idle.drain()
        stopped.wait()
        for pool in (*self._pools.values(), self._refusals):
            pool.shutdown(wait=True)

    def _entry(self, method: Method, pool: BoundedPool, metrics: Metrics) -> _Entry:
        counts = metrics.method(method.path, CODE_NAMES)
        refuse = _refuse(method)
        if isinstance(method, UnaryMethod):
            refusing = UnaryMethod(method.service, method.name, method.pool, refuse)
            handle = grpc.unary_unary_rpc_method_handler(UnaryCall(method, pool, counts))
            refusal = grpc.unary_unary_rpc_method_handler(
                UnaryCall(refusing, self._refusals, counts)
            )
        elif isinstance(method, ServerStreamMethod):
            refusing_feed = ServerStreamMethod(method.service, method.name, method.pool, refuse)
            handle = grpc.unary_stream_rpc_method_handler(
                StreamCall(method, pool, counts, self._idle)
            )
            refusal = grpc.unary_stream_rpc_method_handler(
                StreamCall(refusing_feed, self._refusals, counts, self._idle)
            )
        elif isinstance(method, StreamMethod):
            refusing_stream = StreamMethod(method.service, method.name, method.pool, refuse)
            handle = grpc.stream_stream_rpc_method_handler(
                StreamCall(method, pool, counts, self._idle)
            )
            refusal = grpc.stream_stream_rpc_method_handler(
                StreamCall(refusing_stream, self._refusals, counts, self._idle)
            )
        else:
            message = f"{method!r} must be one of the kinds of the seam"
            raise TypeError(message)
        return _Entry(handle, refusal, metrics.shed(method.path))


def _refuse(method: Method) -> Callable[[Any, Any], Any]:
    def refuse(_request: object, _call: object) -> Any:
        raise too_many(method)

    return refuse
