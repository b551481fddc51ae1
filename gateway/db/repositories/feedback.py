"""What analysts found: resolutions newest first, and their counts."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.prepared import Prepared, Row
from gateway.db.repositories import alert_list
from gateway.db.tables.alerts import alerts, decisions
from gateway.db.tables.feed import hourly_rollups
from gateway.db.tables.feedback import feedback_counts
from gateway.db.types import UtcTime
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
_RESOLVED = decisions.c.decision != literal_column("'REVIEW'")


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
        values: dict[str, Any] = {"offset": offset, "rows": limit}
        if decision is not None:
            values["decision"] = STORED[decision]
        if analyst:
            values["analyst"] = analyst
        if since is not None:
            values["since"] = since
        if after is not None:
            values["after"], values["after_id"] = after
        statement = _listed(
            decision=decision is not None,
            analyst=bool(analyst),
            since=since is not None,
            after=after is not None,
        )
        return [_feedback(row) for row in await statement.rows(self._connection, **values)]

    async def resolution(self, decision_id: str) -> Feedback | None:
        """Return one resolution; None for an unknown id and for a REVIEW."""
        rows = await _ONE.rows(self._connection, decision_id=decision_id)
        return _feedback(rows[0]) if rows else None

    async def counts(
        self, period: Period, since: datetime | None, analyst: str
    ) -> list[FeedbackCount]:
        """Return how many resolutions there are by decision, over all periods from `since` on."""
        values: dict[str, Any] = {"period": period}
        if since is not None:
            values["since"] = since
        if analyst:
            values["analyst"] = analyst
        statement = _counted(since=since is not None, analyst=bool(analyst))
        return [
            FeedbackCount(
                period=period,
                start=start,
                analyst_id=analyst,
                decision=CaseDecision(decision),
                decided=int(decided),
                withdrawn=int(withdrawn),
            )
            for decision, decided, withdrawn, start in await statement.rows(
                self._connection, **values
            )
        ]

    async def alerts_raised(self, since: datetime | None) -> int:
        """Return how many alerts were raised from an instant on, by the hourly counts.

        Without one, how many alerts there are.
        """
        if since is None:
            return sum((await alert_list.counts(self._connection)).values())
        ((number,),) = await _RAISED.rows(self._connection, since=since)
        return int(number or 0)


def _with_entity(chosen: Select[Any]) -> Prepared:
    found = chosen.subquery()
    return Prepared(
        select(
            found.c.decision_id,
            found.c.alert_id,
            alerts.c.entity,
            alerts.c.entity_type,
            found.c.decision,
            found.c.notes,
            found.c.analyst_id,
            found.c.confidence,
            found.c.decided_time,
            found.c.withdrawn_time,
        )
        .join(alerts, alerts.c.alert_id == found.c.alert_id)
        .order_by(found.c.decided_time.desc(), found.c.decision_id.desc())
    )


@cache
def _listed(*, decision: bool, analyst: bool, since: bool, after: bool) -> Prepared:
    chosen = select(decisions).where(_RESOLVED)
    if decision:
        chosen = chosen.where(decisions.c.decision == bindparam("decision", type_=String()))
    if analyst:
        chosen = chosen.where(decisions.c.analyst_id == bindparam("analyst", type_=String()))
    if since:
        chosen = chosen.where(decisions.c.decided_time >= bindparam("since", type_=UtcTime()))
    if after:
        moment = bindparam("after", type_=UtcTime())
        # The first condition alone is what every database finds in its index.
        chosen = chosen.where(decisions.c.decided_time <= moment).where(
            tuple_(decisions.c.decided_time, decisions.c.decision_id)
            < tuple_(moment, bindparam("after_id", type_=String()))
        )
    return _with_entity(
        chosen.order_by(decisions.c.decided_time.desc(), decisions.c.decision_id.desc())
        .offset(bindparam("offset", type_=Integer()))
        .limit(bindparam("rows", type_=Integer()))
    )


@cache
def _counted(*, since: bool, analyst: bool) -> Prepared:
    query = (
        select(
            feedback_counts.c.decision,
            func.sum(feedback_counts.c.decided),
            func.sum(feedback_counts.c.withdrawn),
            func.min(feedback_counts.c.start),
        )
        .where(feedback_counts.c.period == bindparam("period", type_=String()))
        .group_by(feedback_counts.c.decision)
    )
    if since:
        query = query.where(feedback_counts.c.start >= bindparam("since", type_=UtcTime()))
    if analyst:
        query = query.where(feedback_counts.c.analyst_id == bindparam("analyst", type_=String()))
    return Prepared(query)


_ONE = _with_entity(
    select(decisions).where(
        _RESOLVED, decisions.c.decision_id == bindparam("decision_id", type_=String())
    )
)
_RAISED = Prepared(
    select(func.sum(hourly_rollups.c.alerts)).where(
        hourly_rollups.c.hour >= bindparam("since", type_=UtcTime())
    )
)


def _feedback(row: Row) -> Feedback:
    (
        decision_id,
        alert_id,
        entity,
        entity_type,
        decision,
        notes,
        analyst_id,
        confidence,
        decided_time,
        withdrawn_time,
    ) = row
    return Feedback(
        feedback_id=decision_id,
        alert_id=alert_id,
        entity=entity,
        entity_type=entity_type,
        decision=shown(CaseDecision(decision)),
        notes=notes,
        analyst_id=analyst_id,
        confidence=confidence,
        resolved_time=decided_time,
        withdrawn_time=withdrawn_time,
    )
