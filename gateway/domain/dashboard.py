"""The figures of the dashboard, worked out from hourly counts and the counts of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.domain.analytics import change_pct
from gateway.domain.enumerations import CLOSED_STATUSES, OPEN_STATUSES, AlertStatus, Severity
from gateway.domain.rollup import Rollup, hour_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

AlertCounts = Mapping[tuple[AlertStatus, Severity], int]


class TrendRange(StrEnum):
    """How far a trend looks back: hourly points for a day, daily ones beyond."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


_POINTS = {
    TrendRange.DAY: (24, HOUR),
    TrendRange.WEEK: (7, DAY),
    TrendRange.MONTH: (30, DAY),
}


class Overview(Struct, frozen=True, kw_only=True):
    """The headline figures; changes compare the last 24 hours with the 24 before, in percent.

    Attributes:
        undefined: changes that are 0 because there was nothing before to compare with, as in the
            first day of an installation.
    """

    total_transactions: int
    active_alerts: int
    high_risk_alerts: int
    false_positive_rate: float
    alerts_change_pct: float
    false_positive_change_pct: float
    transactions_change_pct: float
    undefined: tuple[str, ...]


def trend_start(span: TrendRange, now: datetime) -> datetime:
    """Return the start of the first point of a trend that ends with the point `now` lies in."""
    points, step = _POINTS[span]
    last = hour_of(now) if step == HOUR else datetime.combine(now.date(), time(), now.tzinfo)
    return last - (points - 1) * step


def alert_trend(
    rollups: Sequence[Rollup], span: TrendRange, now: datetime
) -> list[tuple[datetime, int]]:
    """Return how many alerts were raised in each step, oldest first; empty steps are 0."""
    points, step = _POINTS[span]
    start = trend_start(span, now)
    values = [0] * points
    for rollup in rollups:
        index = (rollup.hour - start) // step
        if 0 <= index < points:
            values[index] += rollup.alerts
    return [(start + index * step, value) for index, value in enumerate(values)]


def overview(
    counts: AlertCounts, total_transactions: int, rollups: Sequence[Rollup], now: datetime
) -> Overview:
    """Return the headline figures.

    Args:
        counts: all alerts by status and severity.
        total_transactions: ever taken in.
        rollups: at least the hours of the last two days.
        now: the last 24 hours end with the hour it lies in.
    """
    border = hour_of(now) + HOUR - DAY
    recent = [rollup for rollup in rollups if rollup.hour >= border]
    before = [rollup for rollup in rollups if border - DAY <= rollup.hour < border]
    changes = {
        "alerts_change_pct": change_pct(_alerts(before), _alerts(recent)),
        "false_positive_change_pct": change_pct(
            _false_positive_rate(before), _false_positive_rate(recent)
        ),
        "transactions_change_pct": change_pct(_transactions(before), _transactions(recent)),
    }
    return Overview(
        total_transactions=total_transactions,
        active_alerts=_count(counts, (AlertStatus.ACTIVE,), tuple(Severity)),
        high_risk_alerts=_count(counts, OPEN_STATUSES, (Severity.HIGH, Severity.CRITICAL)),
        false_positive_rate=percentage(
            _count(counts, (AlertStatus.FALSE_POSITIVE,), tuple(Severity)),
            _count(counts, CLOSED_STATUSES, tuple(Severity)),
        ),
        undefined=tuple(name for name, change in changes.items() if change is None),
        **{name: change or 0.0 for name, change in changes.items()},
    )


def by_severity(counts: AlertCounts) -> dict[Severity, int]:
    """Return how many alerts there are of each severity, zeros included."""
    return {severity: _count(counts, tuple(AlertStatus), (severity,)) for severity in Severity}


def percentage(part: float, whole: float) -> float:
    """Return part of whole in percent; 0 of nothing."""
    return 100.0 * part / whole if whole else 0.0


def _alerts(rollups: Sequence[Rollup]) -> int:
    return sum(rollup.alerts for rollup in rollups)


def _transactions(rollups: Sequence[Rollup]) -> int:
    return sum(rollup.transactions for rollup in rollups)


def _false_positive_rate(rollups: Sequence[Rollup]) -> float:
    false_positives = sum(rollup.false_positives for rollup in rollups)
    return percentage(false_positives, false_positives + sum(rollup.resolved for rollup in rollups))


def _count(
    counts: AlertCounts, statuses: Sequence[AlertStatus], severities: Sequence[Severity]
) -> int:
    return sum(
        number
        for (status, severity), number in counts.items()
        if status in statuses and severity in severities
    )
