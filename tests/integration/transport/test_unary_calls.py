"""What a transport promises of calls with one answer, on both of them, by a real socket."""

import threading
from dataclasses import replace

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from scoring_server.rpc import loop
from scoring_server.rpc.transport import (
    Pool,
)
from scoring_server.telemetry.metrics import Metrics
from tests.support.transport_service import (
    LIMITS,
    SERVICE,
    WAIT_S,
    channel_to,
    failure,
    unary,
)


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


def test_no_call_is_lost_when_more_events_come_than_are_taken_at_once(serve, monkeypatch):
    monkeypatch.setattr(loop, "_EVENTS_MAX", 2)
    with channel_to(serve(replace(LIMITS, calls_waiting_max=64))) as channel:
        messages = [b"%d" % n for n in range(50)]
        futures = [unary(channel).future(each, timeout=WAIT_S) for each in messages]
        assert [future.result() for future in futures] == messages


def test_too_many_waiting_calls_are_refused_with_a_time_to_come_back(serve, service):
    metrics = Metrics()
    # More streams than the bound, so that the bound is met and not the connection's limit.
    transport = serve(replace(LIMITS, scoring_threads=1), metrics)
    with channel_to(transport) as one, channel_to(transport) as other:
        calls = [unary(one), unary(other)]
        held = calls[0].future(b"wait", timeout=WAIT_S)
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
        assert held.result() == b"wait"
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
