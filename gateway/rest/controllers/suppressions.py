"""Suppression rules, and what they held back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from gateway.domain.pagination import LIMIT_DEFAULT, PageQuery
from gateway.domain.suppression import Suppression
from gateway.rest import suppression_views as views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_version, version_tag
from gateway.rest.paging import pagination
from gateway.rest.schemas.suppressions import (
    NewSuppressionBody,
    SuppressionChangeBody,
    SuppressionDetailEnvelope,
    SuppressionEndBody,
    SuppressionEnvelope,
    SuppressionFilter,
    SuppressionHitListBody,
    SuppressionListBody,
)
from gateway.rest.session import analyst_of
from gateway.rest.wiring import Clock
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_queue import Suppressions
from gateway.rest.wiring_records import Cursor
from gateway.services.suppressions import NewSuppression, SuppressionChangeRequest

_HOLDING = {
    SuppressionFilter.ALL: None,
    SuppressionFilter.ACTIVE: True,
    SuppressionFilter.ENDED: False,
}


class SuppressionController(Controller):
    """Paths below /api/suppressions."""

    path = "/api/suppressions"
    tags = ("suppressions",)

    @get(responses=RESPONSES, operation_id="list_suppressions", summary="List suppression rules")
    async def list_suppressions(
        self,
        suppressions: Suppressions,
        clock: Clock,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
        status: FromQuery[SuppressionFilter] = SuppressionFilter.ALL,
    ) -> SuppressionListBody:
        """Return a page of rules, newest first."""
        query = PageQuery(page=page, limit=limit, cursor=cursor)
        listed = await suppressions.page(_HOLDING[status], query)
        now = clock()
        return SuppressionListBody(
            [views.suppression(rule, now) for rule in listed.rows],
            pagination(query, listed.total, listed.next_cursor),
        )

    @post(
        dto=JsonBody[NewSuppressionBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_suppression",
        summary="Add a suppression rule",
    )
    async def add_suppression(
        self, suppressions: Suppressions, clock: Clock, data: JSONBody[NewSuppressionBody]
    ) -> Response[SuppressionEnvelope]:
        """Hold back alerts of an entity that is known to be safe, until a date."""
        asked = NewSuppression(
            entity_type=data.entity_type,
            entity_id=data.entity_id,
            reason_code=data.reason_code,
            include_critical=data.include_critical,
            until=data.until,
            comment=data.comment.strip(),
        )
        return _answer(await suppressions.create(asked, analyst_of(None)), clock, 201)

    @get(
        "/{suppression_id:str}",
        responses=RESPONSES,
        operation_id="get_suppression",
        summary="Get a suppression rule",
    )
    async def get_suppression(
        self, suppressions: Suppressions, clock: Clock, suppression_id: FromPath[str]
    ) -> Response[SuppressionDetailEnvelope]:
        """Return a rule and its history; the ETag is its version, for If-Match."""
        rule, events = await suppressions.get(suppression_id)
        return Response(
            SuppressionDetailEnvelope(views.suppression_detail(rule, events, clock())),
            headers=version_tag(rule.version),
        )

    @patch(
        "/{suppression_id:str}",
        dto=JsonBody[SuppressionChangeBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="change_suppression",
        summary="Change a suppression rule",
    )
    async def change_suppression(
        self,
        request: Request[Any, Any, Any],
        suppressions: Suppressions,
        clock: Clock,
        suppression_id: FromPath[str],
        data: JSONBody[SuppressionChangeBody],
    ) -> Response[SuppressionEnvelope]:
        """Change until when a rule holds, or whether it holds CRITICAL alerts back too."""
        asked = SuppressionChangeRequest(
            until=data.until,
            include_critical=data.include_critical,
            comment=data.comment.strip(),
            expected_version=expected_version(request, data.expected_version),
        )
        return _answer(await suppressions.amend(suppression_id, asked, analyst_of(None)), clock)

    @post(
        "/{suppression_id:str}/end",
        status_code=200,
        dto=JsonBody[SuppressionEndBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="end_suppression",
        summary="End a suppression rule",
    )
    async def end_suppression(
        self,
        request: Request[Any, Any, Any],
        suppressions: Suppressions,
        clock: Clock,
        suppression_id: FromPath[str],
        data: JSONBody[SuppressionEndBody],
    ) -> Response[SuppressionEnvelope]:
        """End a rule now; it stays listed, with what it held back."""
        version = expected_version(request, data.expected_version)
        comment = data.comment.strip()
        return _answer(
            await suppressions.end(suppression_id, comment, analyst_of(None), version), clock
        )

    @get(
        "/{suppression_id:str}/hits",
        responses=RESPONSES,
        operation_id="list_suppression_hits",
        summary="List what a suppression rule held back",
    )
    async def list_hits(
        self,
        suppressions: Suppressions,
        suppression_id: FromPath[str],
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
    ) -> SuppressionHitListBody:
        """Return a page of the alerts that the rule held back, newest first."""
        query = PageQuery(page=page, limit=limit, cursor=cursor)
        listed = await suppressions.hits(suppression_id, query)
        return SuppressionHitListBody(
            [views.hit(each) for each in listed.rows],
            pagination(query, listed.total, listed.next_cursor),
        )


def _answer(
    rule: Suppression, clock: Callable[[], datetime], status_code: int = 200
) -> Response[SuppressionEnvelope]:
    return Response(
        SuppressionEnvelope(views.suppression(rule, clock())),
        status_code=status_code,
        headers=version_tag(rule.version),
    )
