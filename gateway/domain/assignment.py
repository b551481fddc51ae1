"""Who has an alert: claiming, releasing, and giving it to somebody."""

from datetime import datetime

import msgspec

from gateway.domain.alert import Alert, AlertEvent
from gateway.domain.enumerations import AlertStatus
from gateway.domain.life_cycle import Change, move
from gateway.errors import ConflictError


def claim(alert: Alert, analyst_id: str, now: datetime) -> Change:
    """Return the alert with the analyst on it.

    Raises:
        ConflictError: somebody has it already, the analyst himself included, or it is closed.
    """
    if alert.status is AlertStatus.INVESTIGATING:
        raise _taken(alert)
    _require_open(alert)
    return move(alert, AlertStatus.INVESTIGATING, analyst_id, now)


def release(alert: Alert, analyst_id: str, now: datetime) -> Change:
    """Return the alert back in the queue, with nobody on it.

    Raises:
        ConflictError: nobody has it, or it is closed; only a move to ACTIVE reopens.
    """
    _require_open(alert)
    return move(alert, AlertStatus.ACTIVE, analyst_id, now)


def assign(alert: Alert, assignee: str, author: str, now: datetime) -> Change:
    """Return the alert in the hands of `assignee`, whoever had it; `author` has decided so.

    From the queue it goes into investigation, and counts as claimed. An alert that somebody had
    keeps the time of its first claim.

    Raises:
        ConflictError: the assignee has it already, or it is closed.
    """
    _require_open(alert)
    if alert.status is AlertStatus.INVESTIGATING and alert.assigned_to == assignee:
        raise _taken(alert)
    before = f" instead of {alert.assigned_to}" if alert.assigned_to else ""
    event = AlertEvent(
        alert.alert_id,
        "REASSIGNED",
        alert.status,
        AlertStatus.INVESTIGATING,
        author,
        f"to {assignee}{before}",
        now,
    )
    changed = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        status=AlertStatus.INVESTIGATING,
        claimed_time=alert.claimed_time or now,
        assigned_to=assignee,
        updated_time=now,
    )
    return Change(changed, (event,))


def _require_open(alert: Alert) -> None:
    if not alert.is_open:
        raise ConflictError(
            f"the alert is closed as {alert.status}; reopen it first",
            reason="ALERT_CLOSED",
            details={"status": alert.status, "outcome": alert.outcome},
        )


def _taken(alert: Alert) -> ConflictError:
    return ConflictError(
        f"the alert is with {alert.assigned_to}",
        reason="ALREADY_ASSIGNED",
        details={"status": alert.status, "assigned_to": alert.assigned_to},
    )
