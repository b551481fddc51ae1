"""Taking, releasing and assigning alerts."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, QueryParameter

from gateway.domain.alert import Alert
from gateway.domain.pagination import LIMIT_DEFAULT, AlertQuery
from gateway.rest import views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_version, version_tag
from gateway.rest.schemas.alerts import AlertListBody
from gateway.rest.schemas.queue import (
    AlertEnvelope,
    AssignBody,
    ClaimBody,
    NextAlertEnvelope,
    NextBody,
)
from gateway.rest.session import analyst_of
from gateway.rest.wiring import AlertId, Clock
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_queue import Assignment
from gateway.rest.wiring_records import Cursor


class AssignmentController(Controller):
    """Who has an alert: paths below /api/alerts/{id}."""

    path = "/api/alerts/{alert_id:str}"
    tags = ("queue",)

    @post(
        "/claim",
        status_code=200,
        dto=JsonBody[ClaimBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="claim_alert",
        summary="Claim an alert",
    )
    async def claim(
        self,
        request: Request[Any, Any, Any],
        assignment: Assignment,
        clock: Clock,
        alert_id: AlertId,
        data: JSONBody[ClaimBody | None] = None,
    ) -> Response[AlertEnvelope]:
        """Take an ACTIVE alert; of several who try at once, one gets it and the others 409."""
        given = data or ClaimBody()
        return _answer(
            await assignment.claim(
                alert_id,
                analyst_of(given.analyst_id),
                expected_version(request, given.expected_version),
            ),
            clock,
        )

    @post(
        "/release",
        status_code=200,
        dto=JsonBody[ClaimBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="release_alert",
        summary="Release an alert",
    )
    async def release(
        self,
        request: Request[Any, Any, Any],
        assignment: Assignment,
        clock: Clock,
        alert_id: AlertId,
        data: JSONBody[ClaimBody | None] = None,
    ) -> Response[AlertEnvelope]:
        """Put an alert under investigation back into the queue."""
        given = data or ClaimBody()
        return _answer(
            await assignment.release(
                alert_id,
                analyst_of(given.analyst_id),
                expected_version(request, given.expected_version),
            ),
            clock,
        )

    @post(
        "/assign",
        status_code=200,
        dto=JsonBody[AssignBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="assign_alert",
        summary="Assign an alert",
    )
    async def assign(
        self,
        request: Request[Any, Any, Any],
        assignment: Assignment,
        clock: Clock,
        alert_id: AlertId,
        data: JSONBody[AssignBody],
    ) -> Response[AlertEnvelope]:
        """Give an open alert to an analyst, whoever had it."""
        return _answer(
            await assignment.assign(
                alert_id,
                data.analyst_id,
                analyst_of(None),
                expected_version(request, data.expected_version),
            ),
            clock,
        )


class QueueController(Controller):
    """Paths below /api/queue."""

    path = "/api/queue"
    tags = ("queue",)

    @post(
        "/next",
        status_code=200,
        dto=JsonBody[NextBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="take_next_alert",
        summary="Take the next alert",
    )
    async def take_next(
        self,
        assignment: Assignment,
        clock: Clock,
        data: JSONBody[NextBody | None] = None,
    ) -> NextAlertEnvelope:
        """Claim the most urgent alert that waits; no two callers ever get the same."""
        taken = await assignment.take_next(analyst_of((data or NextBody()).analyst_id))
        return NextAlertEnvelope(None if taken is None else views.alert(taken, clock()))

    @get("/mine", responses=RESPONSES, operation_id="list_my_alerts", summary="List my alerts")
    async def list_mine(
        self,
        assignment: Assignment,
        clock: Clock,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
        analyst_id: Annotated[
            str, QueryParameter(max_length=64, description="who asks, where there is no login")
        ] = "",
    ) -> AlertListBody:
        """Return a page of the open alerts that the caller has, most urgent first."""
        query = AlertQuery(page=page, limit=limit, cursor=cursor)
        held = await assignment.held_by(analyst_of(analyst_id), query)
        return views.alert_list(held, query, clock())


def _answer(alert: Alert, clock: Callable[[], datetime]) -> Response[AlertEnvelope]:
    return Response(AlertEnvelope(views.alert(alert, clock())), headers=version_tag(alert.version))
