"""Receipts and explanations of decisions over REST and on their pages."""

import grpc
import httpx
import pytest

from tests.integration.gateway.conftest import OpenGateway
from tests.support.alerts import body, raise_alert
from tests.support.scripted_receipts import CHANGED_MODEL, CONTENT, OTHERWISE
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of


async def test_receipt_is_given_with_its_replay(
    gateway: httpx.AsyncClient,
) -> None:
    await raise_alert(gateway, "tx-1")
    answer = await gateway.get("/api/transactions/tx-1/receipt")
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["receipt"] == CONTENT | {"transaction_id": "tx-1"}
    assert data["replay"] == {"is_same": True, "differences": [], "changed": []}


async def test_replay_that_differs_is_told_field_by_field(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get(f"/api/transactions/{OTHERWISE}/receipt")
    assert answer.json()["data"]["replay"] == {
        "is_same": False,
        "differences": [{"field": "risk_score", "recorded": "61.5", "replayed": "48.25"}],
        "changed": ["rules"],
    }
    page = await gateway.get(f"/transactions/{OTHERWISE}/receipt")
    assert page.status_code == 200
    assert "comes out otherwise" in page.text
    assert "48.25" in page.text


async def test_decision_is_explained(
    gateway: httpx.AsyncClient,
) -> None:
    await raise_alert(gateway, "tx-1")
    data = (await gateway.get("/api/transactions/tx-1/explanation")).json()["data"]
    assert data["attributions"] == [
        {
            "feature": "amount",
            "value": 900.1235,
            "baseline": 40.0,
            "contribution": 0.61,
            "sentence": "the amount is far above what is usual",
        }
    ]
    assert [(each["codes"], each["amount_below"]) for each in data["counterfactuals"]] == [
        (["LOWER_AMOUNT"], 120.0),
        (["KNOWN_DEVICE"], None),
    ]
    # The console says it in the same words.
    page = await gateway.get(f"/investigations/{alert_id_of('tx-1')}/explanation")
    for each in (*data["attributions"], *data["counterfactuals"]):
        assert each["sentence"][1:] in page.text


@pytest.mark.parametrize("what", ["receipt", "explanation"])
async def test_what_was_never_scored_is_not_found(gateway: httpx.AsyncClient, what: str) -> None:
    answer = await gateway.get(f"/api/transactions/never/{what}")
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "TRANSACTION_UNKNOWN"
    assert "never" in answer.json()["message"]


async def test_model_that_is_gone_is_a_conflict_and_no_reason_to_hide_the_alert(
    gateway: httpx.AsyncClient,
) -> None:
    answer = await gateway.get(f"/api/transactions/{CHANGED_MODEL}/explanation")
    assert answer.status_code == 409
    assert answer.json()["error_code"] == "MODEL_CHANGED"
    await raise_alert(gateway, CHANGED_MODEL)
    page = await gateway.get(f"/investigations/{alert_id_of(CHANGED_MODEL)}/explanation")
    assert page.status_code == 200
    assert "must be the one that scored" in page.text


async def test_scoring_server_that_is_away_is_said(
    open_gateway: OpenGateway, scoring: ScriptedScoringServer
) -> None:
    async with open_gateway() as gateway:
        await raise_alert(gateway, "tx-1")
        await scoring.stop()
        for what in ("receipt", "explanation"):
            answer = await gateway.get(f"/api/transactions/tx-1/{what}")
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
        assert (await gateway.get("/transactions/tx-1/receipt")).status_code == 503
        page = await gateway.get(f"/investigations/{alert_id_of('tx-1')}/explanation")
        assert page.status_code == 200
        assert "cannot be told now" in page.text


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (grpc.StatusCode.UNIMPLEMENTED, "of a release that cannot do this yet"),
        (grpc.StatusCode.PERMISSION_DENIED, "token lacks the permission"),
        (grpc.StatusCode.UNAUTHENTICATED, "does not know the gateway's token"),
    ],
)
async def test_scoring_server_that_refuses_the_gateway_is_no_mistake_of_ours(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer, code: grpc.StatusCode, told: str
) -> None:
    scoring.fail_with = code
    answer = await gateway.post("/api/detection/evaluate", json=body("tx-1"))
    assert answer.status_code == 503
    assert answer.json()["error_code"] == "SCORING_SERVER_REFUSES"
    assert told in answer.json()["message"]
