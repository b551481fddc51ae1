"""What a transport promises of streams, health, drain and counts, on both of them."""

import threading
from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.errors import ConfigurationError
from scoring_server.rpc.health import Health
from scoring_server.telemetry.metrics import Metrics
from tests.support.transport_service import (
    LIMITS,
    SERVICE,
    WAIT_S,
    channel_to,
    counted,
    failure,
    unary,
)


def test_server_stream_gives_all_and_ends(serve, service):
    with channel_to(serve()) as channel:
        feed = channel.unary_stream(f"/{SERVICE}/Feed")
        assert list(feed(b"a", timeout=WAIT_S)) == [b"a0", b"a1", b"a2"]
        assert service.ended.wait(WAIT_S)
        call = feed(b"invalid", timeout=WAIT_S)
        assert [next(call) for _ in range(3)][2] == b"invalid2"
        assert failure(lambda: next(call)).code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("how", ["cancel", "deadline", "disconnect"])
def test_stream_learns_that_its_caller_went(serve, service, how):
    metrics = Metrics()
    with channel_to(serve(metrics=metrics)) as channel:
        call = channel.unary_stream(f"/{SERVICE}/Feed")(
            b"stay", timeout=0.5 if how == "deadline" else WAIT_S
        )
        assert [next(call) for _ in range(3)]
        assert service.entered.wait(WAIT_S)
        if how == "cancel":
            call.cancel()
        elif how == "disconnect":
            channel.close()
        assert service.ended.wait(WAIT_S)
    # A stopped transport has counted everything.


def test_slow_reader_slows_the_stream_and_nobody_else(serve, service):
    with channel_to(serve()) as channel:
        call = channel.unary_stream(f"/{SERVICE}/Flood")(b"", timeout=30)
        assert len(next(call)) == 100_000
        for number in range(50):
            assert unary(channel)(b"%d" % number, timeout=WAIT_S) == b"%d" % number
        held_back = service.sent
        # 100 MB were to be sent; flow control lets a few through.
        assert held_back < 500
        for _ in range(held_back + 100):
            next(call)
        assert service.sent > held_back
        call.cancel()
        assert service.ended.wait(WAIT_S)


def test_bidirectional_stream_answers_message_by_message(serve, service):
    with channel_to(serve()) as channel:
        answered = threading.Semaphore()

        def requests() -> Iterator[bytes]:
            for number in range(20):
                assert answered.acquire(timeout=WAIT_S)
                yield b"%d" % number

        call = channel.stream_stream(f"/{SERVICE}/Chat")(requests(), timeout=WAIT_S)
        for number, answer in enumerate(call):
            assert answer == b"%d" % number * 2
            answered.release()
        assert call.code() is grpc.StatusCode.OK
        assert service.ended.wait(WAIT_S)


def test_server_may_end_a_stream_before_its_caller(serve):
    with channel_to(serve()) as channel:
        released = threading.Event()

        def requests() -> Iterator[bytes]:
            yield b"enough"
            released.wait(WAIT_S)

        call = channel.stream_stream(f"/{SERVICE}/Chat")(requests(), timeout=WAIT_S)
        assert list(call) == [b"enoughenough"]
        assert call.code() is grpc.StatusCode.OK
        released.set()


def test_too_many_streams_are_refused_and_scoring_goes_on(serve):
    with channel_to(serve()) as channel:
        released = threading.Event()

        def requests() -> Iterator[bytes]:
            yield b"x"
            released.wait(WAIT_S)

        chat = channel.stream_stream(f"/{SERVICE}/Chat")
        held = [chat(requests(), timeout=WAIT_S) for _ in range(LIMITS.score_streams_max)]
        assert [next(call) for call in held] == [b"xx"] * 3
        error = failure(lambda: list(chat(iter([b"x"]), timeout=WAIT_S)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert rpc_status.from_call(error).details
        assert unary(channel)(b"score", timeout=WAIT_S) == b"score"
        released.set()
        assert [list(call) for call in held] == [[]] * 3


def test_health_is_checked_and_watched(serve):
    health = Health([SERVICE])
    with channel_to(serve(methods=health.methods())) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=WAIT_S)
        statuses = health_pb2.HealthCheckResponse
        assert next(watch).status == statuses.NOT_SERVING
        health.serve()
        assert next(watch).status == statuses.SERVING
        known = health_pb2.HealthCheckRequest(service=SERVICE)
        assert stub.Check(known, timeout=WAIT_S).status == statuses.SERVING
        unknown = health_pb2.HealthCheckRequest(service="no")
        error = failure(lambda: stub.Check(unknown, timeout=WAIT_S))
        assert error.code() is grpc.StatusCode.NOT_FOUND
        health.stop()
        assert next(watch).status == statuses.NOT_SERVING
        assert failure(lambda: next(watch)).code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("name", ["Score", "Admin"])
def test_drain_finishes_calls_in_flight_and_refuses_new_ones(serve, service, name):
    transport = serve()
    with channel_to(transport) as channel, channel_to(transport) as late:
        unary(late)(b"connected", timeout=WAIT_S)
        held = unary(channel, name).future(b"wait", timeout=WAIT_S)
        assert service.entered.wait(WAIT_S)
        stopping = threading.Thread(target=transport.stop, args=(WAIT_S,))
        stopping.start()
        # Until the stop is under way, a call of the other kind may still be answered.
        other = "Admin" if name == "Score" else "Feed"
        error = _first_failure(late, other)
        assert error.code() in {
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.CANCELLED,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        }
        assert stopping.is_alive()
        service.release.set()
        assert held.result() == b"wait"
        stopping.join(WAIT_S)
        assert not stopping.is_alive()


def _first_failure(channel, name) -> grpc.RpcError:
    while True:
        try:
            if name == "Feed":
                list(channel.unary_stream(f"/{SERVICE}/Feed")(b"late", timeout=1))
            else:
                unary(channel, name)(b"late", timeout=1)
        except grpc.RpcError as error:
            return error


def test_drain_ends_idle_streams_at_once_and_cancels_the_rest_after_its_time(serve, service):
    transport = serve()
    with channel_to(transport) as channel:
        released = threading.Event()

        def requests() -> Iterator[bytes]:
            yield b"x"
            released.wait(WAIT_S)

        idle = channel.stream_stream(f"/{SERVICE}/Chat")(requests(), timeout=WAIT_S)
        assert next(idle) == b"xx"
        began_ns = monotonic_ns()
        transport.stop(WAIT_S)
        assert monotonic_ns() - began_ns < 3 * NS_PER_S
        assert failure(lambda: next(idle)).code() in {
            grpc.StatusCode.CANCELLED,
            grpc.StatusCode.UNAVAILABLE,
        }
        released.set()
    second = serve()
    with channel_to(second) as channel:
        service.ended.clear()
        stay = channel.unary_stream(f"/{SERVICE}/Feed")(b"stay", timeout=WAIT_S)
        assert [next(stay) for _ in range(3)]
        assert service.entered.wait(WAIT_S)
        second.stop(0.2)
        assert service.ended.is_set()
        assert failure(lambda: next(stay)).code() in {
            grpc.StatusCode.CANCELLED,
            grpc.StatusCode.UNAVAILABLE,
        }


def test_port_that_is_taken_is_named(serve):
    first = serve()
    with pytest.raises(ConfigurationError) as caught:
        serve(port=first.port)
    assert caught.value.reason == "ADDRESS_IN_USE"
    with channel_to(first) as channel:
        assert unary(channel)(b"still", timeout=WAIT_S) == b"still"


def test_calls_are_counted_by_code(serve, service):
    metrics = Metrics()
    transport = serve(metrics=metrics)
    with channel_to(transport) as channel:
        for name in ("Score", "Admin"):
            unary(channel, name)(b"x", timeout=WAIT_S)
            failure(lambda name=name: unary(channel, name)(b"invalid", timeout=WAIT_S))
        stay = channel.unary_stream(f"/{SERVICE}/Feed")(b"stay", timeout=WAIT_S)
        assert next(stay)
        assert service.entered.wait(WAIT_S)
        stay.cancel()
        assert service.ended.wait(WAIT_S)
    transport.stop(WAIT_S)
    requests = "anomaly_rpc_requests_total"
    for name in ("Score", "Admin"):
        assert counted(metrics, requests, name, "OK") == 1
        assert counted(metrics, requests, name, "INVALID_ARGUMENT") == 1
    assert counted(metrics, requests, "Feed", "CANCELLED") == 1
