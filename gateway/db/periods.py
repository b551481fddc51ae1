"""Hours and days in UTC of a stored time; the two databases keep times differently."""

from datetime import datetime

from sqlalchemy import String, cast, func, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db import bulk
from gateway.db.types import UtcTime

# Length of "2026-02-09 14" and of "2026-02-09", and what makes them a stored time again.
_HOUR_LENGTH, _HOUR_REST = 13, ":00:00.000000"
_DAY_LENGTH, _DAY_REST = 10, " 00:00:00.000000"


def hour_of(
    connection: AsyncConnection, column: ColumnElement[datetime]
) -> ColumnElement[datetime]:
    """Return the start of the hour that a time lies in."""
    return _start(connection, column, "hour", _HOUR_LENGTH, _HOUR_REST)


def day_of(connection: AsyncConnection, column: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """Return the start of the day that a time lies in."""
    return _start(connection, column, "day", _DAY_LENGTH, _DAY_REST)


def days_after(
    connection: AsyncConnection, column: ColumnElement[datetime], days: ColumnElement[int]
) -> ColumnElement[datetime]:
    """Return a time with so many days added, to be compared with others."""
    if bulk.is_postgresql(connection):
        return type_coerce(column + func.make_interval(0, 0, 0, days), UtcTime())
    return type_coerce(func.datetime(column, cast(days, String).concat(" days")), UtcTime())


def _start(
    connection: AsyncConnection, column: ColumnElement[datetime], name: str, length: int, rest: str
) -> ColumnElement[datetime]:
    if bulk.is_postgresql(connection):
        return type_coerce(func.date_trunc(name, column, "UTC"), UtcTime())
    return type_coerce(func.substr(column, 1, length).concat(rest), UtcTime())
