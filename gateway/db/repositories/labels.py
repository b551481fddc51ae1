"""What was said about transactions, and which of it counts."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.tables.analytics import label_reports
from gateway.db.tables.feed import labels, transactions
from gateway.domain.enumerations import LabelValue
from gateway.domain.labels import Facts, LabelReport, Standing

# Any number that nothing else in the database uses as an advisory lock; chosen by us.
_LOCK = 7_261_406_116
_REPORT_COLUMNS = [label_reports.c[name] for name in LabelReport.__struct_fields__]


class LabelRepository:
    """SQL of labels, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Wait for everybody else who counts transactions or labels; hold until the end.

        Take it after the rows of alerts and the hourly counts, as everybody does, so that no two
        transactions wait for each other.
        """
        await bulk.alone(self._connection, _LOCK)

    async def add_reports(self, reports: Sequence[LabelReport]) -> list[LabelReport]:
        """Store reports whose id is new; return those, in the order given."""
        first: dict[str, LabelReport] = {}
        for report in reports:
            first.setdefault(report.label_id, report)
        if not first:
            return []
        known = await bulk.existing(self._connection, label_reports.c.label_id, list(first))
        new = [report for name, report in first.items() if name not in known]
        if new:
            await self._connection.execute(
                insert(label_reports), [msgspec.structs.asdict(report) for report in new]
            )
        return new

    async def reports(self, label_ids: Sequence[str]) -> dict[str, LabelReport]:
        """Return those of the reports that are stored, by id."""
        found = await self._connection.execute(
            select(*_REPORT_COLUMNS).where(
                bulk.one_of(self._connection, label_reports.c.label_id, "ids")
            ),
            {"ids": bulk.key_set(self._connection, label_ids)},
        )
        return {row.label_id: _report(row) for row in found}

    async def history(self, transaction_ids: Sequence[str]) -> dict[str, list[LabelReport]]:
        """Return all that was said about transactions, by the time it was known, then as it came.

        A transaction of which nothing was said is left out.
        """
        found = await self._connection.execute(
            select(*_REPORT_COLUMNS)
            .where(bulk.one_of(self._connection, label_reports.c.transaction_id, "ids"))
            .order_by(label_reports.c.known_time, label_reports.c.position),
            {"ids": bulk.key_set(self._connection, transaction_ids)},
        )
        histories: dict[str, list[LabelReport]] = {}
        for row in found:
            histories.setdefault(row.transaction_id, []).append(_report(row))
        return histories

    async def standings(self, transaction_ids: Sequence[str]) -> dict[str, Standing]:
        """Return the labels that count for transactions now; one never labelled is left out."""
        found = await self._connection.execute(
            select(labels).where(bulk.one_of(self._connection, labels.c.transaction_id, "ids")),
            {"ids": bulk.key_set(self._connection, transaction_ids)},
        )
        return {row.transaction_id: _standing(row) for row in found}

    async def put(self, standings: Sequence[Standing]) -> None:
        """Make labels the ones that count for their transactions."""
        await bulk.upsert(
            self._connection,
            labels,
            [_row(standing) for standing in standings],
            key="transaction_id",
            replace=[column.name for column in labels.columns if not column.primary_key],
        )

    async def facts(self, transaction_ids: Sequence[str]) -> dict[str, Facts]:
        """Return what is counted of those of the transactions that are stored."""
        found = await self._connection.execute(
            select(
                transactions.c.transaction_id,
                transactions.c.event_time,
                transactions.c.kind,
                transactions.c.model_version,
                transactions.c.currency,
                transactions.c.amount_minor,
                transactions.c.risk_score,
                transactions.c.alert_id,
            ).where(bulk.one_of(self._connection, transactions.c.transaction_id, "ids")),
            {"ids": bulk.key_set(self._connection, transaction_ids)},
        )
        return {row[0]: Facts(*row[1:7], row.alert_id is not None) for row in found}

    async def fraud_standings(self, after: str, limit: int) -> list[Standing]:
        """Return labels of value FRAUD by transaction id, those after one id, for a recount."""
        found = await self._connection.execute(
            select(labels)
            .where(labels.c.value == LabelValue.FRAUD, labels.c.transaction_id > after)
            .order_by(labels.c.transaction_id)
            .limit(limit)
        )
        return [_standing(row) for row in found]


def _report(row: Any) -> LabelReport:
    return LabelReport(row[0], row[1], LabelValue(row[2]), *row[3:])


def _standing(row: Any) -> Standing:
    facts = None
    if row.event_time is not None:
        facts = Facts(
            row.event_time,
            row.kind or "PAYMENT",
            row.model_version,
            row.currency or "",
            row.amount_minor,
            row.risk_score,
            row.alerted,
        )
    return Standing(
        row.transaction_id,
        row.label_id,
        LabelValue(row.value),
        row.source,
        row.known_time,
        row.since_time or row.known_time,
        facts,
    )


def _row(standing: Standing) -> dict[str, Any]:
    values = msgspec.structs.asdict(standing)
    facts = values.pop("facts")
    if facts is None:
        return values | dict.fromkeys(Facts.__struct_fields__)
    return values | msgspec.structs.asdict(facts)
