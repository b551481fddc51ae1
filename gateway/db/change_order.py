"""The order in which the changes of alerts are read, so that none is ever skipped.

Row numbers are handed out before their transactions commit. Whoever remembers the highest number
that he saw misses the row of a transaction that took a lower one and commits later. On PostgreSQL
the order is therefore that of the transactions' own numbers, and a row is read only once every
transaction with a lower number has ended: below the `xmin` of the reader's snapshot there is none
that could still add rows (PostgreSQL manual, 9.27.10, transaction ID and snapshot information).
SQLite has one writer at a time, so that its row numbers are in the order of the commits.
"""

from typing import Any

from sqlalchemy import BigInteger, Select, Text, and_, cast, func, literal, literal_column, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db.bulk import is_postgresql
from gateway.db.tables.alerts import alert_events
from gateway.domain.change import ChangePosition

_rows = alert_events.c


def settled(connection: AsyncConnection, query: Select[Any]) -> Select[Any]:
    """Return a query on `alert_events` for rows that no other row can come before any more."""
    if not is_postgresql(connection):
        return query
    oldest_open = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
    # Rows of before the log began are 0, and not in the index that this uses. A parameter instead
    # of the number would keep a prepared statement from using it.
    return query.where(_rows.database_xid > literal_column("0"), oldest_open > _rows.database_xid)


def in_order(connection: AsyncConnection) -> tuple[ColumnElement[Any], ...]:
    """Return what to order by, oldest first."""
    return (_rows.database_xid, _rows.event_id) if is_postgresql(connection) else (_rows.event_id,)


def following(connection: AsyncConnection, position: ChangePosition) -> ColumnElement[bool]:
    """Return the condition that a row comes after a position."""
    if is_postgresql(connection):
        return tuple_(_rows.database_xid, _rows.event_id) > tuple_(
            literal(position.xid), literal(position.event_id)
        )
    return _rows.event_id > position.event_id


def up_to(connection: AsyncConnection, position: ChangePosition) -> ColumnElement[bool]:
    """Return the condition that a row comes at a position or before it."""
    if is_postgresql(connection):
        return tuple_(_rows.database_xid, _rows.event_id) <= tuple_(
            literal(position.xid), literal(position.event_id)
        )
    return _rows.event_id <= position.event_id


def exactly(position: ChangePosition) -> ColumnElement[bool]:
    """Return the condition that a row is the one at a position."""
    return and_(_rows.database_xid == position.xid, _rows.event_id == position.event_id)
