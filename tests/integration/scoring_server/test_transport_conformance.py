"""What a transport promises to callers and services, on both of them, through a real socket."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.config import LimitConfig
from scoring_server.errors import ConfigurationError, FieldViolation, InvalidArgumentError
from scoring_server.rpc.health import Health
from scoring_server.rpc.loop_transport import LoopTransport
from scoring_server.rpc.serving import Listen
from scoring_server.rpc.stock_transport import StockTransport
from scoring_server.rpc.transport import (
    Method,
    Pool,
    ServerStreamMethod,
    StreamMethod,
    UnaryMethod,
)
from scoring_server.telemetry.metrics import Metrics

SERVICE = "test.v1.Test"
WAIT_S = 10
LIMITS = LimitConfig(scoring_threads=2, calls_waiting_max=6, score_streams_max=3, subscribers_max=2)


class Service:
    """Methods of every kind, and what they saw."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.request_ids: list[str] = []
        self.remaining_s: list[float | None] = []
        self.blocks: list[int] = []
        self.ended = threading.Event()
        self.entered = threading.Event()
        self.release = threading.Event()
        self.sent = 0

    def methods(self) -> list[Method]:
        return [
            UnaryMethod(SERVICE, "Score", Pool.SCORING, self.unary, self.block),
            UnaryMethod(SERVICE, "ScoreBatch", Pool.SCORING, self.unary),
            UnaryMethod(SERVICE, "Admin", Pool.ADMIN, self.unary),
            ServerStreamMethod(SERVICE, "Feed", Pool.FEED, self.feed),
            ServerStreamMethod(SERVICE, "Flood", Pool.FEED, self.flood),
            StreamMethod(SERVICE, "Chat", Pool.SCORE_STREAMS, self.chat),
        ]

    def unary(self, request, call) -> bytes:
        self.seen.append(request)
        self.request_ids.append(call.request_id)
        self.remaining_s.append(call.time_remaining_s())
        if request.startswith(b"invalid"):
            raise InvalidArgumentError(
                "wrong — ünïcode % text",
                violations=(FieldViolation("field", "must be right"),),
            )
        if request == b"fault":
            raise RuntimeError("secret of the house")
        if request == b"wait":
            self.entered.set()
            assert self.release.wait(WAIT_S)
        if request == b"ended":
            call.on_end(self.ended.set)
        return request

    def block(self, requests, calls):
        self.blocks.append(len(requests))
        answers = []
        for request, call in zip(requests, calls, strict=True):
            try:
                answers.append(self.unary(request, call))
            except InvalidArgumentError as error:
                answers.append(error)
        return answers

    def feed(self, request, call) -> Iterator[bytes]:
        call.on_end(self.ended.set)
        for number in range(3):
            yield request + b"%d" % number
        if request == b"fault":
            raise RuntimeError("secret of the house")
        if request == b"invalid":
            raise InvalidArgumentError("wrong")
        if request == b"stay":
            self.entered.set()
            assert self.ended.wait(WAIT_S)
            assert not call.is_active()

    def flood(self, _request, call) -> Iterator[bytes]:
        call.on_end(self.ended.set)
        for _ in range(1_000):
            self.sent += 1
            yield bytes(100_000)

    def chat(self, requests, call) -> Iterator[bytes]:
        call.on_end(self.ended.set)
        for request in requests:
            yield request * 2
            if request == b"enough":
                return


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


@contextmanager
def channel_to(transport, **options):
    arguments = [(f"grpc.{name}", value) for name, value in options.items()]
    arguments.append(("grpc.use_local_subchannel_pool", 1))
    with grpc.insecure_channel(f"127.0.0.1:{transport.port}", arguments) as channel:
        yield channel


def unary(channel, name="Score"):
    return channel.unary_unary(f"/{SERVICE}/{name}")


def failure(call) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def counted(metrics: Metrics, name: str, method: str, code: str) -> float:
    labels = {"method": f"/{SERVICE}/{method}", "code": code}
    return metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize("name", ["Score", "ScoreBatch", "Admin"])
@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_unary_carries_messages_of_any_size(serve, name, size):
    with channel_to(serve()) as channel:
        message = bytes(range(256)) * (size // 256) + bytes(size % 256)
        assert unary(channel, name)(message, timeout=WAIT_S) == message


@pytest.mark.parametrize("name", ["Score", "ScoreBatch", "Admin"])
def test_many_callers_at_once_each_get_their_own_answer(serve, name):
    with channel_to(serve()) as channel:
        call = unary(channel, name)
        # Two answers outstanding stay below every bound.
        first = call.future(b"first", timeout=WAIT_S)
        for number in range(300):
            following = call.future(b"%d" % number, timeout=WAIT_S)
            first.result()
            first = following
        assert first.result() == b"299"


@pytest.mark.parametrize("name", ["Score", "ScoreBatch", "Admin"])
def test_error_carries_status_text_and_details(serve, name):
    with channel_to(serve()) as channel:
        error = failure(lambda: unary(channel, name)(b"invalid", timeout=WAIT_S))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.details() == "wrong — ünïcode % text"
        status = rpc_status.from_call(error)
        request = error_details_pb2.BadRequest()
        assert any(detail.Unpack(request) for detail in status.details)
        assert request.field_violations[0].field == "field"
        assert unary(channel, name)(b"next", timeout=WAIT_S) == b"next"


@pytest.mark.parametrize("name", ["Score", "ScoreBatch", "Admin", "Feed"])
def test_unexpected_error_is_internal_and_tells_nothing(serve, name, capsys):
    with channel_to(serve()) as channel:
        metadata = [("x-request-id", "req-7")]
        if name == "Feed":
            call = channel.unary_stream(f"/{SERVICE}/Feed")
            error = failure(lambda: list(call(b"fault", timeout=WAIT_S, metadata=metadata)))
        else:
            error = failure(
                lambda: unary(channel, name)(b"fault", timeout=WAIT_S, metadata=metadata)
            )
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "secret" not in str(error.details()) + str(error.trailing_metadata())
    assert "req-7" in "".join(capsys.readouterr())


def test_unknown_method_is_unimplemented(serve):
    with channel_to(serve()) as channel:
        for path in ("/test.v1.Test/Nothing", "/no.such.Service/Score"):
            error = failure(lambda path=path: channel.unary_unary(path)(b"", timeout=WAIT_S))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("name", ["Score", "Admin"])
def test_request_id_and_deadline_reach_the_method(serve, service, name):
    with channel_to(serve()) as channel:
        call = unary(channel, name)
        call(b"with", timeout=5, metadata=[("x-request-id", "i" * 200), ("other", "x")])
        call(b"without")
    assert service.request_ids == ["i" * 128, ""]
    given, none = service.remaining_s
    assert given is not None
    assert 0 < given < 5.1
    assert none is None or none > 10**6


@pytest.mark.parametrize("name", ["Score", "ScoreBatch"])
def test_deadline_that_passed_in_the_queue_changes_nothing(serve, service, name):
    with channel_to(serve(replace(LIMITS, scoring_threads=1))) as channel:
        call = unary(channel, name)
        held = call.future(b"wait", timeout=WAIT_S)
        assert service.entered.wait(WAIT_S)
        error = failure(lambda: call(b"late", timeout=0.1))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        service.release.set()
        assert held.result() == b"wait"
        assert call(b"after", timeout=WAIT_S) == b"after"
    assert b"late" not in service.seen


def test_calls_that_wait_together_are_one_block_with_their_own_errors(serve, service):
    with channel_to(serve()) as channel:
        call = unary(channel)
        held = call.future(b"wait", timeout=WAIT_S)
        assert service.entered.wait(WAIT_S)
        requests = [b"one", b"invalid", b"three", b"fault"]
        waiting = [call.future(request, timeout=WAIT_S) for request in requests]
        # A call that is refused or done has been seen after those before it.
        service.release.set()
        assert held.result() == b"wait"
        assert [future.code() for future in waiting] == [
            grpc.StatusCode.OK,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.OK,
            grpc.StatusCode.INTERNAL,
        ]
        assert [waiting[place].result() for place in (0, 2)] == [b"one", b"three"]


def test_too_many_waiting_calls_are_refused_with_a_time_to_come_back(serve, service):
    metrics = Metrics()
    # More streams than the bound, so that the bound is met and not the connection's limit.
    transports = serve(metrics=metrics)
    with channel_to(transports) as one, channel_to(transports) as other:
        calls = [unary(one), unary(other)]
        held = [call.future(b"wait", timeout=WAIT_S) for call in calls]
        assert service.entered.wait(WAIT_S)
        waiting = [calls[n % 2].future(b"%d" % n, timeout=WAIT_S) for n in range(12)]
        # The stock server refuses at once; the loop after the call that it runs, by when the others
        # have come in.
        refused_at_once = threading.Event()
        for future in waiting:
            future.add_done_callback(lambda _: refused_at_once.set())
        refused_at_once.wait(0.5)
        service.release.set()
        codes = [future.code() for future in waiting]
        assert all(future.result() == b"wait" for future in held)
        assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
        retry = error_details_pb2.RetryInfo()
        refused = next(f for f in waiting if f.code() is grpc.StatusCode.RESOURCE_EXHAUSTED)
        status = rpc_status.from_call(refused)
        assert any(detail.Unpack(retry) for detail in status.details)
        assert retry.retry_delay.ToMilliseconds() == 100
        assert unary(one)(b"after", timeout=WAIT_S) == b"after"
    labels = {"method": f"/{SERVICE}/Score"}
    shed = metrics.registry.get_sample_value("anomaly_rpc_shed_total", labels)
    assert shed == codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED)


@pytest.mark.parametrize("name", ["Score", "Admin"])
@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_are_read(serve, name, compression):
    with channel_to(serve()) as channel:
        message = b"again and " * 1_000
        assert unary(channel, name)(message, timeout=WAIT_S, compression=compression) == message


@pytest.mark.parametrize("name", ["Score", "ScoreBatch", "Admin"])
@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_request_above_the_limit_is_refused(serve, service, name, compression):
    with channel_to(serve(replace(LIMITS, message_size_bytes_max=65_536))) as channel:
        call = unary(channel, name)
        assert len(call(bytes(65_536), timeout=WAIT_S)) == 65_536
        too_large = bytes(65_537)
        error = failure(lambda: call(too_large, timeout=WAIT_S, compression=compression))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(b"after", timeout=WAIT_S) == b"after"
    assert too_large not in service.seen


@pytest.mark.parametrize("name", ["Score", "Admin", "Feed"])
def test_call_without_a_request_is_refused(serve, name):
    with channel_to(serve()) as channel:
        error = failure(
            lambda: list(channel.stream_stream(f"/{SERVICE}/{name}")(iter(()), timeout=WAIT_S))
        )
        assert error.code() in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL}
        assert unary(channel)(b"after", timeout=WAIT_S) == b"after"


@pytest.mark.parametrize("name", ["Score", "ScoreBatch", "Admin"])
def test_cancelled_call_leaves_the_server_well(serve, service, name):
    transport = serve()
    with channel_to(transport) as channel:
        call = unary(channel, name)
        held = call.future(b"wait", timeout=WAIT_S)
        assert service.entered.wait(WAIT_S)
        held.cancel()
        service.release.set()
        assert call(b"after", timeout=WAIT_S) == b"after"
    transport.stop(WAIT_S)
    assert all(transport.pending(pool) == 0 for pool in Pool)


@pytest.mark.parametrize("name", ["Score", "Admin"])
def test_end_of_a_call_is_told(serve, service, name):
    with channel_to(serve()) as channel:
        unary(channel, name)(b"ended", timeout=WAIT_S)
        assert service.ended.wait(WAIT_S)


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
