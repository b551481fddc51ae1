"""Streams of what happens, so that nobody has to ask again and again."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Any

from litestar import Controller, Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, HeaderParameter, QueryParameter

from gateway.domain.change import ChangeFilter, ChangePosition
from gateway.domain.permission import Permission
from gateway.rest.error_responses import RESPONSES
from gateway.rest.event_stream import MEDIA_TYPE, Broadcast, EventStream
from gateway.rest.live_frames import heartbeat, silence, transaction_frames
from gateway.rest.schemas.alert_filters import SeverityFilter, StatusFilter
from gateway.rest.wiring_live import Access, Live, LiveService
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
            severity.wanted,
            status.wanted,
        )
        async with AsyncExitStack() as stack:
            stack.enter_context(live.seats.seat())
            follower = await stack.enter_async_context(live.feed.follow(resume))
            frames = live.frames.stream(live.feed, follower, wanted, live.retry_ms())
            check = _check(request, access)
            return _stream(live, frames, partial(heartbeat, follower), check, stack.pop_all())

    @get(
        "/transactions",
        responses=RESPONSES | {200: _STREAM},
        operation_id="watch_transactions",
        summary="Watch transactions as they come in",
    )
    async def watch_transactions(
        self,
        request: Request[Any, Any, Any],
        live: Live,
        access: Access,
        min_risk: Annotated[
            float, QueryParameter(ge=0, le=100, description="lowest risk score, 0 to 100")
        ] = 0.0,
    ) -> EventStream:
        """Send the newest transactions, at most 50 a second, as events `transaction`.

        It is for looking on: at a higher rate some are left out, and nothing can be resumed.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(live.seats.seat())
            watcher = await stack.enter_async_context(live.transactions.watch(min_risk))
            frames = transaction_frames(watcher, live.retry_ms())
            return _stream(live, frames, silence, _check(request, access), stack.pop_all())


def _stream(
    live: LiveService,
    frames: AsyncGenerator[bytes, None],
    speak: Callable[[], bytes],
    check: Callable[[], Awaitable[None]],
    held: AsyncExitStack,
) -> EventStream:
    return EventStream(
        Broadcast(
            frames=frames,
            heartbeat=speak,
            check=check,
            stopping=live.stopping,
            held=held,
            pace=live.pace,
        )
    )


def _check(request: Request[Any, Any, Any], access: AccessService) -> Callable[[], Awaitable[None]]:
    authorization = request.headers.get("authorization", "")

    async def check() -> None:
        require(await access.caller(authorization), Permission.READ)

    return check
