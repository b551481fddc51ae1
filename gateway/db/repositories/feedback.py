"""What analysts found: resolutions newest first, and their counts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.tables.alerts import alerts, decisions
from gateway.db.tables.feed import hourly_rollups
from gateway.db.tables.feedback import feedback_counts
from gateway.domain.enumerations import CaseDecision
from gateway.domain.feedback import (
    STORED,
    Feedback,
    FeedbackCount,
    FeedbackDecision,
    Period,
    shown,
)

# Written out, because the indexes of resolutions hold this very condition.
_RESOLVED = decisions.c.decision != literal("REVIEW", String(), literal_execute=True)


class FeedbackRepository:
    """SQL of feedback, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def resolutions(
        self,
        decision: FeedbackDecision | None,
        analyst: str,
        since: datetime | None,
        after: tuple[datetime, str] | None,
        offset: int,
        limit: int,
    ) -> list[Feedback]:
        """Return resolutions newest first.

        Args:
            decision: only those; None for all.
            analyst: only his; empty for all.
            since: those from this instant on.
            after: time and id of the row behind which to go on.
            offset: how many to pass over.
            limit: how many at most.
        """
        chosen = select(decisions).where(_RESOLVED)
        if decision is not None:
            chosen = chosen.where(decisions.c.decision == STORED[decision])
        if analyst:
            chosen = chosen.where(decisions.c.analyst_id == analyst)
        if since is not None:
            chosen = chosen.where(decisions.c.decided_time >= since)
        if after is not None:
            time, decision_id = after
            chosen = chosen.where(
                tuple_(decisions.c.decided_time, decisions.c.decision_id)
                < tuple_(literal(time, decisions.c.decided_time.type), literal(decision_id))
            )
        chosen = (
            chosen.order_by(decisions.c.decided_time.desc(), decisions.c.decision_id.desc())
            .offset(offset)
            .limit(limit)
        )
        found = await self._connection.execute(_with_entity(chosen))
        return [_feedback(row) for row in found]

    async def resolution(self, decision_id: str) -> Feedback | None:
        """Return one resolution; None for an unknown id and for a REVIEW."""
        chosen = select(decisions).where(_RESOLVED, decisions.c.decision_id == decision_id)
        row = (await self._connection.execute(_with_entity(chosen))).first()
        return None if row is None else _feedback(row)

    async def counts(
        self, period: Period, since: datetime | None, analyst: str
    ) -> list[FeedbackCount]:
        """Return how many resolutions there are by decision, over all periods from `since` on."""
        query = (
            select(
                feedback_counts.c.decision,
                func.sum(feedback_counts.c.decided),
                func.sum(feedback_counts.c.withdrawn),
                func.min(feedback_counts.c.start),
            )
            .where(feedback_counts.c.period == period)
            .group_by(feedback_counts.c.decision)
        )
        if since is not None:
            query = query.where(feedback_counts.c.start >= since)
        if analyst:
            query = query.where(feedback_counts.c.analyst_id == analyst)
        return [
            FeedbackCount(
                period=period,
                start=start,
                analyst_id=analyst,
                decision=CaseDecision(decision),
                decided=int(decided),
                withdrawn=int(withdrawn),
            )
            for decision, decided, withdrawn, start in await self._connection.execute(query)
        ]

    async def alerts_raised(self, since: datetime | None) -> int:
        """Return how many alerts were raised from an instant on, by the hourly counts."""
        query = select(func.sum(hourly_rollups.c.alerts))
        if since is not None:
            query = query.where(hourly_rollups.c.hour >= since)
        return int(await self._connection.scalar(query) or 0)


def _with_entity(chosen: Select[Any]) -> Select[Any]:
    found = chosen.subquery()
    return (
        select(*found.c, alerts.c.entity, alerts.c.entity_type)
        .join(alerts, alerts.c.alert_id == found.c.alert_id)
        .order_by(found.c.decided_time.desc(), found.c.decision_id.desc())
    )


def _feedback(row: Any) -> Feedback:
    return Feedback(
        feedback_id=row.decision_id,
        alert_id=row.alert_id,
        entity=row.entity,
        entity_type=row.entity_type,
        decision=shown(CaseDecision(row.decision)),
        notes=row.notes,
        analyst_id=row.analyst_id,
        confidence=row.confidence,
        resolved_time=row.decided_time,
        withdrawn_time=row.withdrawn_time,
    )
