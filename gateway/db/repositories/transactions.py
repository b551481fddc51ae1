"""Transactions by what they have in common, newest event first, with bounded work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db.tables.feed import labels, transactions
from gateway.domain.records import LabelState, TransactionRows
from gateway.domain.transaction import TransactionRecord

Filters = Sequence[tuple[str, str]]


class TransactionRepository:
    """SQL of transactions, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def listed(
        self,
        filters: Filters,
        after: tuple[datetime, str] | None,
        offset: int,
        limit: int,
        walk: int,
    ) -> TransactionRows:
        """Return transactions for which all filters hold, newest first.

        Args:
            filters: columns and their values; the first is looked up in its index.
            after: time and id of the row behind which to go on.
            offset: how many to pass over.
            limit: how many at most.
            walk: most rows of the first filter that are looked at.
        """
        (lead, *others) = filters
        ordered = newest_first(select(transactions).where(_is(transactions.c, lead)), after)
        if not others:
            found = await self._connection.execute(ordered.offset(offset).limit(limit))
            return TransactionRows([TransactionRecord(*row) for row in found], None)
        walked = ordered.limit(walk).subquery()
        found = await self._connection.execute(
            select(walked)
            .where(*(_is(walked.c, other) for other in others))
            .order_by(walked.c.event_time.desc(), walked.c.transaction_id.desc())
            .offset(offset)
            .limit(limit)
        )
        rows = [TransactionRecord(*row) for row in found]
        if len(rows) == limit:
            return TransactionRows(rows, None)
        place = (transactions.c.event_time, transactions.c.transaction_id)
        last = await self._connection.execute(
            newest_first(select(*place).where(_is(transactions.c, lead)), after)
            .offset(walk - 1)
            .limit(1)
        )
        row = last.first()
        return TransactionRows(rows, None if row is None else (row[0], row[1]))

    async def newest_time(self) -> datetime | None:
        """Return when the newest transaction came in; None before the first."""
        newest: datetime | None = await self._connection.scalar(
            select(func.max(transactions.c.ingest_time))
        )
        return newest

    async def came_in(
        self, since: datetime, until: datetime, risk_min: float, limit: int
    ) -> list[TransactionRecord]:
        """Return the newest transactions that came in in (since, until], oldest of them first."""
        found = await self._connection.execute(
            select(transactions)
            .where(transactions.c.ingest_time > since, transactions.c.ingest_time <= until)
            .where(transactions.c.risk_score >= risk_min)
            .order_by(transactions.c.ingest_time.desc())
            .limit(limit)
        )
        return [TransactionRecord(*row) for row in found][::-1]

    async def counted(self, filters: Filters, walk: int) -> tuple[int, bool]:
        """Return how many of the newest `walk` rows of the first filter pass the others too.

        Returns:
            The number, and whether there are more rows than were looked at.
        """
        (lead, *others) = filters
        columns = [transactions.c[name] for name, _ in filters]
        walked = newest_first(select(*columns).where(_is(transactions.c, lead)), None)
        walked_rows = walked.limit(walk + 1).subquery()
        passing = and_(true(), *(_is(walked_rows.c, other) for other in others))
        found = await self._connection.execute(
            select(func.count(), func.count().filter(passing)).select_from(walked_rows)
        )
        looked_at, number = found.one()
        return min(number, walk), looked_at > walk

    async def label(self, transaction_id: str) -> LabelState | None:
        """Return the label that counts for a transaction now."""
        row = (
            await self._connection.execute(
                select(labels.c.value, labels.c.source, labels.c.known_time).where(
                    labels.c.transaction_id == transaction_id
                )
            )
        ).first()
        return None if row is None else LabelState(*row)


def newest_first(query: Select[Any], after: tuple[datetime, str] | None) -> Select[Any]:
    """Return a query of transactions in the order of lists, from behind a place on."""
    time, transaction_id = transactions.c.event_time, transactions.c.transaction_id
    if after is not None:
        moment = literal(after[0], time.type)
        # The first condition alone is what every database finds in its index.
        query = query.where(time <= moment).where(
            tuple_(time, transaction_id) < tuple_(moment, literal(after[1]))
        )
    return query.order_by(time.desc(), transaction_id.desc())


def _is(columns: Any, condition: tuple[str, str]) -> ColumnElement[bool]:
    name, value = condition
    matches: ColumnElement[bool] = columns[name] == value
    return matches
