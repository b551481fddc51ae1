import grpc
import pytest
from anomaly.v1 import label_service_pb2
from anomaly.v1.label_service_pb2 import (
    LABEL_STATUS_APPLIED,
    LABEL_STATUS_DUPLICATE,
    LABEL_STATUS_UNKNOWN_TRANSACTION,
    LABEL_VALUE_FRAUD,
    LABEL_VALUE_LEGITIMATE,
    LABEL_VALUE_WITHDRAWN,
)

from scoring_server.rpc.client import ScoringClient, status_of_call, violations_of
from tests.integration.scoring_server.messages import label, payment

DAY_S = 86_400


def shop(number: int, *, after_s: int):
    return payment(number, after_s=after_s, terminal_id="shop", account_id=f"buyer-{number}")


def statuses(outcomes) -> list[int]:
    return [outcome.status for outcome in outcomes]


def fraud_reason(result) -> float:
    values = [reason.value for reason in result.reasons if reason.code.startswith("MERCHANT_FRAUD")]
    return values[0] if values else 0.0


def test_label_raises_the_risk_of_the_next_transaction_there(client):
    client.score_batch([shop(n, after_s=n) for n in range(10)])
    before = client.score(shop(10, after_s=20 * DAY_S))
    outcomes = client.report_labels(
        [label(f"l{n}", f"tx-{n}", after_s=20 * DAY_S + 1) for n in range(6)]
    )
    assert statuses(outcomes) == [LABEL_STATUS_APPLIED] * 6
    assert [outcome.sequence for outcome in outcomes] == [12, 13, 14, 15, 16, 17]
    after = client.score(shop(11, after_s=20 * DAY_S + 60))
    assert fraud_reason(before) == 0
    assert fraud_reason(after) > 0
    assert after.risk_score > before.risk_score


def test_withdrawn_labels_take_their_risk_back(client):
    client.score_batch([shop(n, after_s=n) for n in range(10)])
    for value in (LABEL_VALUE_FRAUD, LABEL_VALUE_WITHDRAWN):
        client.report_labels(
            [label(f"l{n}-{value}", f"tx-{n}", value, after_s=20 * DAY_S) for n in range(6)]
        )
    assert fraud_reason(client.score(shop(11, after_s=20 * DAY_S + 60))) == 0


def test_contradicting_labels_count_by_when_they_became_known_not_by_arrival(client):
    client.score_batch([shop(n, after_s=n) for n in range(10)])
    late = 20 * DAY_S
    for value, after_s in ((LABEL_VALUE_LEGITIMATE, late + 1), (LABEL_VALUE_FRAUD, late)):
        client.report_labels(
            [label(f"l{n}-{value}", f"tx-{n}", value, after_s=after_s) for n in range(6)]
        )
    assert fraud_reason(client.score(shop(11, after_s=20 * DAY_S + 60))) == 0


def test_same_label_id_again_changes_nothing(client):
    client.score(payment(1))
    assert statuses(client.report_labels([label("l1", "tx-1")])) == [LABEL_STATUS_APPLIED]
    again = client.report_labels([label("l1", "tx-1", LABEL_VALUE_LEGITIMATE)])
    assert statuses(again) == [LABEL_STATUS_DUPLICATE]
    assert again[0].sequence == 0


def test_every_new_label_is_kept_and_a_seen_one_is_not(client):
    client.score(payment(1))
    outcomes = client.report_labels(
        [
            label("l1", "tx-1"),
            label("l2", "tx-1"),
            label("l3", "tx-1", LABEL_VALUE_LEGITIMATE),
            label("l3", "tx-1"),
            label("l4", "tx-2"),
        ]
    )
    assert statuses(outcomes) == [
        LABEL_STATUS_APPLIED,
        LABEL_STATUS_APPLIED,
        LABEL_STATUS_APPLIED,
        LABEL_STATUS_DUPLICATE,
        LABEL_STATUS_UNKNOWN_TRANSACTION,
    ]
    assert [outcome.sequence for outcome in outcomes] == [2, 3, 4, 0, 0]


def test_withdrawal_without_a_label_is_kept(client):
    client.score(payment(1))
    outcomes = client.report_labels(
        [label("l1", "tx-1", LABEL_VALUE_WITHDRAWN), label("l2", "tx-9", LABEL_VALUE_WITHDRAWN)]
    )
    assert statuses(outcomes) == [LABEL_STATUS_APPLIED, LABEL_STATUS_UNKNOWN_TRANSACTION]


def test_labels_are_known_after_a_restart(start):
    first = start()
    with ScoringClient(first.target) as client:
        client.score(payment(1))
        client.report_labels([label("l1", "tx-1")])
    first.stop()
    second = start()
    with ScoringClient(second.target) as client:
        outcomes = client.report_labels([label("l1", "tx-1"), label("l2", "tx-1")])
        assert statuses(outcomes) == [LABEL_STATUS_DUPLICATE, LABEL_STATUS_APPLIED]


def test_lost_label_index_is_made_anew(start, config):
    first = start()
    with ScoringClient(first.target) as client:
        client.score(payment(1))
        client.report_labels([label("l1", "tx-1")])
    first.stop()
    (config.data_dir / "labels.sqlite").write_bytes(b"no database at all" * 1_000)
    second = start()
    with ScoringClient(second.target) as client:
        assert statuses(client.report_labels([label("l1", "tx-1")])) == [LABEL_STATUS_DUPLICATE]


def test_bad_labels_are_all_named_and_nothing_is_applied(client):
    client.score(payment(1))
    bad = label_service_pb2.Label(label_id="", transaction_id="tx-1", value=1, source=9)
    with pytest.raises(grpc.RpcError) as caught:
        client.report_labels([label("l1", "tx-1"), bad])
    assert set(violations_of(status_of_call(caught.value))) == {
        "labels[1].label_id",
        "labels[1].source",
        "labels[1].known_time",
    }
    assert statuses(client.report_labels([label("l1", "tx-1")])) == [LABEL_STATUS_APPLIED]


@pytest.mark.parametrize("count", [0, 1_001])
def test_number_of_labels_is_bounded(client, count):
    with pytest.raises(grpc.RpcError) as caught:
        client.report_labels([label("l1", "tx-1")] * count)
    assert set(violations_of(status_of_call(caught.value))) == {"labels"}
