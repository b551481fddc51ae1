"""Transactions, one and by what they share, on both databases."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.records import WALK_MAX
from gateway.domain.transaction import TransactionRecord
from tests.support import alert_values
from tests.support.alerts import raise_alert
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of
from tests.support.waiting import eventually


async def store(database: Database, records: list[TransactionRecord]) -> None:
    async with database.write() as unit:
        await unit.feed.add_transactions(records)


def record(number: int, **changes: Any) -> TransactionRecord:
    minute = changes.pop("minute", number)
    return alert_values.transaction(
        f"tx-{number:05}",
        event_time=alert_values.EVENT_TIME + timedelta(minutes=minute),
        alert_id=None,
        **changes,
    )


async def ids(client: httpx.AsyncClient, **params: Any) -> list[str]:
    """Return the ids of all pages by cursor."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get("/api/transactions", params=params | {"cursor": cursor})
        assert answer.status_code == 200, answer.text
        found += [each["transaction_id"] for each in answer.json()["data"]]
        cursor = answer.json()["pagination"]["next_cursor"]
    return found


async def test_each_filter_finds_its_transactions_newest_first(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    shared = {
        "merchant": ("merchant_id", "shop/7"),
        "device": ("device_id", "d'\"%_"),
        "ip": ("ip_address", "2001:db8::1"),
        "instrument": ("instrument_id", "Größe 😀"),
        "counterparty": ("counterparty_account_id", "account-2"),
        "account": ("account_id", "acc\\1"),
    }
    records = [
        # Two of the same minute, so that the id decides.
        record(10 * index + number, minute=number // 2, account_id=f"a-{index}")
        for index in range(len(shared))
        for number in range(5)
    ]
    values = list(shared.values())
    changed = [
        type(each)(**(fields(each) | {values[index // 5][0]: values[index // 5][1]}))
        for index, each in enumerate(records)
    ]
    await store(database, changed)
    for index, (name, (_, value)) in enumerate(shared.items()):
        expected = [f"tx-{10 * index + number:05}" for number in (4, 3, 2, 1, 0)]
        assert await ids(gateway, **{name: value, "limit": 2}) == expected
        by_page = []
        for page in (1, 2, 3, 4):
            answer = await gateway.get(
                "/api/transactions", params={name: value, "limit": 2, "page": page}
            )
            assert answer.json()["pagination"]["total_records"] == 5
            by_page += [each["transaction_id"] for each in answer.json()["data"]]
        assert by_page == expected
        assert await ids(gateway, **{name: value.upper() + "x"}) == []


def fields(each: TransactionRecord) -> dict[str, Any]:
    return {name: getattr(each, name) for name in each.__struct_fields__}


async def test_several_filters_look_at_a_bounded_number_and_go_on(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    """The shop is rare among what the account did, and most of it lies behind the first walk."""
    number = 2 * WALK_MAX + 10
    rare = {3, WALK_MAX - 1, WALK_MAX, 2 * WALK_MAX + 9}
    await store(
        database,
        [
            record(index, merchant_id="rare" if number - 1 - index in rare else "other")
            for index in range(number)
        ],
    )
    first = await gateway.get(
        "/api/transactions", params={"account": "account-1", "merchant": "rare"}
    )
    assert [each["transaction_id"] for each in first.json()["data"]] == [
        f"tx-{number - 1 - index:05}" for index in (3, WALK_MAX - 1)
    ]
    pagination = first.json()["pagination"]
    assert pagination["next_cursor"] is not None
    assert pagination["total_is_lower_bound"] is True
    assert await ids(gateway, account="account-1", merchant="rare") == [
        f"tx-{number - 1 - index:05}" for index in sorted(rare)
    ]
    assert len(await ids(gateway, account="account-1", limit=100)) == number
    far = await gateway.get(
        "/api/transactions",
        params={"account": "account-1", "merchant": "other", "page": WALK_MAX, "limit": 2},
    )
    assert far.status_code == 422
    assert far.json()["details"]["fields"][0]["field"] == "page"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "account"),
        ({"account": ""}, "account"),
        ({"device": "a\0"}, "device"),
        ({"ip": "1" * 65}, "ip"),
        ({"account": "a", "cursor": "x"}, "cursor"),
        ({"account": "a", "limit": 0}, "limit"),
    ],
)
async def test_bad_query_is_named(
    gateway: httpx.AsyncClient, params: dict[str, Any], field: str
) -> None:
    answer = await gateway.get("/api/transactions", params=params)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["details"]["fields"]] == [field]


async def test_transaction_comes_with_scores_reasons_alert_and_label(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    alert_id = await raise_alert(gateway, "tx-1", device_fingerprint="d-1")
    await raise_alert(gateway, "tx-2", amount=60)
    await gateway.post(f"/api/investigations/{alert_id}/decision", json={"decision": "FRAUD"})

    async def labelled() -> bool:
        data = (await gateway.get("/api/transactions/tx-2")).json()["data"]
        return data["label"] is not None

    await eventually(labelled)
    # Folded into the alert of tx-1.
    folded = (await gateway.get("/api/transactions/tx-2")).json()["data"]
    assert folded["alert"]["alert_id"] == alert_id == alert_id_of("tx-1")
    data = (await gateway.get("/api/transactions/tx-1")).json()["data"]
    assert data["amount"] == 85.5
    assert data["device_fingerprint"] == "d-1"
    assert data["detector_scores"] == {"statistical": 85.5, "behavioral": 25.0, "ml": 50.0}
    assert data["feature_deviations"][0]["code"] == "ACCOUNT_AMOUNT"
    assert data["decision"] == "REVIEW"
    assert data["alert"]["status"] == "RESOLVED"
    assert data["label"]["value"] == "FRAUD"


async def test_transaction_without_alert_and_label(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    await store(database, [record(1)])
    data = (await gateway.get("/api/transactions/tx-00001")).json()["data"]
    assert data["alert"] is None
    assert data["label"] is None


@pytest.mark.parametrize("transaction_id", ["TX-00001", "unknown", "%25", "a'b", "%00", "tx%2F1"])
async def test_other_ids_are_unknown(
    gateway: httpx.AsyncClient, database: Database, transaction_id: str
) -> None:
    await store(database, [record(1)])
    answer = await gateway.get(f"/api/transactions/{transaction_id}")
    assert answer.status_code == (422 if transaction_id == "%00" else 404)
