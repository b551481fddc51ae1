"""Transactions by what they have in common, newest event first, with bounded work."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db.prepared import Prepared
from gateway.db.tables.feed import labels, transactions
from gateway.db.types import UtcTime
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
        columns = tuple(column for column, _ in filters)
        values = _values(filters, after)
        statement = _listed(columns, behind=after is not None)
        found = await statement.rows(
            self._connection, **values, offset=offset, rows=limit, walk=walk
        )
        rows = [TransactionRecord(*row) for row in found]
        if len(filters) == 1 or len(rows) == limit:
            return TransactionRows(rows, None)
        statement = _last_walked(columns[0], behind=after is not None)
        values = _values(filters[:1], after)
        last = await statement.rows(self._connection, **values, offset=walk - 1)
        return TransactionRows(rows, (last[0][0], last[0][1]) if last else None)

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
        statement = _counted(tuple(column for column, _ in filters))
        ((looked_at, number),) = await statement.rows(
            self._connection, **_values(filters, None), walk=walk + 1
        )
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
    time = transactions.c.event_time
    return in_order(query, after and (literal(after[0], time.type), literal(after[1])))


def in_order(
    query: Select[Any], place: tuple[ColumnElement[datetime], ColumnElement[str]] | None
) -> Select[Any]:
    """Return a query of transactions in the order of lists, from behind a place to be bound on."""
    time, transaction_id = transactions.c.event_time, transactions.c.transaction_id
    if place is not None:
        # The first condition alone is what every database finds in its index.
        query = query.where(time <= place[0]).where(tuple_(time, transaction_id) < tuple_(*place))
    return query.order_by(time.desc(), transaction_id.desc())


def _values(filters: Filters, after: tuple[datetime, str] | None) -> dict[str, Any]:
    values: dict[str, Any] = dict(filters)
    if after is not None:
        values["after"], values["after_id"] = after
    return values


def _is(columns: Any, name: str) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = columns[name] == bindparam(name, type_=String())
    return matches


def _bound(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=Integer())


def _walk(lead: str, *columns: Any, behind: bool) -> Select[Any]:
    query = select(*columns).where(_is(transactions.c, lead))
    place = (bindparam("after", type_=UtcTime()), bindparam("after_id", type_=String()))
    return in_order(query, place if behind else None)


@cache
def _listed(columns: tuple[str, ...], *, behind: bool) -> Prepared:
    lead, *others = columns
    query = _walk(lead, transactions, behind=behind)
    if others:
        walked = query.limit(_bound("walk")).subquery()
        query = (
            select(walked)
            .where(*(_is(walked.c, other) for other in others))
            .order_by(walked.c.event_time.desc(), walked.c.transaction_id.desc())
        )
    return Prepared(query.offset(_bound("offset")).limit(_bound("rows")))


@cache
def _last_walked(lead: str, *, behind: bool) -> Prepared:
    place = (transactions.c.event_time, transactions.c.transaction_id)
    return Prepared(_walk(lead, *place, behind=behind).offset(_bound("offset")).limit(1))


@cache
def _counted(columns: tuple[str, ...]) -> Prepared:
    lead, *others = columns
    if others:
        rows = _walk(lead, *(transactions.c[column] for column in columns), behind=False)
    else:
        # Without an order the index alone tells how many there are.
        rows = select(transactions.c[lead]).where(_is(transactions.c, lead))
    walked = rows.limit(_bound("walk")).subquery()
    passing = and_(true(), *(_is(walked.c, other) for other in others))
    return Prepared(select(func.count(), func.count().filter(passing)).select_from(walked))
