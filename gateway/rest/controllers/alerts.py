"""The alert list, one alert, and its moves."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, MediaType, Request, Response, get, patch, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from gateway.domain.alert import AlertPage
from gateway.domain.enumerations import AlertStatus
from gateway.domain.pagination import (
    CURSOR_LENGTH_MAX,
    LIMIT_DEFAULT,
    LIMIT_MAX,
    AlertQuery,
    AlertSort,
)
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest import views
from gateway.rest.body import JsonBody, allowed_values
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_version, version_tag
from gateway.rest.schemas.alert_filters import SeverityFilter, StatusFilter
from gateway.rest.schemas.alerts import (
    AlertDetailEnvelope,
    AlertListBody,
    StatusChange,
    StatusChanged,
    StatusPut,
)
from gateway.rest.session import analyst_of
from gateway.rest.wiring import AlertId, Alerts, Clock
from gateway.services.alerts import AlertService

_SEARCH_LENGTH_MAX = 100
_ENCODER = msgspec.json.Encoder()
_PAGE_MAX = 100_000
Search = Annotated[
    str,
    QueryParameter(
        max_length=_SEARCH_LENGTH_MAX,
        description=(
            "start of an alert, entity, account or transaction id, in the case that it has."
            " What more than 1,000 alerts match is not counted whole"
            " (total_is_lower_bound); its pages may be short and go on by next_cursor"
        ),
    ),
]


class AlertController(Controller):
    """Paths below /api/alerts."""

    path = "/api/alerts"
    tags = ("alerts",)

    @get(responses=RESPONSES, operation_id="list_alerts", summary="List alerts")
    async def list_alerts(
        self,
        alerts: Alerts,
        page: Annotated[int, QueryParameter(ge=1, le=_PAGE_MAX)] = 1,
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
        severity: FromQuery[SeverityFilter] = SeverityFilter.ALL,
        status: FromQuery[StatusFilter] = StatusFilter.ALL,
        search: Search = "",
        sort: FromQuery[AlertSort] = AlertSort.TIMESTAMP,
        cursor: Annotated[
            str,
            QueryParameter(
                max_length=CURSOR_LENGTH_MAX, description="`next_cursor` of the page before"
            ),
        ] = "",
    ) -> Response[AlertListBody]:
        """Return a page of alerts, newest first unless `sort` says otherwise."""
        query = AlertQuery(
            page=page,
            limit=limit,
            sort=sort,
            severity=severity.wanted,
            status=status.wanted,
            search=search.strip(),
            cursor=cursor,
        )
        body = await alerts.rendered_page(query, _rendered)
        return Response(body, media_type=MediaType.JSON)  # type: ignore[arg-type]

    @get("/{alert_id:str}", responses=RESPONSES, operation_id="get_alert", summary="Get an alert")
    async def get_alert(
        self, alerts: Alerts, clock: Clock, alert_id: AlertId
    ) -> Response[AlertDetailEnvelope]:
        """Return an alert with what explains it; the ETag is its version, for If-Match."""
        detail = await alerts.detail(alert_id)
        return Response(
            AlertDetailEnvelope(views.alert_detail(detail, clock())),
            headers=version_tag(detail.alert.version),
        )

    @patch(
        "/{alert_id:str}/status",
        dto=JsonBody[StatusChange],
        return_dto=None,
        responses=RESPONSES,
        operation_id="move_alert",
        summary="Move an alert",
    )
    async def move_alert(
        self,
        request: Request[Any, Any, Any],
        alerts: Alerts,
        alert_id: AlertId,
        data: JSONBody[StatusChange | None] = None,
        status: FromQuery[AlertStatus | None] = None,
    ) -> Response[StatusChanged]:
        """Move an alert along its life cycle; `status` stands in the body or in the query."""
        return await _move(request, alerts, alert_id, data or StatusChange(), status)

    @put(
        "/{alert_id:str}",
        dto=JsonBody[StatusPut],
        return_dto=None,
        responses=RESPONSES,
        operation_id="put_alert",
        summary="Move an alert (older clients)",
    )
    async def put_alert(
        self,
        request: Request[Any, Any, Any],
        alerts: Alerts,
        alert_id: AlertId,
        data: JSONBody[StatusPut],
    ) -> Response[StatusChanged]:
        """Do the same as PATCH on its status."""
        change = StatusChange(data.status, data.expected_version, data.analyst_id)
        return await _move(request, alerts, alert_id, change, None)


def _rendered(page: AlertPage, query: AlertQuery, now: datetime) -> bytes:
    return _ENCODER.encode(views.alert_list(page, query, now))


async def _move(
    request: Request[Any, Any, Any],
    alerts: AlertService,
    alert_id: str,
    data: StatusChange,
    query_status: AlertStatus | None,
) -> Response[StatusChanged]:
    target = query_status or data.status
    if target is None:
        allowed = allowed_values(AlertStatus)
        fault = FieldFault("status", f"status is required: one of {', '.join(allowed)}", allowed)
        raise InvalidArgumentError(fault.message, faults=(fault,))
    moved = await alerts.move(
        alert_id,
        target,
        analyst_of(data.analyst_id),
        expected_version(request, data.expected_version),
    )
    return Response(
        StatusChanged(
            success=True, alert_id=moved.alert_id, new_status=moved.status, version=moved.version
        ),
        headers=version_tag(moved.version),
    )
