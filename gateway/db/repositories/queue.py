"""The open alerts in the order in which they should be worked."""

from sqlalchemy import func, literal, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db.repositories.alert_list import alert_of
from gateway.db.tables.alerts import alerts
from gateway.domain.alert import Alert, AlertPage
from gateway.domain.enumerations import AlertStatus
from gateway.domain.pagination import (
    PAGED_ROWS_MAX,
    AlertSort,
    PageQuery,
    Position,
    decode_cursor,
    encode_cursor,
    require_within_reach,
)

# Written into the statement rather than bound, so that both databases see that the partial index
# of what waits has all they look for.
_ACTIVE: ColumnElement[str] = literal_column(f"'{AlertStatus.ACTIVE}'")


class QueueRepository:
    """SQL of the queue, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take_next(self) -> Alert | None:
        """Return the most urgent alert that waits and that no other transaction holds; hold it.

        On SQLite there is one writer at a time, so nobody else can hold one.
        """
        row = (
            await self._connection.execute(
                select(alerts)
                .where(alerts.c.status == _ACTIVE)
                .order_by(alerts.c.queue_rank.desc(), alerts.c.alert_id.desc())
                .limit(1)
                .with_for_update(skip_locked=True)
            )
        ).first()
        return alert_of(row) if row else None

    async def held_by(self, analyst_id: str, query: PageQuery) -> AlertPage:
        """Return a page of the open alerts of an analyst, most urgent first."""
        require_within_reach(query, PAGED_ROWS_MAX)
        held = select(alerts).where(alerts.c.assigned_to == analyst_id, alerts.c.is_open)
        total = await self._connection.scalar(select(func.count()).select_from(held.subquery()))
        listed = held.order_by(alerts.c.queue_rank.desc(), alerts.c.alert_id.desc())
        if query.cursor:
            last = decode_cursor(query.cursor, AlertSort.PRIORITY)
            listed = listed.where(
                tuple_(alerts.c.queue_rank, alerts.c.alert_id)
                < tuple_(literal(last.value), literal(last.row_id))
            )
        else:
            listed = listed.offset((query.page - 1) * query.limit)
        # One more than asked for tells whether the list goes on.
        found = [
            alert_of(row) for row in await self._connection.execute(listed.limit(query.limit + 1))
        ]
        shown = found[: query.limit]
        return AlertPage(
            alerts=shown,
            total=total or 0,
            next_cursor=_cursor(shown[-1]) if len(found) > query.limit else None,
        )


def _cursor(alert: Alert) -> str:
    return encode_cursor(Position(AlertSort.PRIORITY, alert.queue_rank, alert.alert_id, True))
