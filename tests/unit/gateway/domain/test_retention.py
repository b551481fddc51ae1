"""The horizon of retention, and what lies before it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.retention import horizon, may_be_pruned, without_pruned
from tests.support.alert_values import transaction

NOW = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
times = st.integers(-500 * 24, 300 * 24).map(lambda hours: NOW + timedelta(hours=hours))


def test_horizon_is_the_start_of_a_day() -> None:
    assert horizon(NOW, 90, NOW) == datetime(2025, 12, 31, tzinfo=UTC)
    assert horizon(NOW, 1, NOW) == datetime(2026, 3, 30, tzinfo=UTC)


def test_horizon_does_not_pass_the_newest_transaction() -> None:
    assert horizon(NOW, 1, NOW - 10 * DAY) == datetime(2026, 3, 21, tzinfo=UTC)


@given(now=times, days=st.integers(1, 400), newest=times, happened=times, came=times)
def test_what_is_left_out_was_worth_a_look(
    now: datetime, days: int, newest: datetime, happened: datetime, came: datetime
) -> None:
    """Ingest looks the horizon up only for transactions that can lie before it."""
    before = horizon(now, days, newest)
    assert before <= newest
    assert before <= now - days * DAY < before + DAY or before == newest.replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    record = transaction(event_time=happened, ingest_time=came)
    left = without_pruned([record], before)
    assert left == ([] if happened < before and came < before else [record])
    assert left or may_be_pruned([record], now)
    assert without_pruned([record], None) == [record]
