"""Choosing a threshold by what it would have cost, on both databases."""

from typing import Any

import httpx
import pytest

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.enumerations import LabelValue
from tests.support.alert_values import transaction
from tests.support.counted import say_all, take_in

PATH = "/api/analytics/thresholds"
COSTS = {"review_cost_minor": 10, "review_minutes": 30, "good_customer_cost_share": 0.5}


async def thresholds(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


@pytest.fixture
async def filled(database: Database, gateway: httpx.AsyncClient) -> httpx.AsyncClient:
    now = utc_now()
    scores = [(90, 5_000), (60, 1_000), (60, 200), (30, 4_000), (10, 300)]
    records = [
        transaction(
            f"tx-{number}",
            account_id=f"account-{number}",
            event_time=now,
            ingest_time=now,
            risk_score=float(score),
            amount_minor=amount,
            alert_id=f"alr-{number}" if score >= 50 else None,
        )
        for number, (score, amount) in enumerate(scores)
    ]
    other = transaction("tx-yen", event_time=now, currency="JPY", kind="TRADE", amount_minor=7)
    await take_in(database, [*records, other])
    await say_all(database, [(f"tx-{number}", LabelValue.FRAUD, now) for number in (0, 3)])
    return gateway


async def test_each_threshold_tells_its_cost(filled: httpx.AsyncClient) -> None:
    found = await thresholds(filled, range="7d", currency="eur", **COSTS)
    assert (found["currency"], found["currencies"], found["days"]) == ("EUR", ["EUR", "JPY"], 7)
    rows = found["thresholds"]
    assert [row["threshold"] for row in rows] == list(range(101))
    assert rows[50] == {
        "threshold": 50,
        "alerts": 3,
        "alerts_daily": 0.43,
        "fraud_stopped": 1,
        "fraud_missed": 1,
        "good_customers_stopped": 2,
        "fraud_stopped_minor": 5_000,
        "fraud_missed_minor": 4_000,
        "good_customers_stopped_minor": 1_200,
        "analyst_hours": 1.5,
        "expected_loss_minor": 4_000 + 30 + 600,
        "within_capacity": True,
        "best": False,
        "present": True,
    }
    # Everything from 30 on: no fraud missed, four reviews, half of 1,200.
    assert (found["best"], rows[30]["expected_loss_minor"]) == (30, 640)
    assert found["saving_minor"] == 4_630 - 640
    assert [row["threshold"] for row in rows if row["best"]] == [30]
    assert found["assumptions"]["defaulted"] == []


async def test_the_capacity_bounds_the_choice(filled: httpx.AsyncClient) -> None:
    found = await thresholds(filled, range="7d", capacity=1 / 7 + 1e-9, **COSTS)
    assert (found["best"], found["thresholds"][90]["within_capacity"]) == (90, True)
    assert not found["thresholds"][60]["within_capacity"]
    # A threshold that nothing reaches fits any capacity.
    assert (await thresholds(filled, range="7d", capacity=0, **COSTS))["best"] == 100


async def test_one_currency_and_kind_at_a_time(filled: httpx.AsyncClient) -> None:
    found = await thresholds(filled)
    assert found["currency"] == "EUR"
    assert found["assumptions"]["defaulted"] == [
        "review_cost_minor",
        "review_minutes",
        "good_customer_cost_share",
    ]
    found = await thresholds(filled, currency="JPY", kind="TRADE")
    assert found["thresholds"][0]["good_customers_stopped_minor"] == 7
    for nothing in (
        await thresholds(filled, currency="JPY", kind="PAYMENT"),
        await thresholds(filled, currency="CHF"),
    ):
        assert (nothing["best"], nothing["undefined"]) == (None, ["best", "saving_minor"])
        assert nothing["present"] == 50


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("currency=XXX", "currency"),
        ("currency=EURO", "currency"),
        ("range=1y", "range"),
        ("kind=LOAN", "kind"),
        ("capacity=-1", "capacity"),
        ("review_cost_minor=1.5", "review_cost_minor"),
        ("review_minutes=nan", "review_minutes"),
        ("good_customer_cost_share=2", "good_customer_cost_share"),
    ],
)
async def test_bad_values_are_named(gateway: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await gateway.get(f"{PATH}?{query}")
    assert answer.status_code == 422, answer.text
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]
