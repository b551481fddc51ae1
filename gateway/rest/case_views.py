"""From cases to the bodies that show them."""

from datetime import datetime

from gateway.domain.alert import AlertEvent
from gateway.domain.case_file import CaseEvent, CaseFile
from gateway.rest import views
from gateway.rest.schemas import cases as bodies
from gateway.services.case_files import CaseDetail


def _fields(each: CaseFile) -> dict[str, object]:
    return {
        "case_id": each.case_id,
        "version": each.version,
        "status": each.status,
        "title": each.title,
        "owner_id": each.owner_id,
        "assigned_to": each.assigned_to,
        "alert_count": each.alert_count,
        "created_by": each.created_by,
        "created_at": each.created_time,
        "updated_at": each.updated_time,
        "closed_at": each.closed_time,
    }


def case(each: CaseFile) -> bodies.CaseBody:
    """Return a case as lists show it."""
    return bodies.CaseBody(**_fields(each))  # type: ignore[arg-type]


def case_detail(detail: CaseDetail, now: datetime) -> bodies.CaseDetailBody:
    """Return a case with its alerts and its history."""
    return bodies.CaseDetailBody(
        **_fields(detail.case),  # type: ignore[arg-type]
        alerts=[views.alert(alert, now) for alert in detail.alerts],
        history=[history(event) for event in detail.history],
        history_complete=detail.history_complete,
    )


def history(event: CaseEvent | AlertEvent) -> bodies.CaseHistoryBody:
    """Return a row of history, of a case or of one of its alerts."""
    body = bodies.CaseHistoryBody(
        timestamp=event.event_time,
        action=event.action,
        analyst_id=event.analyst_id,
        content=event.content,
        alert_id=event.alert_id,
    )
    if isinstance(event, AlertEvent):
        body.old_status, body.new_status = event.old_status, event.new_status
    return body
