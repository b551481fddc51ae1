"""Chooses the transport: the loop where it passes its self-test, else the stock server.

The loop stands on a private interface of grpcio. So before it may serve, a loop on a port of its
own answers real calls; whatever is not as expected decides against it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from scoring_server.config import TRANSPORT_AUTO, TRANSPORT_STOCK, LimitConfig
from scoring_server.errors import ConfigurationError, InvalidArgumentError, ScoringError
from scoring_server.rpc.health import Health
from scoring_server.rpc.serving import Listen
from scoring_server.rpc.stock_transport import StockTransport
from scoring_server.rpc.transport import Call, Method, Pool, Transport, UnaryMethod
from scoring_server.telemetry.metrics import Metrics

_SERVICE = "anomaly.selftest"
_REASON = "SELF_TEST"
# Each step takes about a millisecond; a machine under load may take its time. Chosen by us.
_STEP_S = 5.0

_log = structlog.get_logger(__name__)


class SelfTestError(Exception):
    """The loop did not do what is expected of it."""


def choose_transport(
    kind: str, listen: Listen, limits: LimitConfig, methods: Iterable[Method], metrics: Metrics
) -> Transport:
    """Return a transport that was not started yet.

    Of the kinds, auto falls back to the stock server with a warning, fast does not, and stock never
    tries the loop.

    Raises:
        ConfigurationError: the loop must be used and does not work here.
    """
    if kind == TRANSPORT_STOCK:
        return StockTransport(listen, limits, methods, metrics)
    try:
        # Imported late, because the import itself fails where grpcio lacks what it uses.
        from scoring_server.rpc.loop_transport import LoopTransport  # noqa: PLC0415

        check_loop()
    except Exception as error:
        if kind != TRANSPORT_AUTO:
            raise ConfigurationError(
                f"SCORING_TRANSPORT must be auto or stock with this grpcio, {grpc.__version__}: "
                f"{type(error).__name__}: {error}",
                reason="TRANSPORT",
            ) from error
        _log.warning(
            "fast_transport_unusable",
            grpcio=grpc.__version__,
            fault=f"{type(error).__name__}: {error}",
            effect="the stock transport is used; calls cost several times as much",
        )
        return StockTransport(listen, limits, methods, metrics)
    return LoopTransport(listen, limits, methods, metrics)


def check_loop() -> None:
    """Run a loop and call it.

    Raises:
        SelfTestError: an answer is not what it must be.
        Exception: whatever grpcio raises when it is another than expected.
    """
    from scoring_server.rpc import core_server  # noqa: PLC0415 - as above
    from scoring_server.rpc.loop_transport import LoopTransport  # noqa: PLC0415

    if not core_server.is_supported():
        raise SelfTestError(f"grpcio must be {core_server.GRPCIO_VERSION}*")
    health = Health([_SERVICE])
    echo = UnaryMethod(_SERVICE, "Echo", Pool.SCORING, _echo, _echo_block)
    transport = LoopTransport(
        Listen("127.0.0.1", 0), LimitConfig(), [echo, *health.methods()], Metrics()
    )
    transport.start()
    try:
        health.serve()
        _call(transport.port)
    finally:
        health.stop()
        transport.stop(_STEP_S)


def _call(port: int) -> None:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        request = health_pb2.HealthCheckRequest(service=_SERVICE)
        stub = health_pb2_grpc.HealthStub(channel)
        status = stub.Check(request, timeout=_STEP_S).status
        _expect("health", status, health_pb2.HealthCheckResponse.SERVING)
        watch = stub.Watch(request, timeout=_STEP_S)
        _expect("watch", next(watch).status, health_pb2.HealthCheckResponse.SERVING)
        watch.cancel()
        echo = channel.unary_unary(f"/{_SERVICE}/Echo", bytes, bytes)
        _expect("echo", echo(b"x", timeout=_STEP_S), b"x")
        try:
            echo(b"", timeout=_STEP_S)
        except grpc.RpcError as error:
            # What a call raises is also the call.
            call: Any = error
            _expect("code", call.code(), grpc.StatusCode.INVALID_ARGUMENT)
            told = rpc_status.from_call(call)
            _expect("details", told is not None and len(told.details), 1)
        else:
            _expect("error", "an answer", "an error")


def _expect(what: str, was: object, expected: object) -> None:
    if was != expected:
        raise SelfTestError(f"{what} must be {expected!r}, was {was!r}")


def _echo(request: bytes, call: Call) -> bytes:
    (answer,) = _echo_block([request], [call])
    if isinstance(answer, ScoringError):
        raise answer
    return answer


def _echo_block(requests: Sequence[bytes], calls: Sequence[Call]) -> list[bytes | ScoringError]:
    left_s = [call.time_remaining_s() for call in calls]
    if not all(left is not None and 0 < left <= 2 * _STEP_S for left in left_s):
        raise SelfTestError(f"the time left must be at most {_STEP_S} s, was {left_s}")
    return [request or InvalidArgumentError("x", reason=_REASON) for request in requests]
