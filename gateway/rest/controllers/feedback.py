"""What analysts decided: the list, its summary, one decision."""

from litestar import Controller, get
from litestar.params import FromQuery

from gateway.domain.feedback import FeedbackDecision, FeedbackQuery, FeedbackRange
from gateway.domain.pagination import LIMIT_DEFAULT
from gateway.rest import encoded_slash
from gateway.rest import feedback_views as views
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.feedback import (
    FeedbackDetailEnvelope,
    FeedbackFilter,
    FeedbackListBody,
    FeedbackSummaryEnvelope,
)
from gateway.rest.wiring import Clock
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_records import Cursor, FeedbackReading, IdFilter, PathId


class FeedbackController(Controller):
    """Paths below /api/feedback."""

    path = "/api/feedback"
    tags = ("feedback",)

    @get(responses=RESPONSES, operation_id="list_feedback", summary="List decisions")
    async def list_feedback(
        self,
        feedback: FeedbackReading,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        decision: FromQuery[FeedbackFilter] = FeedbackFilter.ALL,
        analyst: IdFilter = "",
        range: FromQuery[FeedbackRange] = FeedbackRange.ALL,  # noqa: A002 - the contract names it
        cursor: Cursor = "",
    ) -> FeedbackListBody:
        """Return decisions that closed an alert, newest first; `analyst` ALL means everybody."""
        query = FeedbackQuery(
            page=page,
            limit=limit,
            decision=filtered(decision),
            analyst="" if analyst == FeedbackFilter.ALL else analyst,
            span=range,
            cursor=cursor,
        )
        return views.page(await feedback.page(query), query)

    @get(
        "/summary",
        responses=RESPONSES,
        operation_id="feedback_summary",
        summary="Sum decisions up",
    )
    async def feedback_summary(
        self,
        feedback: FeedbackReading,
        range: FromQuery[FeedbackRange] = FeedbackRange.ALL,  # noqa: A002 - the contract names it
    ) -> FeedbackSummaryEnvelope:
        """Return how many alerts were resolved in the range, and how."""
        return FeedbackSummaryEnvelope(views.summary(await feedback.summary(range), range))

    @get(
        "/{feedback_id:str}",
        responses=RESPONSES,
        operation_id="get_feedback",
        summary="Get a decision",
    )
    async def get_feedback(
        self, feedback: FeedbackReading, clock: Clock, feedback_id: PathId
    ) -> FeedbackDetailEnvelope:
        """Return a decision with its alert as that is now."""
        return FeedbackDetailEnvelope(views.detail(await feedback.detail(feedback_id), clock()))

    @get(
        "/by-analyst/{analyst_id:str}",
        responses=RESPONSES,
        operation_id="list_feedback_of_analyst",
        summary="List the decisions of an analyst",
    )
    async def list_feedback_of_analyst(
        self,
        feedback: FeedbackReading,
        analyst_id: PathId,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
    ) -> FeedbackListBody:
        """Return what an analyst decided, newest first; nothing for somebody who did not yet."""
        query = FeedbackQuery(
            page=page, limit=limit, analyst=encoded_slash.restored(analyst_id), cursor=cursor
        )
        return views.page(await feedback.page(query), query)


def filtered(decision: FeedbackFilter) -> FeedbackDecision | None:
    """Return the decision that is asked for; None for all."""
    return None if decision is FeedbackFilter.ALL else FeedbackDecision(decision)
