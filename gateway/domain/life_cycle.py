"""The life cycle of an alert: one table of moves, and what each move does to an alert."""

from datetime import datetime

import msgspec

from gateway.domain import priority, sla
from gateway.domain.alert import Alert, AlertEvent, is_open
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.errors import ConflictError

# Every legal move and the name under which the history records it. Anything else is a conflict.
MOVES: dict[tuple[AlertStatus, AlertStatus], str] = {
    (AlertStatus.ACTIVE, AlertStatus.INVESTIGATING): "CLAIMED",
    (AlertStatus.INVESTIGATING, AlertStatus.ACTIVE): "RELEASED",
    (AlertStatus.INVESTIGATING, AlertStatus.RESOLVED): "RESOLVED",
    (AlertStatus.INVESTIGATING, AlertStatus.FALSE_POSITIVE): "MARKED_FALSE_POSITIVE",
    (AlertStatus.RESOLVED, AlertStatus.ACTIVE): "REOPENED",
    (AlertStatus.FALSE_POSITIVE, AlertStatus.ACTIVE): "REOPENED",
}

_DECIDED_STATUS = {
    CaseDecision.FRAUD: AlertStatus.RESOLVED,
    CaseDecision.LEGITIMATE: AlertStatus.FALSE_POSITIVE,
    CaseDecision.REVIEW: AlertStatus.INVESTIGATING,
}


class Change(msgspec.Struct, frozen=True):
    """An alert after a change, with the history rows that tell of it. Nothing is stored yet."""

    alert: Alert
    events: tuple[AlertEvent, ...]


def move(alert: Alert, target: AlertStatus, analyst_id: str, now: datetime) -> Change:
    """Return the alert moved to `target`.

    Raises:
        ConflictError: the table has no such move.
    """
    action = MOVES.get((alert.status, target))
    if action is None:
        allowed = sorted(to for start, to in MOVES if start is alert.status)
        raise ConflictError(
            f"an alert cannot go from {alert.status} to {target}; from {alert.status} it can go "
            f"to {', '.join(allowed)}",
            reason="ILLEGAL_TRANSITION",
            details={"status": alert.status, "requested": target, "allowed": allowed},
        )
    event = AlertEvent(alert.alert_id, action, alert.status, target, analyst_id, "", now)
    changed = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        status=target,
        is_open=is_open(target),
        updated_time=now,
        closed_time=None if is_open(target) else now,
    )
    if target is AlertStatus.INVESTIGATING:
        changed = msgspec.structs.replace(
            changed, claimed_time=alert.claimed_time or now, assigned_to=analyst_id
        )
    if target is AlertStatus.ACTIVE:
        changed = msgspec.structs.replace(
            changed, claimed_time=None, assigned_to=None, outcome=None
        )
    if action == "REOPENED":
        changed = _with_fresh_deadlines(changed, now)
    return Change(changed, (event,))


def decide(
    alert: Alert, decision: CaseDecision, analyst_id: str, notes: str, now: datetime
) -> Change:
    """Return the alert after an analyst's decision; an ACTIVE alert is claimed first.

    Raises:
        ConflictError: the alert is closed already.
    """
    if not alert.is_open:
        raise ConflictError(
            f"the alert is closed as {alert.status}; reopen it before deciding again",
            reason="ALERT_CLOSED",
            details={"status": alert.status, "outcome": alert.outcome},
        )
    events: tuple[AlertEvent, ...] = ()
    current = alert
    if current.status is AlertStatus.ACTIVE:
        claim = move(current, AlertStatus.INVESTIGATING, analyst_id, now)
        current, events = claim.alert, claim.events
    target = _DECIDED_STATUS[decision]
    event = AlertEvent(
        alert.alert_id, f"DECIDED_{decision}", current.status, target, analyst_id, notes, now
    )
    if target is AlertStatus.INVESTIGATING:
        current = msgspec.structs.replace(
            current, version=current.version + 1, assigned_to=analyst_id, updated_time=now
        )
    else:
        closed = move(current, target, analyst_id, now).alert
        current = msgspec.structs.replace(closed, outcome=decision)
    return Change(current, (*events, event))


def _with_fresh_deadlines(alert: Alert, now: datetime) -> Alert:
    """A reopened alert is due as if it had been raised at `now`.

    Its raised_time keeps the first instant.
    """
    return msgspec.structs.replace(
        alert,
        response_deadline=sla.response_deadline(alert.severity, now),
        resolution_deadline=sla.resolution_deadline(alert.severity, now),
        queue_rank=priority.queue_rank(alert.severity, alert.risk_score, alert.fraud_count, now),
    )
