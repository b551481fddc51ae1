"""Folding.

Alerts of one account with the same leading reason close together in event time become one alert.
"""

from datetime import timedelta

import msgspec

from gateway.domain import priority, sla
from gateway.domain.alert import Alert
from gateway.domain.enumerations import SEVERITY_ORDER


def folds_into(alert: Alert, newcomer: Alert, window: timedelta) -> bool:
    """Return whether the newcomer belongs to the burst that `alert` stands for.

    The window starts with the earliest transaction of the alert and is measured in event time, so
    that replayed history folds as it would have when it happened. A closed alert takes nothing in.
    """
    return (
        alert.is_open
        and alert.account_id == newcomer.account_id
        and alert.leading_reason == newcomer.leading_reason
        and timedelta(0) <= newcomer.first_event_time - alert.first_event_time < window
    )


def fold(alert: Alert, newcomer: Alert) -> Alert:
    """Return the alert with the newcomer in it.

    One more transaction, and the graver of both assessments.
    """
    severity = max(alert.severity, newcomer.severity, key=SEVERITY_ORDER.__getitem__)
    graver = newcomer.risk_score > alert.risk_score
    lead = newcomer if graver else alert
    changed = severity is not alert.severity
    raised = alert.raised_time
    return msgspec.structs.replace(
        alert,
        severity=severity,
        risk_score=lead.risk_score,
        transaction_id=lead.transaction_id,
        description=lead.description,
        transaction_count=alert.transaction_count + newcomer.transaction_count,
        last_event_time=max(alert.last_event_time, newcomer.last_event_time),
        updated_time=newcomer.raised_time,
        response_deadline=sla.response_deadline(severity, raised)
        if changed
        else alert.response_deadline,
        resolution_deadline=(
            sla.resolution_deadline(severity, raised) if changed else alert.resolution_deadline
        ),
        queue_rank=priority.queue_rank(severity, lead.risk_score, alert.fraud_count, raised),
        owner_id=alert.owner_id or newcomer.owner_id,
    )
