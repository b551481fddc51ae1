"""From suppression rules to the bodies that show them."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.suppression import Suppression, SuppressionEvent, SuppressionHit
from gateway.rest.schemas import suppressions as bodies

_SCORE_PLACES = 4


def _fields(rule: Suppression, now: datetime) -> dict[str, object]:
    status = bodies.SuppressionStatus
    return {
        "suppression_id": rule.suppression_id,
        "status": status.ACTIVE if rule.holds_at(now) else status.ENDED,
        "version": rule.version,
        "entity_type": rule.entity_type,
        "entity_id": rule.entity_id,
        "reason_code": rule.reason_code,
        "include_critical": rule.include_critical,
        "comment": rule.comment,
        "created_by": rule.created_by,
        "created_at": rule.created_time,
        "until": rule.until_time,
        "ended_at": rule.ended_time,
        "ended_by": rule.ended_by,
        "hit_count": rule.hit_count,
        "last_hit_at": rule.last_hit_time,
    }


def suppression(rule: Suppression, now: datetime) -> bodies.SuppressionBody:
    """Return a rule as lists show it."""
    return bodies.SuppressionBody(**_fields(rule, now))  # type: ignore[arg-type]


def suppression_detail(
    rule: Suppression, events: Sequence[SuppressionEvent], now: datetime
) -> bodies.SuppressionDetailBody:
    """Return a rule with its history."""
    return bodies.SuppressionDetailBody(
        **_fields(rule, now),  # type: ignore[arg-type]
        history=[
            bodies.SuppressionEventBody(
                action=event.action,
                analyst_id=event.analyst_id,
                comment=event.content,
                detail=event.detail,
                timestamp=event.event_time,
            )
            for event in events
        ],
    )


def hit(each: SuppressionHit) -> bodies.SuppressionHitBody:
    """Return an alert that was held back."""
    return bodies.SuppressionHitBody(
        transaction_id=each.transaction_id,
        alert_id=each.alert_id,
        risk_score=round(each.risk_score, _SCORE_PLACES),
        severity=each.severity,
        leading_reason=each.leading_reason,
        timestamp=each.event_time,
    )
