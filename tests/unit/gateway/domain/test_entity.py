from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain import entity
from gateway.domain.alert import AlertEvent
from gateway.domain.entity import PROFILE_TRANSACTIONS_MAX, AmountSum, ProfileRow
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.domain.timeline import TimelineEntry, place_of
from tests.support import alert_values

NOW = datetime(2026, 2, 9, 14, tzinfo=UTC)


def row(
    age: timedelta, amount: int | None = 100, currency: str = "EUR", **changes: object
) -> ProfileRow:
    time = NOW - age
    values = {
        "event_time": time,
        "ingest_time": time,
        "amount_minor": amount,
        "currency": currency,
        "country": "DE",
        "channel": "POS",
        "merchant_id": None,
        "risk_score": 10.0,
    }
    return ProfileRow(**(values | changes))  # type: ignore[arg-type]


def test_amounts_are_summed_by_window_and_currency() -> None:
    found = entity.behaviour(
        [
            row(timedelta()),
            row(timedelta(hours=23), None),
            row(timedelta(hours=24), 7),
            row(timedelta(days=8), 50, "USD"),
            row(timedelta(days=31), 1000),
        ],
        NOW,
    )
    assert found.amounts == {
        "24h": [AmountSum("EUR", 2, 100)],
        "7d": [AmountSum("EUR", 3, 107)],
        "30d": [AmountSum("EUR", 3, 107), AmountSum("USD", 1, 50)],
        "all": [AmountSum("EUR", 4, 1107), AmountSum("USD", 1, 50)],
    }
    assert found.as_of == NOW
    assert found.is_complete


def test_windows_of_replayed_history_end_with_it() -> None:
    old = row(timedelta(days=3000), ingest_time=NOW)
    found = entity.behaviour([old], NOW)
    assert found.as_of == old.event_time
    assert found.amounts["24h"] == [AmountSum("EUR", 1, 100)]


def test_one_more_than_the_bound_is_left_out_and_said() -> None:
    rows = [row(timedelta(seconds=index)) for index in range(PROFILE_TRANSACTIONS_MAX + 1)]
    found = entity.behaviour(rows, NOW)
    assert found.transactions == PROFILE_TRANSACTIONS_MAX
    assert found.since == rows[-2].event_time
    assert not found.is_complete


def test_nothing_seen_is_empty() -> None:
    found = entity.behaviour([], NOW)
    assert found.amounts == {"24h": [], "7d": [], "30d": [], "all": []}
    assert (found.since, found.risk_score_max, found.risk_score_last) == (None, None, None)
    counts = entity.alert_counts({})
    assert counts.by_status == dict.fromkeys(AlertStatus, 0)


def test_usual_values_are_the_most_frequent_in_a_stable_order() -> None:
    rows = [row(timedelta(), country=country) for country in ("FR", "DE", None, "FR", "AT")]
    assert entity.behaviour(rows, NOW).countries == [("FR", 2), ("AT", 1), ("DE", 1)]


def test_alerts_are_counted_by_status_and_fraud() -> None:
    found = entity.alert_counts(
        {
            (AlertStatus.RESOLVED, CaseDecision.FRAUD): 2,
            (AlertStatus.RESOLVED, None): 1,
            (AlertStatus.ACTIVE, None): 4,
        }
    )
    assert found.alerts == 7
    assert found.frauds == 2
    assert found.by_status[AlertStatus.RESOLVED] == 3


@pytest.mark.parametrize("key", ["e:", "e:x", "", "e:" + "9" * 40, "e:\N{SUPERSCRIPT TWO}"])
def test_any_key_of_a_cursor_is_a_place(key: str) -> None:
    assert place_of(NOW, key).event_id in {0, 2**63 - 1}


def test_place_goes_on_behind_its_entry() -> None:
    transaction = TimelineEntry(NOW, alert_values.transaction("tx-1"))
    assert place_of(NOW, transaction.key).transaction == (NOW, "tx-1")
    assert place_of(NOW, transaction.key).event_id is None
    event = AlertEvent("a", "RAISED", None, AlertStatus.ACTIVE, "system", "", NOW)
    later, earlier = TimelineEntry(NOW, event, 10), TimelineEntry(NOW, event, 9)
    assert transaction.key > later.key > earlier.key
    assert place_of(NOW, later.key).event_id == 10
    assert place_of(NOW, later.key).transaction == (NOW, "")
