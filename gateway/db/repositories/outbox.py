"""Labels that wait to be delivered to the scoring server."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.tables.alerts import label_outbox
from gateway.domain.alert import OutboxLabel
from gateway.domain.enumerations import LabelValue

_PENDING = "PENDING"


class OutboxRepository:
    """SQL of the label outbox, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, labels: Sequence[OutboxLabel]) -> None:
        """Queue labels for delivery."""
        if labels:
            await self._connection.execute(
                insert(label_outbox),
                [
                    msgspec.structs.asdict(label) | {"status": _PENDING, "result": ""}
                    for label in labels
                ],
            )

    async def pending(self, limit: int) -> list[OutboxLabel]:
        """Return the oldest labels that are not delivered yet."""
        found = await self._connection.execute(
            select(
                label_outbox.c.label_id,
                label_outbox.c.transaction_id,
                label_outbox.c.value,
                label_outbox.c.known_time,
                label_outbox.c.created_time,
                label_outbox.c.source,
                label_outbox.c.reported_by,
            )
            .where(label_outbox.c.status == _PENDING)
            .order_by(label_outbox.c.position)
            .limit(limit)
        )
        return [
            OutboxLabel(
                row.label_id,
                row.transaction_id,
                LabelValue(row.value),
                row.known_time,
                row.created_time,
                row.source,
                row.reported_by,
            )
            for row in found
        ]

    async def settle(self, results: Mapping[str, str], *, refused: bool, now: datetime) -> None:
        """Record what the scoring server made of each label, by label id."""
        for label_id, result in results.items():
            await self._connection.execute(
                update(label_outbox)
                .where(label_outbox.c.label_id == label_id)
                .values(
                    status="REFUSED" if refused else "DELIVERED", result=result, delivered_time=now
                )
            )

    async def backlog(self) -> int:
        """Return how many labels wait."""
        waiting = await self._connection.scalar(
            select(func.count()).select_from(label_outbox).where(label_outbox.c.status == _PENDING)
        )
        return waiting or 0
