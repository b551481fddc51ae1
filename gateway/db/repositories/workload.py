"""What analysts had to do, by hour of our clock, summed up by the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, literal_column, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import periods
from gateway.db.prepared import Prepared
from gateway.db.tables.alerts import alert_events, alerts, decisions
from gateway.db.tables.feed import feed_position, hourly_rollups
from gateway.db.types import UtcTime
from gateway.domain.analytics import GroupBy, Window
from gateway.domain.enumerations import CaseDecision
from gateway.domain.workload import Decided, Volume, Workload

_HOURLY = hourly_rollups.c
# The claim that the decision ended. One in the same moment was made by the decision itself.
_CLAIMED = (
    select(func.max(alert_events.c.event_time))
    .where(
        alert_events.c.alert_id == decisions.c.alert_id,
        alert_events.c.action == literal_column("'CLAIMED'"),
        alert_events.c.event_time < decisions.c.decided_time,
    )
    .scalar_subquery()
)
_DECIDED = Prepared(
    select(
        decisions.c.analyst_id,
        decisions.c.decision,
        decisions.c.decided_time,
        type_coerce(_CLAIMED, UtcTime),
    )
    .where(
        decisions.c.decided_time >= bindparam("since", type_=UtcTime),
        decisions.c.decided_time < bindparam("until", type_=UtcTime),
    )
    .order_by(decisions.c.decided_time.desc(), decisions.c.decision_id.desc())
    .limit(bindparam("rows", type_=Integer))
)
_HELD = Prepared(
    select(alerts.c.assigned_to, func.count())
    .where(alerts.c.is_open, alerts.c.assigned_to.is_not(None))
    .group_by(alerts.c.assigned_to)
)


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

    async def decided(self, window: Window, limit: int) -> list[Decided]:
        """Return the newest decisions of a time, at most `limit`."""
        rows = await _DECIDED.rows(
            self._connection, since=window.start, until=window.end, rows=limit
        )
        return [
            Decided(
                analyst,
                CaseDecision(decision),
                (decided - claimed).total_seconds() if claimed else None,
            )
            for analyst, decision, decided, claimed in rows
        ]

    async def held(self) -> dict[str, int]:
        """Return how many open alerts are with whom now."""
        return {str(name): int(count) for name, count in await _HELD.rows(self._connection)}

    async def _rows(self, statement: Any, window: Window) -> list[Any]:
        bounded = statement.where(_HOURLY.hour >= window.start, _HOURLY.hour < window.end)
        return list(await self._connection.execute(bounded))


_SUMS = [func.sum(_HOURLY[name]) for name in Workload.__struct_fields__]
