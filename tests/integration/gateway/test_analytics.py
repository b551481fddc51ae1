"""The analytics endpoints say what the labels say, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.enumerations import LabelValue
from gateway.domain.transaction import TransactionRecord
from tests.support.alert_values import transaction
from tests.support.alerts import body, raise_alert
from tests.support.counted import say, say_all, take_in
from tests.support.waiting import eventually

FRAUD, LEGITIMATE = LabelValue.FRAUD, LabelValue.LEGITIMATE
WITHDRAWN = LabelValue.WITHDRAWN


def scored(
    number: int, score: float, when: datetime, *, alerted: bool, **changes: Any
) -> TransactionRecord:
    return transaction(
        f"tx-{number}",
        account_id=f"account-{number}",
        event_time=when,
        ingest_time=when,
        risk_score=score,
        alert_id=f"alr-{number}" if alerted else None,
        **changes,
    )


async def data_of(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(f"/api/analytics/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
async def filled(database: Database, gateway: httpx.AsyncClient) -> httpx.AsyncClient:
    """Two frauds alerted, one missed, one false alarm, one alert open, three quiet ones."""
    now = utc_now()
    yesterday, long_ago = now - timedelta(days=1), now - timedelta(days=20)
    await take_in(
        database,
        [
            scored(1, 90, now, alerted=True),
            scored(2, 70, yesterday, alerted=True, model_version="2.0.0"),
            scored(3, 30, yesterday, alerted=False),
            scored(4, 60, now, alerted=True),
            scored(5, 55, now, alerted=True),
            scored(6, 10, now, alerted=False),
            scored(7, 10, now, alerted=False),
            scored(8, 10, long_ago, alerted=False),
        ],
    )
    for number, value in ((1, FRAUD), (2, FRAUD), (3, FRAUD), (4, LEGITIMATE)):
        await say(database, f"tx-{number}", value, now)
    return gateway


async def test_metrics_follow_labels(filled: httpx.AsyncClient, database: Database) -> None:
    found = await data_of(filled, "metrics", range="7d")
    assert (found["precision"], found["recall"]) == (50, 66.67)
    assert (found["f1_score"], found["accuracy"]) == (57.14, 57.14)
    assert found["precision_decided"] == 66.67
    assert (found["undecided"], found["fraud"], found["transactions"]) == (1, 3, 7)
    # 90 and 70 beat all four others, 30 beats two of them.
    assert found["auc_roc"] == round(10 / 12, 4)
    assert found["undefined"] == []
    assert found["alert_volume_daily"] == round(4 / 7, 2)
    assert found["corrected"] is None
    # What is taken back counts no longer, and the last word counts.
    await say(database, "tx-1", WITHDRAWN, utc_now() + timedelta(minutes=1))
    await say(database, "tx-3", LEGITIMATE, utc_now() + timedelta(minutes=1))
    await say(database, "tx-3", FRAUD, utc_now() - timedelta(days=1))
    found = await data_of(filled, "metrics", range="7d")
    assert (found["precision"], found["recall"]) == (25, 100)


async def test_ranges_hold_what_happened_in_them(filled: httpx.AsyncClient) -> None:
    for span, count in (("24h", 5), ("7d", 7), ("30d", 8), ("90d", 8), ("all", 8)):
        found = await data_of(filled, "metrics", range=span)
        assert found["transactions"] == count, span
    matrix = await data_of(filled, "confusion-matrix")
    assert [matrix[name] for name in matrix if "_" in name][:4] == [2, 2, 3, 1]
    day = (utc_now() - timedelta(days=20)).date().isoformat()
    for ends in ({"end_date": day}, {"end_date": f"{day}T14:32:18Z"}):
        old = await data_of(filled, "confusion-matrix", start_date=day, **ends)
        assert (old["true_negatives"], old["true_positives"]) == (1, 0)
        assert (old["start_date"], old["end_date"]) == (day, day)


async def test_model_performance_is_by_version_and_day(filled: httpx.AsyncClient) -> None:
    found = await data_of(filled, "model-performance", range="7d")
    assert {len(values) for values in found.values()} == {3}
    assert found["versions"] == ["1.0.0", "2.0.0", "1.0.0"]
    assert found["timestamps"] == sorted(found["timestamps"])
    assert found["timestamps"][0] == found["timestamps"][1]
    assert found["recall"] == [0, 100, 100]
    assert found["precision"] == [0, 100, 33.33]
    assert found["accuracy"] == [0, 100, 60]
    assert found["undefined"] == [["precision"], [], []]
    assert found["corrected"] == [False] * 3


async def test_detection_rate_marks_days_without_fraud(filled: httpx.AsyncClient) -> None:
    found = await data_of(filled, "detection-rate", range="7d")
    assert (found["average"], sum(found["frauds"])) == (66.67, 3)
    assert found["labels"] == sorted(found["labels"])
    assert found["rates"][-2:] == [50, 100]
    assert found["undefined"] == found["labels"][:-2]
    assert len(found["labels"]) == len(found["rates"]) == 7


async def test_without_anything_every_share_is_marked(gateway: httpx.AsyncClient) -> None:
    for span in ("24h", "all"):
        found = await data_of(gateway, "metrics", range=span)
        shares = ("precision", "recall", "f1_score", "accuracy", "precision_decided", "auc_roc")
        assert [found[name] for name in shares] == [0] * 6
        assert sorted(found["undefined"]) == sorted(shares)
        assert (await data_of(gateway, "detection-rate", range=span))["undefined"][-1] == "average"
    health = (await gateway.get("/api/analytics/health")).json()
    assert (health["last_sync"], health["model_version"]) == (None, "")
    found = await data_of(gateway, "label-delay")
    assert (found["alerted"], found["missed"]) == (None, None)


async def test_replayed_history_is_seen_where_it_ends(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    then = datetime(2018, 7, 1, 12, 20, tzinfo=UTC)
    await take_in(database, [scored(1, 90, then, alerted=True), scored(2, 1, then, alerted=False)])
    await say(database, "tx-1", FRAUD, then)
    found = await data_of(gateway, "metrics", range="24h")
    assert (found["transactions"], found["recall"]) == (2, 100)
    assert found["as_of"].startswith("2018-07-01T12:59:59")
    assert (await gateway.get("/api/analytics/health")).json()["model_version"] == "1.0.0"


async def test_workload_is_on_our_clock_and_compared_with_the_time_before(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    now = utc_now()
    await take_in(
        database,
        [
            scored(number, 90, now - timedelta(days=days), alerted=True)
            for number, days in enumerate((8, 8, 9, 0, 1), start=1)
        ],
    )
    await gateway.post("/api/investigations/alr-4/decision", json={"decision": "FRAUD"})
    answer = (await gateway.get("/api/analytics/trends", params={"range": "7d"})).json()
    assert [day["alerts"] for day in answer["data"]] == [0, 0, 0, 0, 0, 1, 1]
    assert answer["data"][-1] == {
        "date": now.date().isoformat(),
        "alerts": 1,
        "resolved": 1,
        "false_positives": 0,
    }
    comparison = answer["comparison"]
    assert comparison["previous_end"] == comparison["start"]
    assert (comparison["current"]["alerts"], comparison["previous"]["alerts"]) == (2, 3)
    assert comparison["change_pct"] == {
        "alerts": -33.33,
        "resolved": None,
        "false_positives": None,
        "undefined": ["resolved", "false_positives"],
    }
    answer = (await gateway.get("/api/analytics/trends", params={"range": "all"})).json()
    assert answer["comparison"] is None
    assert sum(day["alerts"] for day in answer["data"]) == 5
    volume = await data_of(gateway, "alert-volume", range="7d", group_by="day")
    assert (volume["alerts"][-2:], volume["frauds"][-2:]) == ([1, 1], [0, 1])
    volume = await data_of(gateway, "alert-volume", range="30d", group_by="hour")
    assert len(volume["labels"]) == 720
    assert (sum(volume["alerts"]), sum(volume["frauds"])) == (5, 1)


async def test_a_decision_counts_before_the_scoring_server_has_it(
    gateway: httpx.AsyncClient, scoring: Any
) -> None:
    await gateway.post("/api/detection/evaluate", json=body("tx-0", amount=1))
    alert_id = await raise_alert(gateway, "tx-1")
    await scoring.stop()
    await gateway.post(f"/api/investigations/{alert_id}/decision", json={"decision": "FRAUD"})

    async def recalled(percent: float) -> bool:
        return (await data_of(gateway, "metrics", range="24h"))["recall"] == percent

    await eventually(lambda: recalled(100))
    await gateway.patch(f"/api/alerts/{alert_id}/status", params={"status": "ACTIVE"})
    await eventually(lambda: recalled(0))


async def test_recent_figures_are_corrected_by_the_delay_of_labels(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    """Missed frauds of each day become known evenly over ten days; alerted ones at once."""
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    records = []
    number = 0
    for age in range(1, 21):
        for slot in range(10):
            when = today - timedelta(days=age) + timedelta(hours=8 + slot)
            number += 1
            records.append(scored(2 * number, 20, when, alerted=False))
            records.append(scored(2 * number + 1, 90, when, alerted=True))
    await take_in(database, records)
    said = []
    for record in records:
        delay = timedelta(hours=1)
        if record.alert_id is None:
            delay = timedelta(days=record.event_time.hour - 8, hours=12)
        if record.event_time + delay <= utc_now():
            said.append((record.transaction_id, FRAUD, record.event_time + delay))
    await say_all(database, said)
    found = await data_of(gateway, "metrics", range="30d")
    assert found["recall"] > 52
    assert found["corrected"]["recall"] == pytest.approx(50, abs=2)
    assert found["corrected"]["days_left_out"] in {1, 2}
    curves = await data_of(gateway, "label-delay")
    assert curves["missed"]["known_ratio"][4] == pytest.approx(0.5, abs=0.1)
    assert curves["alerted"]["known_ratio"][0] == 1
    rates = await data_of(gateway, "detection-rate", range="7d")
    assert rates["corrected"][0]
    assert not rates["corrected"][-1]
    assert rates["rates"][0] > rates["rates_corrected"][0]
    assert rates["maturity"] == sorted(rates["maturity"], reverse=True)


@pytest.mark.parametrize(
    ("path", "query", "field", "allowed"),
    [
        ("metrics", "range=5d", "range", ["24h", "7d", "30d", "90d", "all"]),
        ("model-performance", "range=24h", "range", ["7d", "30d", "90d"]),
        ("alert-volume", "group_by=week", "group_by", ["day", "hour"]),
        ("detection-rate", "range=", "range", ["24h", "7d", "30d", "90d", "all"]),
        ("trends", "range=ALL", "range", ["24h", "7d", "30d", "90d", "all"]),
        ("confusion-matrix", "start_date=yesterday", "start_date", None),
        ("confusion-matrix", "end_date=2026-02-30", "end_date", None),
        ("confusion-matrix", "end_date=0001-01-01", "end_date", None),
        ("confusion-matrix", "start_date=2026-02-02&end_date=2026-02-01", "start_date", None),
        ("confusion-matrix", "start_date=1990-01-01&end_date=2026-02-01", "start_date", None),
    ],
)
async def test_bad_values_are_named(
    gateway: httpx.AsyncClient, path: str, query: str, field: str, allowed: list[str] | None
) -> None:
    answer = await gateway.get(f"/api/analytics/{path}?{query}")
    assert answer.status_code == 422
    (fault,) = answer.json()["details"]["fields"]
    assert (fault["field"], fault.get("allowed")) == (field, allowed)
