"""Webhooks and how far changes were queued for them."""

from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.tables.webhooks import webhook_position, webhooks
from gateway.domain.change import ChangeKind, ChangePosition
from gateway.domain.enumerations import Severity
from gateway.domain.webhook import Webhook

_ROW = 1


class WebhookRepository:
    """SQL of webhooks, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def position(self) -> ChangePosition | None:
        """Return how far changes were queued; None before the first time."""
        row = (
            await self._connection.execute(
                select(webhook_position.c.database_xid, webhook_position.c.event_id)
            )
        ).first()
        return ChangePosition(*row) if row else None

    async def hold_position(self, start: ChangePosition) -> ChangePosition:
        """Return how far changes were queued; nobody else moves it until the transaction ends.

        The first time it is put at `start`.
        """
        first = {"id": _ROW, "database_xid": start.xid, "event_id": start.event_id}
        await bulk.upsert(self._connection, webhook_position, [first], key="id")
        row = (
            await self._connection.execute(
                select(webhook_position.c.database_xid, webhook_position.c.event_id)
                .where(webhook_position.c.id == _ROW)
                .with_for_update()
            )
        ).one()
        return ChangePosition(*row)

    async def advance(self, position: ChangePosition) -> None:
        """Move the position, which this transaction holds."""
        await self._connection.execute(
            update(webhook_position)
            .where(webhook_position.c.id == _ROW)
            .values(database_xid=position.xid, event_id=position.event_id)
        )

    async def all(self, *, active_only: bool = False) -> list[Webhook]:
        """Return webhooks, newest first."""
        query = select(webhooks).order_by(
            webhooks.c.created_time.desc(), webhooks.c.webhook_id.desc()
        )
        if active_only:
            query = query.where(webhooks.c.active)
        return [_webhook(row) for row in await self._connection.execute(query)]

    async def count(self) -> int:
        """Return how many there are."""
        return await self._connection.scalar(select(func.count()).select_from(webhooks)) or 0

    async def get(self, webhook_id: str) -> Webhook | None:
        """Return a webhook."""
        row = (
            await self._connection.execute(
                select(webhooks).where(webhooks.c.webhook_id == webhook_id)
            )
        ).first()
        return None if row is None else _webhook(row)

    async def add(self, webhook: Webhook) -> None:
        """Store a new webhook."""
        await self._connection.execute(insert(webhooks).values(**_values(webhook)))

    async def change(self, webhook: Webhook, version_before: int) -> bool:
        """Store a changed webhook unless somebody else changed it first; False if so."""
        changed = await self._connection.execute(
            update(webhooks)
            .where(webhooks.c.webhook_id == webhook.webhook_id)
            .where(webhooks.c.version == version_before)
            .values(**_values(webhook))
        )
        return changed.rowcount == 1

    async def remove(self, webhook_id: str) -> bool:
        """Remove a webhook and its deliveries; False when there is none."""
        removed = await self._connection.execute(
            delete(webhooks).where(webhooks.c.webhook_id == webhook_id)
        )
        return removed.rowcount == 1


def _values(webhook: Webhook) -> dict[str, Any]:
    return msgspec.structs.asdict(webhook) | {"events": ",".join(webhook.events)}


def _webhook(row: Any) -> Webhook:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's columns by name
    values["events"] = tuple(ChangeKind(kind) for kind in values["events"].split(","))
    values["severity_min"] = Severity(values["severity_min"])
    return Webhook(**values)
