"""Whole lists as CSV."""

from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery

from gateway.domain.feedback import FeedbackQuery, FeedbackRange
from gateway.domain.pagination import AlertQuery, AlertSort
from gateway.rest import feedback_views, views
from gateway.rest.controllers.alerts import Search
from gateway.rest.controllers.feedback import filtered
from gateway.rest.csv_export import MEDIA_TYPE, CsvResponse, csv_file
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.alert_filters import SeverityFilter, StatusFilter
from gateway.rest.schemas.alerts import AlertBody
from gateway.rest.schemas.feedback import FeedbackBody, FeedbackFilter
from gateway.rest.wiring import Clock
from gateway.rest.wiring_records import Exports, IdFilter

_RESPONSES = RESPONSES | {
    200: ResponseSpec(
        str,
        description="The file; a connection that ends early means that it is not whole",
        media_type=MEDIA_TYPE,
        generate_examples=False,
    )
}


@get(
    "/api/alerts/export.csv",
    tags=("alerts",),
    responses=_RESPONSES,
    operation_id="export_alerts",
    summary="Export alerts as CSV",
)
async def export_alerts(
    exports: Exports,
    clock: Clock,
    severity: FromQuery[SeverityFilter] = SeverityFilter.ALL,
    status: FromQuery[StatusFilter] = StatusFilter.ALL,
    search: Search = "",
    sort: FromQuery[AlertSort] = AlertSort.TIMESTAMP,
) -> CsvResponse:
    """Return all alerts that the list with the same filters would page through."""
    query = AlertQuery(
        sort=sort,
        severity=severity.wanted,
        status=status.wanted,
        search=search.strip(),
    )
    now = clock()
    chunks = await csv_file(AlertBody, exports.alerts(query), lambda alert: views.alert(alert, now))
    return CsvResponse(chunks, "alerts.csv")


@get(
    "/api/feedback/export.csv",
    tags=("feedback",),
    responses=_RESPONSES,
    operation_id="export_feedback",
    summary="Export decisions as CSV",
)
async def export_feedback(
    exports: Exports,
    decision: FromQuery[FeedbackFilter] = FeedbackFilter.ALL,
    analyst: IdFilter = "",
    range: FromQuery[FeedbackRange] = FeedbackRange.ALL,  # noqa: A002 - the contract names it
) -> CsvResponse:
    """Return all decisions that the list with the same filters would page through."""
    query = FeedbackQuery(
        decision=filtered(decision),
        analyst="" if analyst == FeedbackFilter.ALL else analyst,
        span=range,
    )
    chunks = await csv_file(FeedbackBody, exports.feedback(query), feedback_views.feedback)
    return CsvResponse(chunks, "feedback.csv")
