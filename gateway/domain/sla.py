"""Deadlines of an alert by severity.

Until when somebody should take it, and until when it should be closed.
"""

from datetime import datetime, time, timedelta

from gateway.domain.enumerations import Severity

_RESPONSE = {
    Severity.CRITICAL: timedelta(minutes=15),
    Severity.HIGH: timedelta(hours=1),
    Severity.MEDIUM: timedelta(hours=4),
}
_RESOLUTION = {
    Severity.CRITICAL: timedelta(hours=2),
    Severity.HIGH: timedelta(hours=8),
    Severity.MEDIUM: timedelta(hours=24),
    Severity.LOW: timedelta(hours=72),
}


def response_deadline(severity: Severity, raised: datetime) -> datetime:
    """Return until when the alert should be claimed; LOW has until the end of its day in UTC."""
    if severity is Severity.LOW:
        return datetime.combine(raised.date(), time(), raised.tzinfo) + timedelta(days=1)
    return raised + _RESPONSE[severity]


def resolution_deadline(severity: Severity, raised: datetime) -> datetime:
    """Return until when the alert should be closed."""
    return raised + _RESOLUTION[severity]
