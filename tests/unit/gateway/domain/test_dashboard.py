from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain import dashboard
from gateway.domain.dashboard import TrendRange
from gateway.domain.enumerations import AlertStatus, Severity
from gateway.domain.rollup import Rollup

NOW = datetime(2026, 2, 9, 14, 30, tzinfo=UTC)


def hours_ago(number: int, **counts: int) -> Rollup:
    return Rollup(hour=NOW.replace(minute=0) - timedelta(hours=number), **counts)


def test_day_has_24_hourly_points_that_end_now() -> None:
    rollups = [hours_ago(0, alerts=1), hours_ago(23, alerts=2), hours_ago(24, alerts=4)]
    points = dashboard.alert_trend(rollups, TrendRange.DAY, NOW)
    assert len(points) == 24
    assert points[-1] == (datetime(2026, 2, 9, 14, tzinfo=UTC), 1)
    assert points[0] == (datetime(2026, 2, 8, 15, tzinfo=UTC), 2)
    assert sum(value for _, value in points) == 3


@pytest.mark.parametrize(("span", "days"), [("7d", 7), ("30d", 30)])
def test_longer_ranges_have_daily_points(span: str, days: int) -> None:
    rollups = [hours_ago(0, alerts=1), hours_ago(14, alerts=2), hours_ago(15, alerts=4)]
    points = dashboard.alert_trend(rollups, TrendRange(span), NOW)
    assert len(points) == days
    assert points[-1] == (datetime(2026, 2, 9, tzinfo=UTC), 3)
    assert points[-2] == (datetime(2026, 2, 8, tzinfo=UTC), 4)


def test_overview_counts_and_compares() -> None:
    counts = {
        (AlertStatus.ACTIVE, Severity.LOW): 1,
        (AlertStatus.ACTIVE, Severity.HIGH): 2,
        (AlertStatus.INVESTIGATING, Severity.CRITICAL): 3,
        (AlertStatus.RESOLVED, Severity.HIGH): 6,
        (AlertStatus.FALSE_POSITIVE, Severity.LOW): 2,
    }
    rollups = [
        hours_ago(30, alerts=10, transactions=100, resolved=1, false_positives=1),
        hours_ago(1, alerts=15, transactions=50, resolved=3, false_positives=1),
    ]
    found = dashboard.overview(counts, 150, rollups, NOW)
    assert found == dashboard.Overview(
        total_transactions=150,
        active_alerts=3,
        high_risk_alerts=5,
        false_positive_rate=25.0,
        alerts_change_pct=50.0,
        false_positive_change_pct=-50.0,
        transactions_change_pct=-50.0,
        undefined=(),
    )


def test_first_day_has_no_trend() -> None:
    found = dashboard.overview({}, 50, [hours_ago(1, alerts=15, transactions=50)], NOW)
    assert (found.alerts_change_pct, found.transactions_change_pct) == (0.0, 0.0)
    assert found.undefined == (
        "alerts_change_pct",
        "false_positive_change_pct",
        "transactions_change_pct",
    )


def test_nothing_at_all_is_zero() -> None:
    found = dashboard.overview({}, 0, [], NOW)
    assert found.false_positive_rate == 0.0
    assert found.alerts_change_pct == 0.0
    assert list(dashboard.by_severity({}).values()) == [0, 0, 0, 0]
