import threading
from dataclasses import replace

import grpc
import pytest
from anomaly.v1 import event_service_pb2, event_service_pb2_grpc
from google.rpc import error_details_pb2

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.journal.positions import Positions
from scoring_server.rpc.client import (
    ScoringClient,
    reason_of,
    status_of_call,
    violations_of,
)
from tests.integration.scoring_server.messages import label, payment


def take(feed, count: int) -> list:
    taken = []
    for response in feed:
        taken += response.events
        if len(taken) >= count:
            break
    feed.cancel()
    return taken


def failure(feed) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        next(iter(feed))
    return caught.value


def test_everything_comes_in_order_with_its_answer(client):
    results = [outcome.result for outcome in client.score_batch([payment(n) for n in range(200)])]
    client.report_labels([label("l1", "tx-3")])
    taken = take(client.subscribe(timeout_s=10), 201)
    assert [event.sequence for event in taken] == list(range(1, 202))
    assert [event.scored_transaction.result for event in taken[:-1]] == results
    assert [event.scored_transaction.transaction for event in taken[:-1]] == [
        payment(n) for n in range(200)
    ]
    assert taken[-1].label == label("l1", "tx-3")


def test_subscriber_resumes_after_its_position(client):
    client.score_batch([payment(n) for n in range(10)])
    first = next(iter(client.subscribe(batch_size_max=4, timeout_s=10)))
    assert [event.sequence for event in first.events] == [1, 2, 3, 4]
    assert first.latest_sequence == 10
    rest = take(client.subscribe(4, journal_id=first.journal_id, timeout_s=10), 6)
    assert [event.sequence for event in rest] == [5, 6, 7, 8, 9, 10]


def test_new_events_come_as_they_happen(client):
    feed = client.subscribe(timeout_s=20)
    responses = iter(feed)
    assert not next(responses).events
    client.score(payment(1))
    assert [event.sequence for event in next(responses).events] == [1]
    feed.cancel()


def test_idle_stream_gives_a_heartbeat(start, config):
    application = start(limits=replace(config.limits, heartbeat_s=0.1))
    with ScoringClient(application.target) as client:
        client.score(payment(1))
        feed = client.subscribe(1, timeout_s=20)
        responses = iter(feed)
        for _ in range(3):
            response = next(responses)
            assert not response.events
            assert response.latest_sequence == 1
            assert response.journal_id
        feed.cancel()


def test_large_answers_are_cut_to_what_clients_accept(client):
    longest = dict.fromkeys(("account_id", "merchant_id", "device_id"), "€" * 64)
    client.score_batch([payment(n, **longest) for n in range(4_096)])
    with grpc.insecure_channel(client_target(client)) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        request = event_service_pb2.SubscribeRequest(batch_size_max=4_096)
        taken = take(stub.Subscribe(request, timeout=30), 4_096)
    assert [event.sequence for event in taken] == list(range(1, 4_097))


def client_target(client: ScoringClient) -> str:
    return client.channel._channel.target().decode().removeprefix("dns:///")


@pytest.mark.parametrize(
    ("after", "journal_id", "reason"),
    [(5, "", "POSITION_UNKNOWN"), (0, "other", "JOURNAL_CHANGED")],
)
def test_position_of_another_journal_is_refused_with_what_is_available(
    client, after, journal_id, reason
):
    client.score(payment(1))
    error = failure(client.subscribe(after, journal_id=journal_id, timeout_s=10))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    status = status_of_call(error)
    assert reason_of(status) == reason
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.metadata["latest_sequence"] == "1"
    assert info.metadata["journal_id"]


def test_batch_size_is_bounded(client):
    error = failure(client.subscribe(batch_size_max=4_097, timeout_s=10))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_one_subscriber_too_many_is_refused_and_comes_in_when_one_leaves(start, config):
    application = start(limits=replace(config.limits, subscribers_max=2))
    with ScoringClient(application.target) as client:
        feeds = [client.subscribe(timeout_s=60) for _ in range(2)]
        for feed in feeds:
            next(iter(feed))
        assert failure(client.subscribe(timeout_s=10)).code() is (
            grpc.StatusCode.RESOURCE_EXHAUSTED
        )
        assert client.score(payment(1)).sequence == 1
        feeds[0].cancel()
        retried = threading.Event()
        for _ in range(100):
            feed = client.subscribe(timeout_s=10)
            try:
                next(iter(feed))
                break
            except grpc.RpcError:
                assert not retried.wait(0.05)
        else:
            pytest.fail("the place of a subscriber that left was never free")
        feed.cancel()
        feeds[1].cancel()


def test_stopping_server_ends_streams_at_once(start):
    application = start()
    with ScoringClient(application.target) as client:
        feed = client.subscribe(timeout_s=60)
        responses = iter(feed)
        next(responses)
        stopper = threading.Thread(target=application.stop)
        begun_ns = monotonic_ns()
        stopper.start()
        with pytest.raises(grpc.RpcError) as caught:
            next(responses)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert reason_of(status_of_call(caught.value)) == "STOPPING"
        stopper.join(10)
        assert not stopper.is_alive()
        # Well before the next heartbeat and the end of the drain.
        assert monotonic_ns() - begun_ns < 3 * NS_PER_S


def confirm(client, sequence, *, journal_id, subscriber="gateway"):
    return event_service_pb2_grpc.EventServiceStub(client.channel).ConfirmPosition(
        event_service_pb2.ConfirmPositionRequest(
            subscriber=subscriber, journal_id=journal_id, sequence=sequence
        ),
        timeout=10,
    )


def test_confirmed_position_is_kept_over_a_restart(start, config):
    application = start()
    with ScoringClient(application.target) as client:
        client.score_batch([payment(n) for n in range(10)])
        journal_id = next(iter(client.subscribe(timeout_s=10))).journal_id
        assert confirm(client, 7, journal_id=journal_id).first_sequence == 1
    application.stop()
    assert Positions(config.data_dir / "feed_positions.json", journal_id).lowest == 7


@pytest.mark.parametrize(
    ("sequence", "journal_id", "reason"),
    [(11, None, "POSITION_UNKNOWN"), (3, "another", "JOURNAL_CHANGED")],
)
def test_position_that_cannot_be_is_not_confirmed(client, sequence, journal_id, reason):
    client.score_batch([payment(n) for n in range(10)])
    known = next(iter(client.subscribe(timeout_s=10))).journal_id
    with pytest.raises(grpc.RpcError) as caught:
        confirm(client, sequence, journal_id=journal_id or known)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(status_of_call(caught.value)) == reason


def test_confirmation_without_names_tells_both(client):
    with pytest.raises(grpc.RpcError) as caught:
        confirm(client, 0, journal_id="", subscriber="x" * 65)
    assert sorted(violations_of(status_of_call(caught.value))) == ["journal_id", "subscriber"]
