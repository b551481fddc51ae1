"""Streams of what happens, so that nobody has to ask again and again."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Any

from litestar import Controller, Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, HeaderParameter, QueryParameter

from gateway.domain.change import ChangeFilter, ChangePosition
from gateway.domain.enumerations import AlertStatus, Severity
from gateway.domain.permission import Permission
from gateway.rest.error_responses import RESPONSES
from gateway.rest.event_stream import MEDIA_TYPE, Broadcast, EventStream
from gateway.rest.live_frames import heartbeat
from gateway.rest.schemas.alerts import SeverityFilter, StatusFilter
from gateway.rest.wiring_live import Access, Live
from gateway.services.access import AccessService, require

_POSITION_LENGTH_MAX = 39
_STREAM = ResponseSpec(
    str, description="Server-sent events", media_type=MEDIA_TYPE, generate_examples=False
)


class LiveController(Controller):
    """Paths below /api/live."""

    path = "/api/live"
    tags = ("live",)

    @get(
        "/alerts",
        responses=RESPONSES | {200: _STREAM},
        operation_id="follow_alerts",
        summary="Follow the changes of alerts",
    )
    async def follow_alerts(
        self,
        request: Request[Any, Any, Any],
        live: Live,
        access: Access,
        severity: FromQuery[SeverityFilter] = SeverityFilter.ALL,
        status: FromQuery[StatusFilter] = StatusFilter.ALL,
        last_event_id: Annotated[
            str,
            QueryParameter(
                max_length=_POSITION_LENGTH_MAX,
                description="`id` of the last event that was seen; the header is the same",
            ),
        ] = "",
        last_event_id_header: Annotated[
            str, HeaderParameter(name="Last-Event-ID", max_length=_POSITION_LENGTH_MAX)
        ] = "",
    ) -> EventStream:
        """Send `alert.raised`, `alert.changed` and `alert.closed` as they happen.

        Without an id it starts now. `resync` says that an id is too old: read the list again.
        `behind` is the last event to a client that does not keep up.
        """
        position = last_event_id_header or last_event_id
        resume = ChangePosition.parse("last_event_id", position) if position else None
        wanted = ChangeFilter(
            None if severity is SeverityFilter.ALL else Severity(severity),
            None if status is StatusFilter.ALL else AlertStatus(status),
        )
        async with AsyncExitStack() as stack:
            stack.enter_context(live.seats.seat())
            follower = await stack.enter_async_context(live.feed.follow(resume))
            return EventStream(
                Broadcast(
                    frames=live.frames.stream(live.feed, follower, wanted, live.retry_ms()),
                    heartbeat=partial(heartbeat, follower),
                    check=_check(request, access),
                    stopping=live.stopping,
                    held=stack.pop_all(),
                    pace=live.pace,
                )
            )


def _check(request: Request[Any, Any, Any], access: AccessService) -> Callable[[], Awaitable[None]]:
    authorization = request.headers.get("authorization", "")

    async def check() -> None:
        require(await access.caller(authorization), Permission.READ)

    return check
