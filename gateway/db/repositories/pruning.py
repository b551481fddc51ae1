"""The removal of old transactions, a page at a time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, exists, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.tables.alerts import alert_transactions
from gateway.db.tables.feed import labels, transactions
from gateway.db.tables.retention import pruning
from gateway.db.tables.suppressions import suppression_hits
from gateway.domain.retention import OldTransaction

_ROW = 1
# Cases hold alerts, and alerts their transactions.
_REFERRING = (alert_transactions, labels, suppression_hits)


class PruningRepository:
    """SQL of the removal, inside the caller's transaction, who holds the lock of labels."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def pruned_before(self) -> datetime | None:
        """Return the horizon; None where nothing was ever removed."""
        before: datetime | None = await self._connection.scalar(select(pruning.c.pruned_before))
        return before

    async def newest(self) -> datetime | None:
        """Return when the last stored transaction came in."""
        newest: datetime | None = await self._connection.scalar(
            select(func.max(transactions.c.ingest_time))
        )
        return newest

    async def move(self, before: datetime, now: datetime) -> None:
        """Set the horizon, unless it lies further on already."""
        known = await self.pruned_before()
        if known is None:
            await self._connection.execute(
                insert(pruning).values(
                    id=_ROW, pruned_before=before, transactions=0, updated_time=now
                )
            )
        elif known < before:
            await self._connection.execute(
                update(pruning).values(pruned_before=before, updated_time=now)
            )

    async def old(
        self, after: tuple[datetime, str] | None, before: datetime, limit: int
    ) -> list[OldTransaction]:
        """Return transactions that came in before an instant, oldest first, from behind a place."""
        unreferred = and_(
            transactions.c.alert_id.is_(None),
            transactions.c.event_time < before,
            *(
                ~exists().where(table.c.transaction_id == transactions.c.transaction_id)
                for table in _REFERRING
            ),
        )
        statement = (
            select(transactions.c.transaction_id, transactions.c.ingest_time, unreferred)
            .where(transactions.c.ingest_time < before)
            .order_by(transactions.c.ingest_time, transactions.c.transaction_id)
            .limit(limit)
        )
        if after is not None:
            # The first condition alone is what every database finds in its index.
            statement = statement.where(transactions.c.ingest_time >= after[0]).where(
                tuple_(transactions.c.ingest_time, transactions.c.transaction_id) > tuple_(*after)
            )
        return [OldTransaction(*row) for row in await self._connection.execute(statement)]

    async def remove(self, transaction_ids: Sequence[str], now: datetime) -> None:
        """Remove transactions."""
        await self._connection.execute(
            delete(transactions).where(
                bulk.one_of(self._connection, transactions.c.transaction_id, "ids")
            ),
            {"ids": bulk.key_set(self._connection, transaction_ids)},
        )
        await self._connection.execute(
            update(pruning).values(
                transactions=pruning.c.transactions + len(transaction_ids), updated_time=now
            )
        )
