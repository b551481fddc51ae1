"""What is on its way to webhooks, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.tables.webhooks import webhook_deliveries
from gateway.db.timeline import time_page
from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.domain.webhook import COUNTED_MAX, Delivery, DeliveryStatus

_LIST = "webhook_deliveries"
_rows = webhook_deliveries.c


class DeliveryRepository:
    """SQL of deliveries, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store new deliveries."""
        if deliveries:
            await self._connection.execute(
                insert(webhook_deliveries), [msgspec.structs.asdict(each) for each in deliveries]
            )

    async def get(self, webhook_id: str, delivery_id: str) -> Delivery | None:
        """Return a delivery of a webhook."""
        row = (
            await self._connection.execute(
                select(webhook_deliveries).where(
                    _rows.delivery_id == delivery_id, _rows.webhook_id == webhook_id
                )
            )
        ).first()
        return None if row is None else _delivery(row)

    async def due(self, webhook_id: str, now: datetime, limit: int) -> list[Delivery]:
        """Return deliveries that are due, longest due first."""
        found = await self._connection.execute(
            select(webhook_deliveries)
            .where(_rows.status == DeliveryStatus.PENDING, _rows.webhook_id == webhook_id)
            .where(_rows.next_attempt_time <= now)
            .order_by(_rows.next_attempt_time)
            .limit(limit)
        )
        return [_delivery(row) for row in found]

    async def waiting(self, webhook_id: str, limit: int) -> int:
        """Return how many deliveries wait; it counts no further than `limit`."""
        counted = (
            select(_rows.delivery_id)
            .where(_rows.status == DeliveryStatus.PENDING, _rows.webhook_id == webhook_id)
            .limit(limit)
            .subquery()
        )
        return await self._connection.scalar(select(func.count()).select_from(counted)) or 0

    async def backlog(self) -> int:
        """Return how many deliveries wait in all."""
        waiting = select(func.count()).where(_rows.status == DeliveryStatus.PENDING)
        return await self._connection.scalar(waiting) or 0

    async def put(self, before: Delivery, after: Delivery) -> bool:
        """Store what became of a delivery, unless something else did meanwhile; False if so."""
        changed = await self._connection.execute(
            update(webhook_deliveries)
            .where(_rows.delivery_id == before.delivery_id)
            .where(_rows.status == before.status, _rows.attempts == before.attempts)
            .values(**msgspec.structs.asdict(after))
        )
        return changed.rowcount == 1

    async def give_up(self, webhook_id: str, reason: str, now: datetime) -> None:
        """Give up all that waits for a webhook."""
        await self._connection.execute(
            update(webhook_deliveries)
            .where(_rows.status == DeliveryStatus.PENDING, _rows.webhook_id == webhook_id)
            .values(status=DeliveryStatus.DEAD, settled_time=now, last_error=reason)
        )

    async def page(
        self, webhook_id: str, status: DeliveryStatus | None, query: PageQuery
    ) -> Listed[Delivery]:
        """Return deliveries of a webhook, newest first; they are counted up to COUNTED_MAX."""
        matching = select(webhook_deliveries).where(_rows.webhook_id == webhook_id)
        if status is not None:
            matching = matching.where(_rows.status == status)
        counted = select(func.count()).select_from(matching.limit(COUNTED_MAX).subquery())
        total = await self._connection.scalar(counted)
        order = (_rows.created_time, _rows.delivery_id)
        rows, cursor = await time_page(self._connection, matching, order, _LIST, query)
        return Listed([_delivery(row) for row in rows], total or 0, cursor)

    async def forget(self, status: DeliveryStatus, before: datetime, limit: int) -> int:
        """Delete deliveries that were settled long ago; return how many."""
        old = (
            select(_rows.delivery_id)
            .where(_rows.status == status, _rows.settled_time < before)
            .limit(limit)
        )
        return await self._delete(old)

    async def drop(self, webhook_id: str, limit: int) -> int:
        """Delete deliveries of a webhook, whatever became of them; return how many."""
        return await self._delete(
            select(_rows.delivery_id).where(_rows.webhook_id == webhook_id).limit(limit)
        )

    async def _delete(self, chosen: Select[Any]) -> int:
        gone = await self._connection.execute(
            delete(webhook_deliveries).where(_rows.delivery_id.in_(chosen))
        )
        return gone.rowcount


def _delivery(row: Any) -> Delivery:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's columns by name
    values["status"] = DeliveryStatus(values["status"])
    return Delivery(**values)
