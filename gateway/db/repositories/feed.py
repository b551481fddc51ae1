"""What comes in over the feed.

Its position, transactions, dead events and the hourly rollups.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.prepared import Prepared
from gateway.db.tables.counts import transaction_counts
from gateway.db.tables.feed import (
    dead_events,
    feed_position,
    hourly_rollups,
    leases,
    transactions,
)
from gateway.domain.rollup import Rollup
from gateway.domain.transaction import FeedPosition, TransactionRecord
from gateway.errors import FeedPositionError

_ROW = 1

_ROLLUPS = Prepared(
    select(hourly_rollups)
    .where(hourly_rollups.c.hour >= bindparam("start"), hourly_rollups.c.hour < bindparam("end"))
    .order_by(hourly_rollups.c.hour)
)
_TRANSACTION_COUNT = Prepared(select(func.sum(transaction_counts.c.number)))
TRANSACTION = Prepared(
    select(transactions).where(transactions.c.transaction_id == bindparam("transaction_id"))
)


class FeedRepository:
    """SQL of the feed, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def position(self) -> FeedPosition:
        """Return how far the feed has been taken in.

        An empty journal id and 0 before the first event.
        """
        row = (
            await self._connection.execute(
                select(feed_position.c.journal_id, feed_position.c.sequence)
            )
        ).first()
        return FeedPosition(row.journal_id, row.sequence) if row else FeedPosition("", 0)

    async def advance(self, before: FeedPosition, after: FeedPosition, now: datetime) -> None:
        """Move the position in the same transaction as the rows it covers.

        Raises:
            FeedPositionError: the stored position is not `before`: another process has taken these
                events in.
        """
        if not before.journal_id:
            first = {"id": _ROW, "journal_id": "", "sequence": 0, "updated_time": now}
            await bulk.upsert(self._connection, feed_position, [first], key="id")
        moved = await self._connection.execute(
            update(feed_position)
            .where(
                feed_position.c.id == _ROW,
                feed_position.c.journal_id == before.journal_id,
                feed_position.c.sequence == before.sequence,
            )
            .values(journal_id=after.journal_id, sequence=after.sequence, updated_time=now)
        )
        if moved.rowcount != 1:
            raise FeedPositionError(
                f"the stored feed position is no longer {before.sequence} of journal "
                f"{before.journal_id!r}"
            )

    async def known_transactions(self, transaction_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are stored already."""
        return await bulk.existing(self._connection, transactions.c.transaction_id, transaction_ids)

    async def add_transactions(self, records: Sequence[TransactionRecord]) -> None:
        """Store transactions that are not stored yet."""
        await bulk.load(
            self._connection, transactions, [msgspec.structs.astuple(record) for record in records]
        )

    async def add_dead_event(
        self, journal_id: str, sequence: int, reason: str, payload: bytes, now: datetime
    ) -> None:
        """Keep an event that cannot be taken in."""
        await self._connection.execute(
            insert(dead_events).values(
                journal_id=journal_id,
                sequence=sequence,
                reason=reason,
                payload=payload,
                created_time=now,
            )
        )

    async def add_rollups(self, rollups: Sequence[Rollup]) -> None:
        """Add counts to their hours."""
        rows = [msgspec.structs.asdict(rollup) for rollup in rollups]
        counts = [name for name in Rollup.__struct_fields__ if name != "hour"]
        await bulk.upsert(self._connection, hourly_rollups, rows, key="hour", add=counts)

    async def rollups(self, start: datetime, end: datetime) -> list[Rollup]:
        """Return the hours of [start, end) that hold anything, oldest first."""
        found = await _ROLLUPS.rows(self._connection, start=start, end=end)
        names = hourly_rollups.columns.keys()
        return [Rollup(**dict(zip(names, row, strict=True))) for row in found]

    async def transaction_count(self) -> int:
        """Return how many transactions were ever taken in."""
        ((total,),) = await _TRANSACTION_COUNT.rows(self._connection)
        return int(total or 0)

    async def transaction(self, transaction_id: str) -> TransactionRecord | None:
        """Return one stored transaction."""
        rows = await TRANSACTION.rows(self._connection, transaction_id=transaction_id)
        return TransactionRecord(*rows[0]) if rows else None

    async def last_event_time(self, account_id: str, merchant_id: str | None) -> datetime | None:
        """Return the newest event time that the account or the merchant has reached."""
        newest = []
        for column, value in (
            (transactions.c.account_id, account_id),
            (transactions.c.merchant_id, merchant_id),
        ):
            if value is not None:
                newest.append(
                    await self._connection.scalar(
                        select(func.max(transactions.c.event_time)).where(column == value)
                    )
                )
        return max((value for value in newest if value is not None), default=None)

    async def lease_holder(self, name: str) -> str | None:
        """Return who has a lease, or had it last; None before the first."""
        holder: str | None = await self._connection.scalar(
            select(leases.c.holder).where(leases.c.name == name)
        )
        return holder

    async def take_lease(self, name: str, holder: str, now: datetime, duration: timedelta) -> bool:
        """Take or renew a lease; False while another holder has it."""
        values = {"holder": holder, "expires_time": now + duration}
        fresh = {"name": name, "holder": "", "expires_time": now}
        await bulk.upsert(self._connection, leases, [fresh], key="name")
        taken = await self._connection.execute(
            update(leases)
            .where(leases.c.name == name)
            .where(or_(leases.c.holder == holder, leases.c.expires_time <= now))
            .values(**values)
        )
        return taken.rowcount == 1

    async def drop_lease(self, name: str, holder: str, now: datetime) -> None:
        """Give a lease back, so that another process need not wait for its end."""
        await self._connection.execute(
            update(leases)
            .where(leases.c.name == name, leases.c.holder == holder)
            .values(expires_time=now)
        )
