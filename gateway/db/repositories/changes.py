"""The history of alerts read as a log of changes, in an order that skips nothing."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import change_order as order
from gateway.db.repositories.alert_list import alert_of
from gateway.db.repositories.alerts import event_of
from gateway.db.tables.alerts import alert_events, alerts
from gateway.domain.change import BEGINNING, Change, ChangePosition


class ChangeRepository:
    """SQL of the log of changes, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def head(self) -> ChangePosition:
        """Return where the log ends now."""
        newest = [column.desc() for column in order.in_order(self._connection)]
        row = (
            await self._connection.execute(
                self._settled(alert_events.c.database_xid, alert_events.c.event_id)
                .order_by(*newest)
                .limit(1)
            )
        ).first()
        return ChangePosition(*row) if row else BEGINNING

    async def after(
        self, position: ChangePosition, limit: int, until: ChangePosition | None = None
    ) -> list[Change]:
        """Return the changes that follow a position, oldest first, up to `until` included.

        Each comes with its alert as it is now.
        """
        query = (
            self._settled(*alerts.c, *alert_events.c)
            .join(alerts, alerts.c.alert_id == alert_events.c.alert_id)
            .where(order.following(self._connection, position))
            .order_by(*order.in_order(self._connection))
            .limit(limit)
        )
        if until is not None:
            query = query.where(order.up_to(self._connection, until))
        return [_change(row) for row in await self._connection.execute(query)]

    async def count(self, after: ChangePosition, until: ChangePosition, limit: int) -> int:
        """Return how many changes are in (after, until]; it counts no further than `limit`."""
        counted = (
            self._settled(alert_events.c.event_id)
            .where(order.following(self._connection, after))
            .where(order.up_to(self._connection, until))
            .limit(limit)
            .subquery()
        )
        return await self._connection.scalar(select(func.count()).select_from(counted)) or 0

    async def knows(self, position: ChangePosition) -> bool:
        """Return whether a position is one of this log, and what follows it is still kept."""
        if position == BEGINNING:
            return True
        found = await self._connection.scalar(
            select(alert_events.c.event_id).where(order.exactly(position))
        )
        return found is not None

    def _settled(self, *columns: Any) -> Select[Any]:
        return order.settled(self._connection, select(*columns).select_from(alert_events))


def _change(row: Any) -> Change:
    width = len(alerts.c)
    event = dict(zip(alert_events.c.keys(), row[width:], strict=True))
    return Change(
        ChangePosition(event["database_xid"], event["event_id"]),
        event_of(event),
        alert_of(row[:width]),
    )
