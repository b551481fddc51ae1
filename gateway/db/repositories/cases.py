"""What analysts leave behind: notes and decisions."""

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.tables.alerts import decisions, notes
from gateway.domain.alert import DecisionRecord, Note
from gateway.domain.enumerations import CaseDecision


class CaseRepository:
    """SQL of notes and decisions, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_note(self, note: Note) -> None:
        """Store a note."""
        await self._connection.execute(insert(notes).values(**msgspec.structs.asdict(note)))

    async def notes(self, alert_id: str) -> list[Note]:
        """Return the notes of an alert, oldest first."""
        found = await self._connection.execute(
            select(notes)
            .where(notes.c.alert_id == alert_id)
            .order_by(notes.c.created_time, notes.c.note_id)
        )
        return [Note(*row) for row in found]

    async def add_decision(self, record: DecisionRecord) -> None:
        """Store a decision."""
        await self._connection.execute(insert(decisions).values(**msgspec.structs.asdict(record)))

    async def decision(self, decision_id: str) -> DecisionRecord | None:
        """Return one decision."""
        row = (
            await self._connection.execute(
                select(decisions).where(decisions.c.decision_id == decision_id)
            )
        ).first()
        if row is None:
            return None
        return DecisionRecord(
            row.decision_id,
            row.alert_id,
            CaseDecision(row.decision),
            row.notes,
            row.analyst_id,
            row.confidence,
            row.decided_time,
        )
