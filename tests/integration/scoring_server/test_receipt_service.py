"""ReceiptService: the receipts of a server that serves, and why its decisions came out so."""

import json
import random
from pathlib import Path

import grpc
import pytest
from anomaly.v1.receipt_service_pb2 import ExplainDecisionRequest, GetReceiptRequest

from scoring_server.receipts.explain import explain, model_of
from scoring_server.receipts.exported import exported
from scoring_server.receipts.receipt import find_receipt
from scoring_server.rpc.client import ScoringClient, reason_of, status_of_call, violations_of
from tests.integration.scoring_server.messages import payment
from tests.support.worker_crew import Crew

MODELS = Path(__file__).parents[3] / "models"
COUNT = 300


def payments():
    drawn = random.Random(5)
    return [
        payment(
            number,
            after_s=number * 30,
            account_id=f"account-{drawn.randrange(20)}",
            device_id=f"device-{drawn.randrange(10)}",
            amount_minor=drawn.choice([500, 1_200, 999_900]),
        )
        for number in range(COUNT)
    ]


def receipt_of(client, transaction_id):
    return client.receipts.GetReceipt(GetReceiptRequest(transaction_id=transaction_id), timeout=10)


def explained(client, transaction_id):
    request = ExplainDecisionRequest(transaction_id=transaction_id)
    return client.receipts.ExplainDecision(request, timeout=10)


@pytest.fixture
def served(start, config):
    application = start(model_dir=MODELS, journal_segment_events_max=1_000)
    with ScoringClient(application.target) as client:
        outcomes = client.score_batch(payments())
        yield client, {each.result.transaction_id: each.result for each in outcomes}


def test_receipt_is_that_of_the_files_and_replays_to_the_same_answer(served, config):
    client, results = served
    for transaction_id in list(results)[::30]:
        answer = receipt_of(client, transaction_id)
        said = json.loads(answer.receipt_json)
        assert said["transaction_id"] == transaction_id
        assert said["sequence"] == results[transaction_id].sequence
        offline = exported(find_receipt(config.data_dir, transaction_id))
        for name in ("record", "event", "evidence", "digest", "link", "features", "ml"):
            assert said[name] == offline[name]
        assert (list(answer.differences), list(answer.changed)) == ([], [])


def test_alerted_decision_is_explained_as_offline_and_an_approved_one_has_nothing_to_change(
    served, config
):
    client, results = served
    alerted = [each for each, result in results.items() if result.alert_id]
    assert alerted
    told_any = 0
    for transaction_id in alerted[:10]:
        told = explained(client, transaction_id)
        receipt = find_receipt(config.data_dir, transaction_id)
        expected = explain(receipt, model_of(receipt, MODELS))
        assert [each.sentence for each in told.attributions] == [
            each.sentence for each in expected.attributions
        ]
        assert [each.sentence for each in told.counterfactuals] == [
            each.sentence for each in expected.counterfactuals
        ]
        for each in told.counterfactuals:
            assert each.HasField("amount_below") == ("LOWER_AMOUNT" in each.codes)
            assert each.risk_score < results[transaction_id].risk_score
        told_any += bool(told.counterfactuals)
    assert told_any
    approved = next(each for each, result in results.items() if not result.alert_id)
    assert not explained(client, approved).counterfactuals


@pytest.mark.parametrize("call", [receipt_of, explained])
def test_what_is_not_there_or_no_id_is_refused(served, call):
    client, _ = served
    with pytest.raises(grpc.RpcError) as caught:
        call(client, "never-scored")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(status_of_call(caught.value)) == "TRANSACTION_UNKNOWN"
    for wrong in ("", "x" * 65):
        with pytest.raises(grpc.RpcError) as caught:
            call(client, wrong)
        assert violations_of(status_of_call(caught.value)) == {
            "transaction_id": f"must be 1..64 characters, had {len(wrong)}"
        }


def test_receipt_without_a_model_has_no_attributions(start):
    application = start()
    with ScoringClient(application.target) as client:
        client.score_batch(payments()[:5])
        assert not explained(client, "tx-0").attributions
        assert json.loads(receipt_of(client, "tx-0").receipt_json)["context"]["model"] is None


def test_any_worker_gives_the_receipts_of_all(tmp_path):
    crew = Crew(tmp_path)
    try:
        for batch in (payments()[:50], payments()[50:100]):
            with ScoringClient(crew.target) as client:
                client.score_batch(batch)
        for _ in range(4):
            with ScoringClient(crew.target) as client:
                for number in (3, 77):
                    answer = receipt_of(client, f"tx-{number}")
                    assert json.loads(answer.receipt_json)["transaction_id"] == f"tx-{number}"
    finally:
        crew.program.kill()
