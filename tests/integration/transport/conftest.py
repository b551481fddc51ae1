"""Both transports, each started for a service that obeys the test."""

from collections.abc import Callable, Iterator

import pytest

from scoring_server.rpc.loop_transport import LoopTransport
from scoring_server.rpc.serving import Listen
from scoring_server.rpc.stock_transport import StockTransport
from scoring_server.telemetry.metrics import Metrics
from tests.support.transport_service import (
    LIMITS,
    Service,
)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture(params=[StockTransport, LoopTransport], ids=["stock", "loop"])
def serve(request, service) -> Iterator[Callable]:
    """Start transports; those still running are stopped after."""
    running = []

    def started(limits=LIMITS, metrics=None, methods=(), credentials=None, port=0):
        transport = request.param(
            Listen("127.0.0.1", port, credentials),
            limits,
            [*service.methods(), *methods],
            metrics or Metrics(),
        )
        transport.start()
        running.append(transport)
        return transport

    yield started
    service.release.set()
    for transport in running:
        transport.stop(1)
