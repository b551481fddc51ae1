"""Counts and references of what is stored, compared with what they should be.

What belongs together is read in one statement, so that nothing that comes in meanwhile stands
between.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, exists, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import inspection
from gateway.db.repositories.recount import RecountRepository
from gateway.db.tables.alerts import (
    alert_events,
    alert_transactions,
    alerts,
    decisions,
    label_outbox,
)
from gateway.db.tables.analytics import money_rollups, performance_rollups, score_rollups
from gateway.db.tables.counts import alert_counts, transaction_counts
from gateway.db.tables.entities import alert_entities
from gateway.db.tables.feed import dead_events, hourly_rollups, transactions
from gateway.db.tables.feedback import feedback_counts
from gateway.db.tables.retention import pruning
from gateway.db.tables.webhooks import webhook_deliveries
from gateway.domain.database_check import Comparison, Connections
from gateway.domain.feedback import Period
from gateway.domain.performance import Grain
from gateway.domain.webhook import DeliveryStatus

_HOUR = timedelta(hours=1)
_ROLLUPS = (performance_rollups, score_rollups, money_rollups)
# What refers to what, by the words for a row whose other half is missing.
_REFERENCES: tuple[tuple[str, Table, ColumnElement[bool]], ...] = (
    (
        "transactions of alerts are not stored",
        alert_transactions,
        transactions.c.transaction_id == alert_transactions.c.transaction_id,
    ),
    (
        "alerts have no transaction",
        alerts,
        alert_transactions.c.alert_id == alerts.c.alert_id,
    ),
    ("alerts have no history", alerts, alert_events.c.alert_id == alerts.c.alert_id),
    (
        "entries of entities have no alert",
        alert_entities,
        alerts.c.alert_id == alert_entities.c.alert_id,
    ),
)


class InspectionRepository:
    """SQL of a check, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def kept_counts(self) -> list[Comparison]:
        """Compare the counts that are kept of alerts, transactions, decisions and analytics."""
        kept = select(
            literal(1).label("kept"), alert_counts.c.status, alert_counts.c.severity,
            func.sum(alert_counts.c.number).label("number"),
        ).group_by(alert_counts.c.status, alert_counts.c.severity)  # fmt: skip
        counted = select(
            literal(0), alerts.c.status, alerts.c.severity, func.count()
        ).group_by(alerts.c.status, alerts.c.severity)  # fmt: skip
        sums: dict[tuple[str, str], list[int]] = {}
        for is_kept, status, severity, number in await self._connection.execute(
            union_all(kept, counted)
        ):
            sums.setdefault((status, severity), [0, 0])[1 - is_kept] = int(number)
        found = [
            Comparison(f"alerts {status} {severity}", *pair)
            for (status, severity), pair in sorted(sums.items())
        ]
        found.append(
            await self._compared(
                "transactions ever",
                select(func.sum(transaction_counts.c.number)),
                select(func.sum(hourly_rollups.c.transactions)),
            )
        )
        found.append(
            await self._compared(
                "resolutions",
                select(func.sum(feedback_counts.c.decided)).where(
                    feedback_counts.c.period == Period.ALL
                ),
                select(func.count())
                .select_from(decisions)
                .where(decisions.c.counted, decisions.c.decision != "REVIEW"),
            )
        )
        for table in _ROLLUPS:
            hours, *others = (
                select(func.sum(table.c.transactions)).where(table.c.grain == grain)
                for grain in (Grain.HOUR, Grain.DAY, Grain.TOTAL)
            )
            for grain, other in zip(("days", "total"), others, strict=True):
                found.append(
                    await self._compared(f"{table.name}, {grain} against hours", other, hours)
                )
        return found

    async def hours(self, since: datetime, until: datetime) -> list[datetime]:
        """Return the hours of [since, until) in which transactions came in, newest first."""
        found = await self._connection.execute(
            select(hourly_rollups.c.hour)
            .where(hourly_rollups.c.hour >= since, hourly_rollups.c.hour < until)
            .order_by(hourly_rollups.c.hour.desc())
        )
        return list(found.scalars())

    async def hour(self, hour: datetime) -> Comparison:
        """Compare an hour's count of transactions with those that came in."""
        return await self._compared(
            f"transactions of {hour:%Y-%m-%d %H}h",
            select(hourly_rollups.c.transactions).where(hourly_rollups.c.hour == hour),
            select(func.count())
            .select_from(transactions)
            .where(transactions.c.ingest_time >= hour, transactions.c.ingest_time < hour + _HOUR),
        )

    async def analytics(self) -> list[Comparison]:
        """Compare all counts of analytics with a recount, which reads every transaction."""
        recount = RecountRepository(self._connection)
        return [
            Comparison(f"rows of {table.name} that differ", await recount.differing(table), 0)
            for table in _ROLLUPS
        ]

    async def rows_without(self, limit: int | None) -> dict[str, int]:
        """Count rows whose other half is missing, among `limit` of each kind or all."""
        found = {}
        for words, table, condition in _REFERENCES:
            other = exists().where(condition).correlate(table)
            rows = select((~other).label("lost")).select_from(table).limit(limit).subquery()
            statement = select(func.count()).select_from(rows).where(rows.c.lost)
            found[words] = int(await self._connection.scalar(statement) or 0)
        return found

    async def leftovers(self) -> dict[str, int]:
        """Count what was set aside for a person to look at."""
        found = {}
        for words, table, condition in (
            ("events could not be taken in", dead_events, None),
            (
                "labels were refused by the scoring server",
                label_outbox,
                label_outbox.c.status == "REFUSED",
            ),
            (
                "webhook deliveries are dead letters",
                webhook_deliveries,
                webhook_deliveries.c.status == DeliveryStatus.DEAD,
            ),
        ):
            statement = select(func.count()).select_from(table)
            if condition is not None:
                statement = statement.where(condition)
            found[words] = int(await self._connection.scalar(statement) or 0)
        return found

    async def pruned(self) -> tuple[datetime | None, int]:
        """Return the horizon of removal, and how many transactions are gone."""
        row = (
            await self._connection.execute(select(pruning.c.pruned_before, pruning.c.transactions))
        ).first()
        return (row[0], int(row[1])) if row else (None, 0)

    async def indexes(self) -> tuple[list[str], list[str]]:
        """Return names of missing and of half built indexes."""
        return await inspection.indexes(self._connection)

    async def sizes(self) -> tuple[dict[str, int], int]:
        """Return bytes by table and of all."""
        return await inspection.sizes(self._connection)

    async def storage(self, *, whole: bool) -> tuple[Sequence[str], str]:
        """Return what is wrong with the pages, and what was looked at."""
        return await inspection.storage(self._connection, whole=whole)

    async def connections(self) -> Connections:
        """Return how many connections there may be."""
        return await inspection.connections(self._connection)

    async def clock(self) -> datetime | None:
        """Return the database's time, where it has its own."""
        return await inspection.clock(self._connection)

    async def _compared(self, name: str, kept: object, counted: object) -> Comparison:
        row = (
            await self._connection.execute(
                select(kept.scalar_subquery(), counted.scalar_subquery())  # type: ignore[attr-defined]
            )
        ).one()
        return Comparison(name, int(row[0] or 0), int(row[1] or 0))
