"""Counts by hour of our clock, kept as events come in: no dashboard reads the transactions."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.alert import Alert
from gateway.domain.enumerations import AlertStatus, CaseDecision, Severity

_SEVERITY_COUNT = {severity: f"alerts_{severity.lower()}" for severity in Severity}


class Rollup(Struct, kw_only=True):
    """What happened in one hour; its fields are the columns of the table `hourly_rollups`.

    Attributes:
        resolved, false_positives: alerts that were closed in the hour, by how.
        frauds: those of them that a decision confirmed.
    """

    hour: datetime
    transactions: int = 0
    alerts: int = 0
    alerts_low: int = 0
    alerts_medium: int = 0
    alerts_high: int = 0
    alerts_critical: int = 0
    resolved: int = 0
    false_positives: int = 0
    frauds: int = 0

    def count_alert(self, severity: Severity) -> None:
        """Count an alert that was raised."""
        self.alerts += 1
        name = _SEVERITY_COUNT[severity]
        setattr(self, name, getattr(self, name) + 1)


def hour_of(instant: datetime) -> datetime:
    """Return the start of the hour that an instant lies in."""
    return instant.replace(minute=0, second=0, microsecond=0)


def closing(before: Alert, after: Alert) -> list[Rollup]:
    """Return what the closing or reopening of an alert adds to the counts.

    A reopening takes its closing back.
    """
    rollups = []
    for alert, step in ((before, -1), (after, 1)):
        if alert.closed_time is None or before.is_open == after.is_open:
            continue
        rollup = Rollup(hour=hour_of(alert.closed_time))
        rollup.resolved = step * (alert.status is AlertStatus.RESOLVED)
        rollup.false_positives = step * (alert.status is AlertStatus.FALSE_POSITIVE)
        rollup.frauds = step * (alert.outcome is CaseDecision.FRAUD)
        rollups.append(rollup)
    return rollups
