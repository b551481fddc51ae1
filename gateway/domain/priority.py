"""The analyst's queue: a priority made of severity, risk score, confirmed-fraud history and age.

An alert has points, and gains points at the same rate as every other one while it waits. Points at
any instant therefore
order the queue the same way at every instant, and the order can be stored once: `queue_rank` is the
points minus what an alert raised at the epoch would have gained. No page ever has to be sorted by a
moving value.
"""

from datetime import UTC, datetime

from gateway.domain.enumerations import Severity

# Chosen by us: a severity weighs 20 points, the risk score at most 20, each of up to three
# confirmed frauds 10, and a day of waiting 10, so that a fresh HIGH alert passes a MEDIUM one
# unless that has waited two days or has a history.
_SEVERITY_POINTS = {
    Severity.LOW: 0.0,
    Severity.MEDIUM: 20.0,
    Severity.HIGH: 40.0,
    Severity.CRITICAL: 60.0,
}
_RISK_POINTS_MAX = 20.0
_FRAUD_POINTS = 10.0
_FRAUDS_MAX = 3
_POINTS_PER_S = 10.0 / 86_400
_P1_POINTS = 70.0
_P2_POINTS = 40.0
# A recent origin keeps the ranks small, so that a double resolves far less than a millisecond of
# age.
_ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)


def queue_rank(severity: Severity, risk_score: float, fraud_count: int, raised: datetime) -> float:
    """Return the place in the queue, higher first; it does not change while the alert waits."""
    points = (
        _SEVERITY_POINTS[severity]
        + _RISK_POINTS_MAX * risk_score / 100
        + _FRAUD_POINTS * min(fraud_count, _FRAUDS_MAX)
    )
    return points - _POINTS_PER_S * (raised - _ORIGIN).total_seconds()


def band(rank: float, now: datetime) -> str:
    """Return P1, P2 or P3 for a queue rank at an instant."""
    points = rank + _POINTS_PER_S * (now - _ORIGIN).total_seconds()
    if points >= _P1_POINTS:
        return "P1"
    return "P2" if points >= _P2_POINTS else "P3"
