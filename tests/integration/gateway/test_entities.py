"""The pages of entities: profile, timeline, alerts and links, on both databases."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.alert import AlertTransaction
from gateway.domain.entity import (
    HUB_TRANSACTIONS_MAX,
    LINKED_MAX,
    PROFILE_TRANSACTIONS_MAX,
)
from gateway.domain.transaction import TransactionRecord
from tests.support import alert_values
from tests.support.alerts import body, raise_alert

START = alert_values.EVENT_TIME


async def store(database: Database, records: list[TransactionRecord]) -> None:
    async with database.write() as unit:
        await unit.feed.add_transactions(records)


def record(number: int, **changes: Any) -> TransactionRecord:
    time = START + timedelta(seconds=changes.pop("second", number))
    values = {"event_time": time, "ingest_time": time, "alert_id": None, "amount_minor": 100}
    return alert_values.transaction(f"tx-{number:05}", **(values | changes))


async def get(client: httpx.AsyncClient, kind: str, entity_id: str, part: str = "") -> Any:
    answer = await client.get(f"/api/entities/{kind}/{quote(entity_id, safe='')}{part}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walked(client: httpx.AsyncClient, path: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get(path, params={"limit": limit, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        cursor = answer.json()["pagination"]["next_cursor"]
    return found


async def test_profile_tells_what_transactions_alerts_and_labels_say(
    gateway: httpx.AsyncClient,
) -> None:
    common = {"source_account": "acc", "device_fingerprint": "d-1", "channel": "POS"}
    # The one that raises an alert comes last: once that is readable both are.
    await gateway.post("/api/detection/evaluate", json=body("tx-2", 12.5, **common))
    fraud = await raise_alert(gateway, "tx-1", amount=85, geo_country="DE", **common)
    await gateway.post(f"/api/investigations/{fraud}/decision", json={"decision": "FRAUD"})
    for kind, entity_id in (("ACCOUNT", "acc"), ("DEVICE", "d-1")):
        data = (await get(gateway, kind, entity_id))["data"]
        assert (data["entity_type"], data["entity_id"]) == (kind, entity_id)
        assert data["transaction_count"] == 2
        assert data["transaction_count_is_lower_bound"] is False
        assert data["first_seen"] < data["last_seen"]
        for window in ("24h", "7d", "30d", "all"):
            assert data["amounts"][window] == [
                {"currency": "EUR", "transactions": 2, "amount": 97.5, "amount_minor": 9750}
            ]
        assert data["countries"] == [{"value": "DE", "transactions": 1}]
        assert data["channels"] == [{"value": "POS", "transactions": 2}]
        assert (data["max_risk_score"], data["last_risk_score"]) == (85.0, 85.0)
        assert data["basis"]["is_complete"] is True
        assert data["alerts"] == {
            "total": 1,
            "is_complete": True,
            "by_status": {"ACTIVE": 0, "INVESTIGATING": 0, "RESOLVED": 1, "FALSE_POSITIVE": 0},
            "confirmed_frauds": 1,
        }


async def test_alert_is_listed_under_everything_that_its_transactions_name(
    gateway: httpx.AsyncClient,
) -> None:
    """The second transaction is folded into the alert of the first, with another shop."""
    values: dict[str, Any] = {"source_account": "acc", "ip_address": "192.0.2.1"}
    alert_id = await raise_alert(
        gateway, "tx-1", entity_id="shop-1", entity_type="MERCHANT", **values
    )
    assert alert_id == await raise_alert(
        gateway, "tx-2", entity_id="shop-2", entity_type="MERCHANT", **values
    )
    other = await raise_alert(
        gateway, "tx-3", source_account="other", entity_id="u", entity_type="USER"
    )
    for kind, entity_id, expected in (
        ("ACCOUNT", "acc", alert_id),
        ("MERCHANT", "shop-1", alert_id),
        ("MERCHANT", "shop-2", alert_id),
        ("IP", "192.0.2.1", alert_id),
        ("TRANSACTION", "tx-2", alert_id),
        ("USER", "u", other),
    ):
        found = await get(gateway, kind, entity_id, "/alerts")
        assert [each["alert_id"] for each in found["data"]] == [expected], entity_id
        assert found["pagination"]["total_records"] == 1
    # Nothing but an alert names it.
    profile = (await get(gateway, "USER", "u"))["data"]
    assert profile["first_seen"] is None
    assert profile["amounts"]["all"] == []
    assert profile["alerts"]["total"] == 1


async def test_alerts_page_by_number_and_cursor(gateway: httpx.AsyncClient) -> None:
    ids = [
        await raise_alert(gateway, f"tx-{n}", source_account=f"a-{n}", device_fingerprint="d-1")
        for n in range(5)
    ]
    path = "/api/entities/DEVICE/d-1/alerts"
    assert [each["alert_id"] for each in await walked(gateway, path, 2)] == ids[::-1]
    second = await gateway.get(path, params={"limit": 2, "page": 2})
    assert [each["alert_id"] for each in second.json()["data"]] == [ids[2], ids[1]]
    beyond = await gateway.get(path, params={"limit": 2, "page": 9})
    assert beyond.json()["data"] == []
    far = await gateway.get(path, params={"limit": 2, "page": 9, "cursor": "x"})
    assert far.status_code == 422


async def test_timeline_merges_transactions_and_alert_events_in_one_order(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    alert_id = await raise_alert(gateway, "tx-1", source_account="acc")
    await gateway.put(f"/api/alerts/{alert_id}", json={"status": "INVESTIGATING"})
    await gateway.post(f"/api/investigations/{alert_id}/notes", json={"content": "called him"})
    # Many at one time, so that a page ends between them.
    await store(database, [record(n, second=0, account_id="acc") for n in range(10, 15)])
    path = "/api/entities/ACCOUNT/acc/timeline"
    whole = await walked(gateway, path, 100)
    names = [
        each["transaction"]["transaction_id"]
        if each["kind"] == "TRANSACTION"
        else each["alert_event"]["action"]
        for each in whole
    ]
    assert names[:3] == ["NOTE_ADDED", "CLAIMED", "RAISED"]
    assert names[3:] == ["tx-1", *(f"tx-{n:05}" for n in range(14, 9, -1))]
    assert whole[0]["alert_event"]["content"] == "called him"
    times = [each["timestamp"] for each in whole]
    assert times == sorted(times, reverse=True)
    for limit in (1, 2, 3):
        assert await walked(gateway, path, limit) == whole


async def test_profile_of_a_busy_entity_says_where_it_ends(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    number = PROFILE_TRANSACTIONS_MAX + 5
    # Replayed from history, so that the windows end with it.
    await store(
        database,
        [
            record(n, merchant_id="big", account_id=f"a-{n}", ingest_time=START + timedelta(days=9))
            for n in range(number)
        ],
    )
    data = (await get(gateway, "MERCHANT", "big"))["data"]
    assert data["transaction_count"] == number
    assert data["basis"]["transactions"] == PROFILE_TRANSACTIONS_MAX
    assert data["basis"]["is_complete"] is False
    assert data["basis"]["as_of"] == data["last_seen"]
    assert data["amounts"]["all"][0]["transactions"] == PROFILE_TRANSACTIONS_MAX
    links = (await get(gateway, "MERCHANT", "big", "/links"))["data"]
    assert links["truncated"] is True
    (shared,) = links["shared"]
    assert shared["truncated"] is True
    assert len(shared["links"]) == LINKED_MAX


async def test_links_name_who_used_the_same_things(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    hub = HUB_TRANSACTIONS_MAX + 1
    await store(
        database,
        [
            record(1, account_id="acc", device_id="d-1", ip_address="::1"),
            record(2, account_id="acc", device_id="d-1", counterparty_account_id="payee"),
            record(3, account_id="friend", device_id="d-1"),
            record(4, account_id="friend", device_id="d-1"),
            record(5, account_id="cousin", ip_address="::1"),
            record(6, account_id="payer", counterparty_account_id="payee"),
            record(7, account_id="acc", merchant_id="big"),
            *(record(100 + n, account_id="many", merchant_id="big") for n in range(hub)),
            record(900, account_id="stranger", device_id="d-2"),
            record(901, account_id="alone"),
        ],
    )
    data = (await get(gateway, "ACCOUNT", "acc", "/links"))["data"]
    found = {
        (each["kind"], each["value"]): (
            each["transactions"],
            each["truncated"],
            [(link["entity_id"], link["transactions"]) for link in each["links"]],
        )
        for each in data["shared"]
    }
    assert found == {
        ("DEVICE", "d-1"): (2, False, [("friend", 2)]),
        ("IP", "::1"): (1, False, [("cousin", 1)]),
        ("COUNTERPARTY", "payee"): (1, False, [("payer", 1)]),
        ("MERCHANT", "big"): (1, True, [("many", hub)]),
    }
    assert data["truncated"] is True
    assert data["transactions"] == 3
    friend = data["shared"][0]["links"][0]
    assert friend["entity_type"] == "ACCOUNT"
    assert friend["last_seen"] == "2026-02-09T14:00:04Z"
    device = (await get(gateway, "DEVICE", "d-2", "/links"))["data"]
    assert [link["entity_id"] for link in device["shared"][0]["links"]] == ["stranger"]
    assert device["truncated"] is False
    assert (await get(gateway, "ACCOUNT", "alone", "/links"))["data"]["shared"] == []


@pytest.mark.parametrize(
    "entity_id",
    ["a/b", "/", "...", "100%_", "%2F", "' OR 1=1 --", "Größe 😀", 'a"\\b', "a b+c?d#e"],
)
async def test_any_id_is_only_an_id(
    gateway: httpx.AsyncClient, database: Database, entity_id: str
) -> None:
    await store(database, [record(1, account_id=entity_id), record(2)])
    data = (await get(gateway, "ACCOUNT", entity_id))["data"]
    assert data["entity_id"] == entity_id
    assert data["transaction_count"] == 1
    timeline = await get(gateway, "ACCOUNT", entity_id, "/timeline")
    assert [each["transaction"]["transaction_id"] for each in timeline["data"]] == ["tx-00001"]


@pytest.mark.parametrize("part", ["", "/timeline", "/alerts", "/links"])
async def test_unknown_entities_types_and_cursors_are_refused(
    gateway: httpx.AsyncClient, part: str
) -> None:
    unknown = await gateway.get(f"/api/entities/ACCOUNT/nobody{part}")
    assert unknown.status_code == 404
    assert unknown.json()["error_code"] == "NOT_FOUND"
    bad = await gateway.get(f"/api/entities/PERSON/nobody{part}")
    assert bad.status_code == 422
    (fault,) = bad.json()["details"]["fields"]
    assert fault["field"] == "entity_type"
    assert "ACCOUNT" in fault["allowed"]
    assert (await gateway.get(f"/api/entities/ACCOUNT/%00{part}")).status_code == 422


@pytest.mark.parametrize("transactions_first", [False, True])
async def test_alert_is_listed_whatever_is_stored_first(
    gateway: httpx.AsyncClient, database: Database, transactions_first: bool
) -> None:
    alert = alert_values.alert("tx-1", account_id="acc")
    stored = alert_values.transaction("tx-1", account_id="acc", device_id="d-1", owner_id="o-1")
    member = AlertTransaction(
        "tx-1", alert.alert_id, alert.alert_id, 1, alert.risk_score, stored.event_time
    )
    if transactions_first:
        await store(database, [stored])
    async with database.write() as unit:
        await unit.alerts.add([alert])
        await unit.alerts.add_transactions([member])
    if not transactions_first:
        await store(database, [stored])
    for kind, entity_id in (("DEVICE", "d-1"), ("USER", "o-1"), ("TRANSACTION", "tx-1")):
        found = await get(gateway, kind, entity_id, "/alerts")
        assert [each["alert_id"] for each in found["data"]] == [alert.alert_id]
