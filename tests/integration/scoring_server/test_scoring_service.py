import threading
from dataclasses import replace

import grpc
import pytest
from anomaly.v1 import scoring_service_pb2
from anomaly.v1.transaction_pb2 import Payment, Transaction
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2

from scoring_server.rpc.client import ScoringClient, reason_of, status_of_call, violations_of
from tests.integration.scoring_server.messages import payment, trade

BAD = Transaction(
    transaction_id="a b",
    event_time=Timestamp(seconds=5),
    payment=Payment(currency="us", amount_minor=-1),
)
BAD_FIELDS = {
    "transaction.transaction_id",
    "transaction.event_time",
    "transaction.payment.account_id",
    "transaction.payment.amount_minor",
    "transaction.payment.currency",
}


def latest(client: ScoringClient) -> int:
    feed = client.subscribe(timeout_s=10)
    sequence = next(iter(feed)).latest_sequence
    feed.cancel()
    return sequence


def failure(call) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def raw(client: ScoringClient, path: str, request: bytes) -> bytes:
    return client.channel.unary_unary(path)(request, timeout=10)


def test_score_answers_with_an_assessment(client):
    result = client.score(payment(1))
    assert result.transaction_id == "tx-1"
    assert 0 <= result.risk_score <= 100
    assert result.severity != scoring_service_pb2.SEVERITY_UNSPECIFIED
    assert result.decision == scoring_service_pb2.DECISION_APPROVE
    assert result.sequence == 1
    assert result.ingest_time.seconds > 1_700_000_000
    assert not result.replayed
    # There is no model in this server, and the answer says so.
    assert list(result.degraded_reasons) == ["MODEL_MISSING"]
    assert not result.detector_scores.HasField("ml")


def test_trades_are_scored_as_well(client):
    assert client.score(trade(1)).sequence == 1


def test_all_bad_fields_are_named_and_nothing_changes(client):
    error = failure(lambda: client.score(BAD))
    status = status_of_call(error)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert set(violations_of(status)) == BAD_FIELDS
    assert "'us'" in violations_of(status)["transaction.payment.currency"]
    assert latest(client) == 0


def test_missing_transaction_is_named(client):
    error = failure(lambda: raw(client, "/anomaly.v1.ScoringService/Score", b""))
    assert violations_of(status_of_call(error)) == {"transaction": "must be given"}


def test_bytes_that_are_no_message_are_refused(client):
    error = failure(lambda: raw(client, "/anomaly.v1.ScoringService/Score", b"\xff\xff"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(status_of_call(error)) == "MALFORMED_MESSAGE"


def test_same_transaction_again_gets_the_first_answer(client):
    first = client.score(payment(1))
    client.score(payment(2))
    again = client.score(payment(1))
    assert again.replayed
    again.replayed = False
    assert again == first
    assert latest(client) == 2


def test_same_id_with_another_amount_already_exists(client):
    client.score(payment(1))
    error = failure(lambda: client.score(payment(1, amount_minor=5)))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason_of(status_of_call(error)) == "TRANSACTION_ID_REUSED"
    assert latest(client) == 1


def test_batch_answers_like_single_calls(start, tmp_path):
    transactions = [payment(number) for number in range(300)] + [trade(1)]
    one = start(data_dir=tmp_path / "one")
    other = start(data_dir=tmp_path / "other")
    with ScoringClient(one.target) as single, ScoringClient(other.target) as batched:
        expected = [single.score(transaction) for transaction in transactions]
        outcomes = batched.score_batch(transactions)
    for outcome, result in zip(outcomes, expected, strict=True):
        outcome.result.ingest_time.CopyFrom(result.ingest_time)
        assert outcome.result == result


def test_batch_gives_each_transaction_its_own_error(client):
    client.score(payment(1))
    outcomes = client.score_batch(
        [payment(1), BAD, payment(2), payment(2), payment(2, amount_minor=7), payment(1, mcc=7)]
    )
    assert [o.WhichOneof("outcome") for o in outcomes] == [
        "result",
        "error",
        "result",
        "result",
        "error",
        "error",
    ]
    assert [outcomes[i].result.replayed for i in (0, 2, 3)] == [True, False, True]
    assert set(violations_of(outcomes[1].error)) == BAD_FIELDS
    assert outcomes[4].error.code == grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert reason_of(outcomes[5].error) == "TRANSACTION_ID_REUSED"
    assert latest(client) == 2


@pytest.mark.parametrize("count", [0, 4_097])
def test_batch_size_is_bounded(client, count):
    error = failure(lambda: client.score_batch([payment(1)] * count))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert set(violations_of(status_of_call(error))) == {"transactions"}


def test_largest_batch_of_longest_texts_fits(client):
    longest = dict.fromkeys(
        ("account_id", "merchant_id", "device_id", "counterparty_account_id"), "€" * 64
    )
    outcomes = client.score_batch([payment(number, **longest) for number in range(4_096)])
    assert all(outcome.HasField("result") for outcome in outcomes)


def test_message_above_the_limit_is_refused(start, config):
    application = start(limits=replace(config.limits, message_size_bytes_max=65_536))
    with ScoringClient(application.target) as client:
        assert len(client.score_batch([payment(n) for n in range(500)])) == 500
        error = failure(lambda: client.score_batch([payment(n) for n in range(2_000)]))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_stream_answers_each_batch_in_order(client):
    batches = [[payment(number) for number in range(first, first + 10)] for first in (0, 10, 20)]
    answers = list(client.score_stream(batches, timeout_s=30))
    assert [[o.result.transaction_id for o in outcomes] for outcomes in answers] == [
        [transaction.transaction_id for transaction in batch] for batch in batches
    ]
    assert latest(client) == 30


def test_open_streams_do_not_take_the_threads_that_score(client, start):
    pending = []
    for _ in range(8):
        stream = client.channel.stream_stream("/anomaly.v1.ScoringService/ScoreStream")
        pending.append(stream(iter(_Never().waiting, None)))
    assert client.score(payment(1)).sequence == 1
    for call in pending:
        call.cancel()


class _Never:
    """An iterator's source that gives nothing until it is let go."""

    def __init__(self) -> None:
        self._released = threading.Event()

    def waiting(self) -> bytes | None:
        self._released.wait(20)
        return None


def test_too_many_streams_are_refused_with_a_time_to_come_back(start, config):
    application = start(limits=replace(config.limits, score_streams_max=1))
    with ScoringClient(application.target) as client:
        stream = client.channel.stream_stream("/anomaly.v1.ScoringService/ScoreStream")
        request = scoring_service_pb2.ScoreStreamRequest(transactions=[payment(1)])
        never = _Never()

        def requests():
            yield request.SerializeToString()
            never.waiting()

        held = stream(requests(), timeout=30)
        next(held)
        error = failure(lambda: list(stream(iter([request.SerializeToString()]), timeout=10)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        retry = error_details_pb2.RetryInfo()
        assert any(detail.Unpack(retry) for detail in status_of_call(error).details)
        assert retry.retry_delay.ToMilliseconds() == 100
        never._released.set()
