"""All counts of analytics made anew from the transactions and labels that are stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    Select,
    Table,
    case,
    cast,
    delete,
    except_,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db import bulk, periods
from gateway.db.repositories.labels import LabelRepository
from gateway.db.repositories.pruning import PruningRepository
from gateway.db.tables.analytics import (
    label_delays,
    money_rollups,
    performance_rollups,
    score_rollups,
)
from gateway.db.tables.feed import labels, transactions
from gateway.domain.currency import AMOUNT_MINOR_MAX
from gateway.domain.enumerations import LabelValue
from gateway.domain.performance import EPOCH, SCORE_BINS, Grain, Tally

_PAGE_SIZE = 10_000


class RecountRepository:
    """SQL of a recount, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def recount(self) -> int:
        """Throw the counts away and count anew; return how many transactions are counted now.

        Reads every transaction. Where transactions were removed, the hours and days before the
        horizon stay as they are.
        """
        repository = LabelRepository(self._connection)
        await bulk.take_time(self._connection)
        await repository.lock()
        await self._complete_labels()
        since = await PruningRepository(self._connection).pruned_before() or EPOCH
        for table in (performance_rollups, score_rollups, money_rollups):
            await self._count(table, since)
        # What has a label is never removed, so that these are always counted whole.
        await self._connection.execute(delete(label_delays))
        await self._count_delays(repository)
        total = await self._connection.scalar(
            select(func.sum(performance_rollups.c.transactions)).where(
                performance_rollups.c.grain == Grain.TOTAL
            )
        )
        return int(total or 0)

    async def differing(self, table: Table) -> int:
        """Return how many rows of hours a recount would change; reads every transaction."""
        since = await PruningRepository(self._connection).pruned_before() or EPOCH
        keys, counts = _columns(table)
        kept = select(table.c.grain, *keys, *counts).where(
            table.c.grain == Grain.HOUR, table.c.start_time >= since, table.c.transactions != 0
        )
        hours = self._hours(table, since)
        found = 0
        for left, right in ((kept, hours), (hours, kept)):
            rows = except_(left, right).subquery()
            found += int(await self._connection.scalar(select(func.count()).select_from(rows)) or 0)
        # A row that differs is in both.
        return (found + 1) // 2

    async def _complete_labels(self) -> None:
        """Give labels what is counted of their transactions."""
        await self._connection.execute(
            update(labels)
            .where(labels.c.transaction_id == transactions.c.transaction_id)
            .values(
                event_time=transactions.c.event_time,
                risk_score=transactions.c.risk_score,
                alerted=transactions.c.alert_id.is_not(None),
                model_version=transactions.c.model_version,
                kind=transactions.c.kind,
                currency=transactions.c.currency,
                amount_minor=transactions.c.amount_minor,
                since_time=func.coalesce(labels.c.since_time, labels.c.known_time),
            )
        )

    async def _count(self, table: Table, since: datetime) -> None:
        """Count transactions from a day on by hour, then the hours by day and all in total."""
        await self._connection.execute(
            delete(table).where(or_(table.c.start_time >= since, table.c.grain == Grain.TOTAL))
        )
        keys, counts = _columns(table)
        names = ["grain", *(column.name for column in (*keys, *counts))]
        hours = self._hours(table, since)
        await self._connection.execute(insert(table).from_select(names, hours))
        for grain, start, first in (
            (Grain.DAY, periods.day_of(self._connection, table.c.start_time), since),
            (Grain.TOTAL, literal(EPOCH, table.c.start_time.type), EPOCH),
        ):
            by = [start if column.name == "start_time" else column for column in keys]
            sums = (
                select(literal(grain.value), *by, *(func.sum(column) for column in counts))
                .where(table.c.grain == Grain.HOUR, table.c.start_time >= first)
                .group_by(*by)
            )
            await self._connection.execute(insert(table).from_select(names, sums))

    def _hours(self, table: Table, since: datetime) -> Select[Any]:
        """Return the rows of hours from a day on, as the transactions give them."""
        values = _values(self._connection)
        keys, counts = _columns(table)
        groups = [values[column.name] for column in keys]
        return (
            select(
                literal(Grain.HOUR.value),
                *groups,
                *(func.sum(values[column.name]) for column in counts),
            )
            .select_from(
                transactions.outerjoin(
                    labels, labels.c.transaction_id == transactions.c.transaction_id
                )
            )
            .where(transactions.c.event_time >= since)
            .group_by(*groups)
        )

    async def _count_delays(self, repository: LabelRepository) -> None:
        after = ""
        while standings := await repository.fraud_standings(after, _PAGE_SIZE):
            tally = Tally()
            for standing in standings:
                if standing.facts is not None:
                    tally.transaction(standing.facts, standing)
            rows = [(*key, *counts) for key, counts in tally.delays.items()]
            await bulk.accumulate(self._connection, label_delays, rows)
            after = standings[-1].transaction_id


def _columns(table: Table) -> tuple[list[Column[Any]], list[Column[Any]]]:
    """Return what a table of counts counts by, but for the grain, and its counts."""
    keys = [column for column in table.primary_key.columns if column.name != "grain"]
    return keys, [column for column in table.columns if not column.primary_key]


def _values(connection: AsyncConnection) -> dict[str, ColumnElement[Any]]:
    """Return the keys and what is summed up, by the names of their columns."""
    alerted = transactions.c.alert_id.is_not(None)
    fraud = func.coalesce(labels.c.value, "") == LabelValue.FRAUD
    legitimate = func.coalesce(labels.c.value, "") == LabelValue.LEGITIMATE
    amount = func.coalesce(transactions.c.amount_minor, 0)
    counted = case((amount > AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), else_=amount)
    # Scores are never negative, so cutting off is rounding down; PostgreSQL would round.
    whole = cast(func.floor(transactions.c.risk_score), Integer)
    return {
        "start_time": periods.hour_of(connection, transactions.c.event_time),
        "model_version": transactions.c.model_version,
        "kind": transactions.c.kind,
        "currency": transactions.c.currency,
        "score_bin": case((whole >= SCORE_BINS, SCORE_BINS - 1), (whole < 0, 0), else_=whole),
        "transactions": literal(1),
        "alerted": _number(alerted),
        "fraud": _number(fraud),
        "fraud_alerted": _number(fraud & alerted),
        "legitimate": _number(legitimate),
        "legitimate_alerted": _number(legitimate & alerted),
        "amount_minor": counted,
        "fraud_minor": case((fraud, counted), else_=0),
    }


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
