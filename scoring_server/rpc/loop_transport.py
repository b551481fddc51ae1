"""The transport on a completion-queue loop: scoring on the loop itself, all else in threads.

One thread takes every event of the port. It answers Score and ScoreBatch where it stands, which
spares each call a change of threads and most of the stock server's work; what waits together is
answered as one block. Methods that may wait run in the same pools as on the stock transport.
"""

import threading
from collections import deque
from collections.abc import Iterable

from scoring_server.config import LimitConfig
from scoring_server.rpc.loop import Arrival, Loop, Unknown
from scoring_server.rpc.loop_calls import BLOCK_MAX, LoopCall, LoopMethod
from scoring_server.rpc.pooled_calls import PooledMethod
from scoring_server.rpc.serving import CODE_NAMES, IdleCalls, Listen, make_pools, server_options
from scoring_server.rpc.transport import Method, Pool, UnaryMethod
from scoring_server.telemetry.metrics import Metrics

_UNKNOWN_SLOTS = 4


class LoopTransport:
    """A loop for a set of methods.

    Args:
        methods: what it answers; unary ones of Pool.SCORING are answered on the loop.

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
        self._stopping = threading.Lock()
        self._is_stopped = False
        self._idle = IdleCalls()
        self._pools = make_pools(limits)
        self._ready: deque[LoopCall] = deque()
        options = server_options(limits, is_shared=listen.is_shared)
        self._loop = Loop(options, self._work, self._is_full)
        self._on_loop: list[LoopMethod] = []
        self._arrivals: list[Arrival] = [Unknown(self._loop, "", _UNKNOWN_SLOTS)]
        for method in methods:
            counts = metrics.method(method.path, CODE_NAMES)
            count_shed = metrics.shed(method.path)
            if isinstance(method, UnaryMethod) and method.pool is Pool.SCORING:
                waiting_max = limits.calls_waiting_max + limits.scoring_threads
                self._on_loop.append(
                    LoopMethod(self._loop, method, counts, count_shed, self._ready, waiting_max)
                )
            else:
                pool = self._pools[method.pool]
                self._arrivals.append(
                    PooledMethod(self._loop, method, pool, counts, count_shed, self._idle)
                )
        self._arrivals += self._on_loop

    @property
    def port(self) -> int:
        """The port that is listened on; 0 before `start`."""
        return self._port

    def pending(self, pool: Pool) -> int:
        """Return how many calls a pool, or the loop in its place, runs or keeps waiting."""
        if pool is Pool.SCORING:
            return sum(method.waiting for method in self._on_loop)
        return self._pools[pool].pending

    def start(self) -> None:
        """Begin to answer calls."""
        self._port = self._loop.start(self._listen, self._arrivals)

    def stop(self, grace_s: float) -> None:
        """Refuse new calls, let those in flight finish for a time, then cancel the rest."""
        with self._stopping:
            if self._is_stopped:
                return
            self._stop(grace_s)
            self._is_stopped = True

    def _stop(self, grace_s: float) -> None:
        self._loop.refuse_new()
        self._idle.drain()
        self._loop.stop(grace_s)
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def _is_full(self) -> bool:
        """Say whether a whole block waits.

        To take in more before it is answered would only be to refuse more: with three times the
        calls that it lets wait, a server that looked at all of them first answered a quarter of
        what it can. What is not taken in waits inside gRPC, where each connection has its bound.
        """
        return len(self._ready) >= BLOCK_MAX

    def _work(self) -> bool:
        """Answer one block of what waits; say whether more waits."""
        ready = self._ready
        if not ready:
            return False
        method = ready[0].method
        block = [ready.popleft()]
        while ready and ready[0].method is method and len(block) < BLOCK_MAX:
            block.append(ready.popleft())
        method.answer(block)
        return bool(ready)
