"""The whole path over REST: evaluate, read the alert, decide it, and the label that comes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.alerts import body, raise_alert
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of, payment
from tests.support.waiting import eventually


async def test_evaluate_below_threshold_raises_no_alert(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.post("/api/detection/evaluate", json=body("tx-1", amount=12.34))
    data = answer.json()["data"]
    assert data["risk_score"] == 12.34
    assert data["severity"] == "LOW"
    assert data["should_alert"] is False
    assert data["alert_id"] is None
    assert data["detector_scores"] == {"statistical": 12.34, "behavioral": 25.0, "ml": 50.0}
    assert data["model_version"] == "1.0.0"
    assert (await gateway.get("/api/alerts")).json()["data"] == []


async def test_alert_is_readable_as_soon_as_evaluate_returns(gateway: httpx.AsyncClient) -> None:
    given = body("tx-1", channel="online", device_fingerprint="d-1")
    evaluated = await gateway.post("/api/detection/evaluate", json=given)
    alert_id = evaluated.json()["data"]["alert_id"]
    assert alert_id == alert_id_of("tx-1")
    listed = (await gateway.get("/api/alerts")).json()
    assert [alert["alert_id"] for alert in listed["data"]] == [alert_id]
    assert listed["pagination"]["total_records"] == 1
    answer = await gateway.get(f"/api/alerts/{alert_id}")
    alert = answer.json()["data"]
    assert answer.headers["etag"] == '"1"'
    assert alert["status"] == "ACTIVE"
    assert alert["severity"] == "HIGH"
    assert alert["transaction"]["amount"] == 85.5
    assert alert["transaction"]["channel"] == "ECOM"
    assert alert["transaction"]["device_fingerprint"] == "d-1"
    assert alert["transaction"]["destination_account"] == "account-2"
    assert alert["feature_deviations"][0]["feature"] == "amount_robust_z"
    assert alert["feature_deviations"][0]["deviation"] == 2.0
    assert alert["feature_deviations"][0]["risk_level"] == "HIGH"
    assert alert["historical_scores"] == [85.5]
    assert alert["sla_breached"] is False


async def test_alert_is_shown_under_the_entity_of_the_client(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1", entity_id="shop-7", entity_type="MERCHANT")
    alert = (await gateway.get(f"/api/alerts/{alert_id}")).json()["data"]
    assert (alert["entity"], alert["entity_type"]) == ("shop-7", "MERCHANT")
    assert alert["transaction"]["merchant_id"] == "shop-7"
    assert alert["transaction"]["destination_account"] == "shop-7"
    for search in ("shop-7", "sho", "account-1", "tx-", alert_id):
        found = (await gateway.get("/api/alerts", params={"search": search})).json()["data"]
        assert [each["alert_id"] for each in found] == [alert_id]
    assert (await gateway.get("/api/alerts", params={"search": "%"})).json()["data"] == []


async def test_same_payment_again_is_replayed(gateway: httpx.AsyncClient) -> None:
    request = body("tx-1")
    first = (await gateway.post("/api/detection/evaluate", json=request)).json()["data"]
    again = (await gateway.post("/api/detection/evaluate", json=request)).json()["data"]
    assert again["replayed"] is True
    assert again["alert_id"] == first["alert_id"]
    changed = await gateway.post("/api/detection/evaluate", json=request | {"amount": 60})
    assert changed.status_code == 409
    assert changed.json()["error_code"] == "TRANSACTION_EXISTS"


async def test_burst_folds_into_one_alert(gateway: httpx.AsyncClient) -> None:
    start = datetime(2026, 2, 9, 14, 0, tzinfo=UTC)
    ids = [
        await raise_alert(
            gateway,
            f"tx-{number}",
            amount=60 + number,
            timestamp=(start + timedelta(minutes=minutes)).isoformat(),
        )
        for number, minutes in enumerate((0, 4, 9, 10))
    ]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    alert = (await gateway.get(f"/api/alerts/{alert_id_of('tx-1')}")).json()["data"]
    assert alert["alert_id"] == ids[0]
    assert alert["transaction_count"] == 3
    assert [each["transaction_id"] for each in alert["transactions"]] == ["tx-0", "tx-1", "tx-2"]
    assert alert["risk_score"] == 62
    assert alert["transaction"]["transaction_id"] == "tx-2"


async def test_decision_fraud_closes_and_labels(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    answer = await gateway.post(
        f"/api/investigations/{alert_id}/decision",
        json={"decision": "FRAUD", "notes": "card was stolen", "analyst_id": "ann"},
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "alert_id": alert_id,
        "updated_status": "RESOLVED",
        "message": "the alert was resolved as fraud",
        "version": 3,
    }

    async def delivered() -> bool:
        return len(scoring.labels) == 1

    await eventually(delivered)
    (label,) = scoring.labels.values()
    assert label.transaction_id == "tx-1"
    assert label.value == 1
    history = (await gateway.get(f"/api/investigations/{alert_id}/history")).json()["history"]
    assert [(entry["action"], entry["old_status"], entry["new_status"]) for entry in history] == [
        ("RAISED", None, "ACTIVE"),
        ("CLAIMED", "ACTIVE", "INVESTIGATING"),
        ("DECIDED_FRAUD", "INVESTIGATING", "RESOLVED"),
    ]
    assert history[2]["content"] == "card was stolen"
    case = (await gateway.get(f"/api/investigations/{alert_id}")).json()["data"]
    assert case["notes"][0]["content"] == "card was stolen"
    assert case["outcome"] == "FRAUD"
    again = await gateway.post(
        f"/api/investigations/{alert_id}/decision", json={"decision": "LEGITIMATE"}
    )
    assert again.status_code == 409
    assert again.json()["error_code"] == "ALERT_CLOSED"


async def test_reopening_a_decided_alert_withdraws_its_label(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    await gateway.post(f"/api/investigations/{alert_id}/decision", json={"decision": "FRAUD"})
    answer = await gateway.patch(f"/api/alerts/{alert_id}/status", params={"status": "ACTIVE"})
    assert answer.json()["new_status"] == "ACTIVE"

    async def withdrawn() -> bool:
        return [label.value for label in scoring.labels.values()] == [1, 3]

    await eventually(withdrawn)
    case = (await gateway.get(f"/api/investigations/{alert_id}")).json()["data"]
    assert case["outcome"] is None
    history = (await gateway.get(f"/api/investigations/{alert_id}/history")).json()["history"]
    assert history[-1]["action"] == "REOPENED"


async def test_review_keeps_investigating(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    for _ in range(2):
        answer = await gateway.post(
            f"/api/investigations/{alert_id}/decision", json={"decision": "REVIEW"}
        )
        assert answer.json()["updated_status"] == "INVESTIGATING"


async def test_fifty_decisions_at_once_have_one_winner(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    answers = await asyncio.gather(
        *(
            gateway.post(
                f"/api/investigations/{alert_id}/decision",
                json={
                    "decision": "FRAUD" if number % 2 else "LEGITIMATE",
                    "analyst_id": f"analyst-{number}",
                },
            )
            for number in range(50)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    history = (await gateway.get(f"/api/investigations/{alert_id}/history")).json()["history"]
    assert len(history) == 3

    async def delivered() -> bool:
        return len(scoring.labels) == 1

    await eventually(delivered)


async def test_moves_follow_the_life_cycle(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    moves = (
        ("RESOLVED", 409),
        ("INVESTIGATING", 200),
        ("INVESTIGATING", 409),
        ("ACTIVE", 200),
        ("INVESTIGATING", 200),
        ("FALSE_POSITIVE", 200),
        ("RESOLVED", 409),
        ("ACTIVE", 200),
    )
    for target, status in moves:
        answer = await gateway.put(f"/api/alerts/{alert_id}", json={"status": target})
        assert answer.status_code == status, target
    history = (await gateway.get(f"/api/investigations/{alert_id}/history")).json()["history"]
    assert [entry["action"] for entry in history] == [
        "RAISED",
        "CLAIMED",
        "RELEASED",
        "CLAIMED",
        "MARKED_FALSE_POSITIVE",
        "REOPENED",
    ]


async def test_stale_version_is_refused_and_changes_nothing(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    path = f"/api/alerts/{alert_id}/status"
    first = await gateway.patch(path, json={"status": "INVESTIGATING", "expected_version": 1})
    assert first.headers["etag"] == '"2"'
    stale = await gateway.patch(path, json={"status": "ACTIVE"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 409
    assert stale.json()["error_code"] == "STALE_VERSION"
    assert (await gateway.get(f"/api/alerts/{alert_id}")).json()["data"][
        "status"
    ] == "INVESTIGATING"
    fresh = await gateway.patch(path, json={"status": "ACTIVE"}, headers={"If-Match": '"2"'})
    assert fresh.status_code == 200


async def test_notes_are_kept_in_order(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    for content in ("first", "second"):
        answer = await gateway.post(
            f"/api/investigations/{alert_id}/notes", json={"content": content, "analyst_id": "ann"}
        )
        assert answer.status_code == 201
        assert answer.json()["success"] is True
    case = (await gateway.get(f"/api/investigations/{alert_id}")).json()["data"]
    assert [note["content"] for note in case["notes"]] == ["first", "second"]
    for content in ("", "x" * 1001):
        answer = await gateway.post(
            f"/api/investigations/{alert_id}/notes", json={"content": content}
        )
        assert answer.status_code == 422
        assert answer.json()["details"]["fields"][0]["field"] == "content"


async def test_fraud_needs_notes_where_they_are_required(open_gateway: Any) -> None:
    async with open_gateway(require_fraud_notes=True) as client:
        alert_id = await raise_alert(client, "tx-1")
        path = f"/api/investigations/{alert_id}/decision"
        refused = await client.post(path, json={"decision": "FRAUD", "notes": "  "})
        assert refused.status_code == 422
        assert refused.json()["details"]["fields"][0]["field"] == "notes"
        assert (await client.post(path, json={"decision": "LEGITIMATE"})).status_code == 200


async def test_label_of_replayed_history_is_known_when_its_entities_were_last_seen(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    """The wall clock lies years ahead of replayed history, where the label must still count."""
    start = datetime(2018, 4, 1, 12, tzinfo=UTC)
    alert_id = await raise_alert(
        gateway,
        "tx-1",
        timestamp=start.isoformat(),
        entity_id="shop-1",
        entity_type="MERCHANT",
    )
    for number, (account, shop, hours) in enumerate(
        (("account-9", "shop-1", 30), ("account-1", "shop-2", 20), ("account-9", "shop-2", 900))
    ):
        moment = start + timedelta(hours=hours)
        await scoring.score(
            payment(f"later-{number}", account_id=account, merchant_id=shop, event_time=moment)
        )
    # A payment of today follows, which is not on the clock of the replayed history.
    await raise_alert(gateway, "tx-today", source_account="account-7")
    await gateway.post(f"/api/investigations/{alert_id}/decision", json={"decision": "FRAUD"})

    async def delivered() -> bool:
        return len(scoring.labels) == 1

    await eventually(delivered)
    (label,) = scoring.labels.values()
    assert label.known_time.ToDatetime(tzinfo=UTC) == start + timedelta(hours=30)


async def test_label_of_a_live_payment_is_known_from_the_decision_on(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    before = datetime.now(UTC)
    await gateway.post(f"/api/investigations/{alert_id}/decision", json={"decision": "LEGITIMATE"})

    async def delivered() -> bool:
        return len(scoring.labels) == 1

    await eventually(delivered)
    (label,) = scoring.labels.values()
    assert label.value == 2
    assert before <= label.known_time.ToDatetime(tzinfo=UTC) <= datetime.now(UTC)
