"""What analysts had to do, by hour of our clock, summed up by the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import periods
from gateway.db.tables.feed import feed_position, hourly_rollups
from gateway.domain.analytics import GroupBy, Window
from gateway.domain.workload import Volume, Workload

_HOURLY = hourly_rollups.c


class WorkloadRepository:
    """SQL over the hourly counts, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def first_hour(self) -> datetime | None:
        """Return the first hour in which anything was taken in."""
        hour: datetime | None = await self._connection.scalar(select(func.min(_HOURLY.hour)))
        return hour

    async def last_sync(self) -> datetime | None:
        """Return when the feed was last taken in."""
        moved: datetime | None = await self._connection.scalar(
            select(func.max(feed_position.c.updated_time))
        )
        return moved

    async def volume(self, window: Window, group_by: GroupBy, limit: int) -> list[Volume]:
        """Return alerts and frauds of the newest `limit` steps that hold anything, oldest first."""
        by_day = group_by is GroupBy.DAY
        step = periods.day_of(self._connection, _HOURLY.hour) if by_day else _HOURLY.hour
        statement = (
            select(step, func.sum(_HOURLY.alerts), func.sum(_HOURLY.frauds))
            .group_by(step)
            .order_by(step.desc())
            .limit(limit)
        )
        rows = await self._rows(statement, window)
        return [Volume(row[0], int(row[1]), int(row[2])) for row in reversed(rows)]

    async def by_day(self, window: Window) -> list[tuple[datetime, Workload]]:
        """Return what there was to do on each day that holds anything, oldest first."""
        day = periods.day_of(self._connection, _HOURLY.hour)
        statement = select(day, *_SUMS).group_by(day).order_by(day)
        return [
            (row[0], Workload(*map(int, row[1:]))) for row in await self._rows(statement, window)
        ]

    async def total(self, window: Window) -> Workload:
        """Return what there was to do in a time."""
        (row,) = await self._rows(select(*_SUMS), window)
        return Workload(*(int(value or 0) for value in row))

    async def _rows(self, statement: Any, window: Window) -> list[Any]:
        bounded = statement.where(_HOURLY.hour >= window.start, _HOURLY.hour < window.end)
        return list(await self._connection.execute(bounded))


_SUMS = [func.sum(_HOURLY[name]) for name in Workload.__struct_fields__]
