"""The counts from which analytics are worked out."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db import bulk, periods
from gateway.db.tables.analytics import (
    label_delays,
    money_rollups,
    performance_rollups,
    score_rollups,
)
from gateway.domain.analytics import Counts, Window
from gateway.domain.label_delay import DelayCounts
from gateway.domain.performance import Cells, Grain, Tally
from gateway.domain.thresholds import MoneyBin

_SUMS = [func.sum(performance_rollups.c[name]) for name in Counts.__struct_fields__]


class PerformanceRepository:
    """SQL of the counts, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, tally: Tally) -> None:
        """Add to the counts. The caller holds the lock of labels."""
        for table, cells in _tables(tally).items():
            rows = [(*key, *counts) for key, counts in cells.items() if any(counts)]
            await bulk.accumulate(self._connection, table, rows)

    async def newest(self, until: datetime) -> datetime | None:
        """Return the last hour not after an instant in which a transaction happened."""
        hour: datetime | None = await self._connection.scalar(
            select(func.max(performance_rollups.c.start_time)).where(
                performance_rollups.c.grain == Grain.HOUR,
                performance_rollups.c.start_time <= until,
            )
        )
        return hour

    async def first(self) -> datetime | None:
        """Return the first day on which a transaction happened."""
        day: datetime | None = await self._connection.scalar(
            select(func.min(performance_rollups.c.start_time)).where(
                performance_rollups.c.grain == Grain.DAY
            )
        )
        return day

    async def model_version(self, hour: datetime) -> str:
        """Return the model version that scored most in an hour; empty if there was nothing."""
        version: str | None = await self._connection.scalar(
            select(performance_rollups.c.model_version)
            .where(
                performance_rollups.c.grain == Grain.HOUR,
                performance_rollups.c.start_time == hour,
            )
            .order_by(
                performance_rollups.c.transactions.desc(),
                performance_rollups.c.model_version.desc(),
            )
            .limit(1)
        )
        return version or ""

    async def counts(self, window: Window) -> Counts:
        """Return the counts of a time."""
        row = (
            await self._connection.execute(
                select(*_SUMS).where(*_within(performance_rollups, window))
            )
        ).one()
        return Counts(*(int(value or 0) for value in row))

    async def counts_by_day(self, window: Window) -> list[tuple[datetime, Counts]]:
        """Return the counts of each day that holds anything, oldest first."""
        day = periods.day_of(self._connection, performance_rollups.c.start_time)
        found = await self._connection.execute(
            select(day, *_SUMS)
            .where(*_within(performance_rollups, _by_period(window)))
            .group_by(day)
            .order_by(day)
        )
        return [(row[0], Counts(*map(int, row[1:]))) for row in found]

    async def counts_by_version(self, window: Window) -> list[tuple[datetime, str, Counts]]:
        """Return the counts of each day and model version that holds anything, oldest first."""
        day = performance_rollups.c.start_time
        version = performance_rollups.c.model_version
        found = await self._connection.execute(
            select(day, version, *_SUMS)
            .where(*_within(performance_rollups, window))
            .group_by(day, version)
            .order_by(day, version)
        )
        return [(row[0], row[1], Counts(*map(int, row[2:]))) for row in found]

    async def histogram(self, window: Window) -> list[tuple[int, int]]:
        """Return transactions and frauds by bin of the score, lowest first; empty bins left out."""
        table = score_rollups
        found = await self._connection.execute(
            select(func.sum(table.c.transactions), func.sum(table.c.fraud))
            .where(*_within(table, window))
            .group_by(table.c.score_bin)
            .order_by(table.c.score_bin)
        )
        return [(int(row[0]), int(row[1])) for row in found]

    async def currencies(self) -> list[str]:
        """Return all currencies, most transactions first."""
        table = money_rollups
        found = await self._connection.execute(
            select(table.c.currency)
            .where(table.c.grain == Grain.TOTAL)
            .group_by(table.c.currency)
            .order_by(func.sum(table.c.transactions).desc(), table.c.currency)
        )
        return list(found.scalars())

    async def money(self, window: Window, currency: str, kind: str | None) -> list[MoneyBin]:
        """Return transactions and money of a currency by bin of the score, lowest first."""
        table = money_rollups
        names = ("transactions", "fraud", "amount_minor", "fraud_minor")
        statement = (
            select(table.c.score_bin, *(func.sum(table.c[name]) for name in names))
            .where(*_within(table, window), table.c.currency == currency)
            .group_by(table.c.score_bin)
            .order_by(table.c.score_bin)
        )
        if kind is not None:
            statement = statement.where(table.c.kind == kind)
        found = await self._connection.execute(statement)
        return [MoneyBin(*map(int, row)) for row in found]

    async def delays(self, since: datetime, until: datetime, *, alerted: bool) -> DelayCounts:
        """Return after how long the frauds that happened since a day became known.

        Those only whose day and delay together are not after `until`.
        """
        table = label_delays
        seen = periods.days_after(self._connection, table.c.event_day, table.c.delay_days) <= until
        chosen = (table.c.event_day >= since, table.c.alerted.is_(alerted), seen)
        sums = []
        for column in (table.c.delay_days, table.c.event_day):
            found = await self._connection.execute(
                select(column, func.sum(table.c.frauds)).where(*chosen).group_by(column)
            )
            sums.append({row[0]: int(row[1]) for row in found})
        return DelayCounts(*sums)


def _by_period(window: Window) -> Window:
    """Return everything as days: what is counted in total has none."""
    if window.grain is Grain.TOTAL:
        return Window(Grain.DAY, window.start, window.end)
    return window


def _within(table: Table, window: Window) -> list[ColumnElement[bool]]:
    conditions = [table.c.grain == window.grain]
    if window.grain is not Grain.TOTAL:
        conditions += [table.c.start_time >= window.start, table.c.start_time < window.end]
    return conditions


def _tables(tally: Tally) -> Mapping[Table, Cells]:
    return {
        performance_rollups: tally.performance,
        score_rollups: tally.scores,
        money_rollups: tally.money,
        label_delays: tally.delays,
    }
