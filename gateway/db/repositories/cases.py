"""What analysts leave behind: notes and decisions, which are counted as they are stored."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.tables.alerts import alert_events, decisions, notes
from gateway.db.tables.feedback import feedback_counts
from gateway.domain import feedback
from gateway.domain.alert import DecisionRecord, Note
from gateway.domain.enumerations import CaseDecision


class CaseRepository:
    """SQL of notes and decisions, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_note(self, note: Note) -> None:
        """Store a note."""
        await self._connection.execute(insert(notes).values(**msgspec.structs.asdict(note)))

    async def add_decision(self, record: DecisionRecord) -> None:
        """Store a decision and count it."""
        await self._connection.execute(
            insert(decisions).values(**msgspec.structs.asdict(record), counted=True)
        )
        await self._count(feedback.counts(record, decided=1, withdrawn=0))

    async def add_decisions(self, records: Sequence[DecisionRecord]) -> None:
        """Store many decisions that stand, and count them."""
        await bulk.load(
            self._connection,
            decisions,
            [(*msgspec.structs.astuple(record), None, True) for record in records],
        )
        await self._count(
            count for each in records for count in feedback.counts(each, decided=1, withdrawn=0)
        )

    async def withdraw_decisions(self, alert_id: str, now: datetime) -> None:
        """Mark the standing resolutions of an alert as withdrawn, in the counts too."""
        found = await self._connection.execute(
            update(decisions)
            .where(decisions.c.alert_id == alert_id, decisions.c.withdrawn_time.is_(None))
            .where(decisions.c.decision != CaseDecision.REVIEW)
            .values(withdrawn_time=now)
            .returning(*_RECORD, decisions.c.counted)
        )
        counted = [_record(row) for row in found if row.counted]
        await self._count(
            count for each in counted for count in feedback.counts(each, decided=0, withdrawn=1)
        )

    async def uncounted(self) -> bool:
        """Return whether a decision is stored that is not counted."""
        found = await self._connection.scalar(
            # In order, so that it is the index that is looked into, whatever is known of the table.
            select(decisions.c.decision_id)
            .where(_UNCOUNTED)
            .order_by(decisions.c.decision_id)
            .limit(1)
        )
        return found is not None

    async def count_decisions(self, limit: int) -> int:
        """Count decisions that another version of this program stored; return how many.

        Whether the alert was reopened after them is read from its history.
        """
        some = select(decisions.c.decision_id).where(_UNCOUNTED).limit(limit)
        reopened = (
            select(func.min(alert_events.c.event_time))
            .where(alert_events.c.alert_id == decisions.c.alert_id)
            .where(alert_events.c.action == "REOPENED")
            .where(alert_events.c.event_time >= decisions.c.decided_time)
            .where(decisions.c.decision != CaseDecision.REVIEW)
            .scalar_subquery()
        )
        found = await self._connection.execute(
            update(decisions)
            # Who waited here for another process finds them counted.
            .where(decisions.c.decision_id.in_(some), _UNCOUNTED)
            .values(
                counted=True, withdrawn_time=func.coalesce(decisions.c.withdrawn_time, reopened)
            )
            .returning(*_RECORD, decisions.c.withdrawn_time)
        )
        rows = found.all()
        await self._count(
            count
            for row in rows
            for count in feedback.counts(
                _record(row), decided=1, withdrawn=int(row.withdrawn_time is not None)
            )
        )
        return len(rows)

    async def _count(self, counts: Iterable[feedback.FeedbackCount]) -> None:
        await bulk.upsert(
            self._connection,
            feedback_counts,
            [msgspec.structs.asdict(count) for count in feedback.added_up(counts)],
            key=("period", "start", "analyst_id", "decision"),
            add=("decided", "withdrawn"),
        )


_UNCOUNTED = text("NOT counted")
_RECORD = [decisions.c[name] for name in DecisionRecord.__struct_fields__]


def _record(row: Any) -> DecisionRecord:
    return DecisionRecord(
        row.decision_id,
        row.alert_id,
        CaseDecision(row.decision),
        row.notes,
        row.analyst_id,
        row.confidence,
        row.decided_time,
    )
