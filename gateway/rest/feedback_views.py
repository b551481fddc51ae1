"""From resolutions to the bodies that show them."""

from datetime import datetime

from gateway.domain.feedback import (
    Feedback,
    FeedbackDetail,
    FeedbackPage,
    FeedbackQuery,
    FeedbackRange,
    FeedbackSummary,
)
from gateway.rest import views
from gateway.rest.paging import pagination
from gateway.rest.schemas import feedback as bodies

_PLACES = 2


def page(found: FeedbackPage, query: FeedbackQuery) -> bodies.FeedbackListBody:
    """Return a page of resolutions."""
    return bodies.FeedbackListBody(
        [feedback(each) for each in found.rows],
        pagination(query, found.total, found.next_cursor),
        summary(found.summary, query.span),
    )


def feedback(each: Feedback) -> bodies.FeedbackBody:
    """Return a resolution as lists show it."""
    return bodies.FeedbackBody(**_fields(each))  # type: ignore[arg-type]


def detail(found: FeedbackDetail, now: datetime) -> bodies.FeedbackDetailBody:
    """Return a resolution with its alert."""
    return bodies.FeedbackDetailBody(
        **_fields(found.feedback),  # type: ignore[arg-type]
        alert=views.alert(found.alert, now),
    )


def summary(found: FeedbackSummary, span: FeedbackRange) -> bodies.FeedbackSummaryBody:
    """Return what a range comes to."""
    return bodies.FeedbackSummaryBody(
        total_resolutions=found.total_resolutions,
        confirmed_frauds=found.confirmed_frauds,
        false_positives=found.false_positives,
        resolution_rate=round(found.resolution_rate, _PLACES),
        withdrawn=found.withdrawn,
        alerts_raised=found.alerts_raised,
        range=span,
        since=found.since,
    )


def _fields(each: Feedback) -> dict[str, object]:
    return {
        "feedback_id": each.feedback_id,
        "alert_id": each.alert_id,
        "entity": each.entity,
        "entity_type": each.entity_type,
        "decision": each.decision,
        "notes": each.notes,
        "resolved_at": each.resolved_time,
        "analyst": each.analyst_id,
        "confidence": each.confidence,
        "withdrawn": each.withdrawn_time is not None,
        "withdrawn_at": each.withdrawn_time,
    }
