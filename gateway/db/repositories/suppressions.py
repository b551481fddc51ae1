"""Suppression rules, their history and their hits."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db import bulk
from gateway.db.tables.suppressions import suppression_events, suppression_hits, suppressions
from gateway.db.timeline import time_page
from gateway.domain.enumerations import Severity
from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.domain.suppression import (
    SuppressedType,
    Suppression,
    SuppressionEvent,
    SuppressionHit,
)

_LIST = "suppressions"
_HITS = "suppression_hits"
# What a person may change; the counts belong to ingest.
_CHANGED = ("version", "include_critical", "until_time", "ended_time", "ended_by")


class SuppressionRepository:
    """SQL of suppression rules, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def holding(
        self, entity_ids: Sequence[str], since: datetime, until: datetime
    ) -> list[Suppression]:
        """Return the rules about any of the ids that hold at some instant of [since, until]."""
        found = await self._connection.execute(
            select(suppressions)
            .where(bulk.one_of(self._connection, suppressions.c.entity_id, "ids"))
            .where(suppressions.c.created_time <= until, suppressions.c.until_time > since)
            .where(_not_ended_by(since)),
            {"ids": bulk.key_set(self._connection, entity_ids)},
        )
        return [_suppression(row) for row in found]

    async def add_hits(self, hits: Sequence[SuppressionHit]) -> None:
        """Store which alerts were held back, and count them on their rules."""
        if not hits:
            return
        rows = [msgspec.structs.astuple(hit) for hit in hits]
        await bulk.load(self._connection, suppression_hits, rows)
        newest = {hit.suppression_id: hit.event_time for hit in sorted(hits, key=_event_time)}
        counts = Counter(hit.suppression_id for hit in hits)
        await self._connection.execute(
            update(suppressions)
            .where(suppressions.c.suppression_id == bindparam("rule"))
            .values(
                hit_count=suppressions.c.hit_count + bindparam("count"),
                last_hit_time=bindparam("newest"),
            ),
            # In one order everywhere, so that two processes never wait for each other's rows.
            [
                {"rule": rule, "count": counts[rule], "newest": newest[rule]}
                for rule in sorted(counts)
            ],
        )

    async def suppressing(self, transaction_id: str) -> str | None:
        """Return the id of the rule that held the alert of a transaction back."""
        found: str | None = await self._connection.scalar(
            select(suppression_hits.c.suppression_id).where(
                suppression_hits.c.transaction_id == transaction_id
            )
        )
        return found

    async def add(self, rule: Suppression) -> None:
        """Store a new rule."""
        await self._connection.execute(insert(suppressions).values(**msgspec.structs.asdict(rule)))

    async def get(self, suppression_id: str) -> Suppression | None:
        """Return a rule."""
        row = (
            await self._connection.execute(
                select(suppressions).where(suppressions.c.suppression_id == suppression_id)
            )
        ).first()
        return None if row is None else _suppression(row)

    async def change(self, rule: Suppression, version_before: int) -> bool:
        """Store a changed rule unless somebody else changed it first; False when somebody did."""
        changed = await self._connection.execute(
            update(suppressions)
            .where(suppressions.c.suppression_id == rule.suppression_id)
            .where(suppressions.c.version == version_before)
            .values({name: getattr(rule, name) for name in _CHANGED})
        )
        return changed.rowcount == 1

    async def page(
        self,
        holding: bool | None,
        now: datetime,
        query: PageQuery,
    ) -> Listed[Suppression]:
        """Return rules, newest first: those that hold at `now`, those that do not, or all."""
        matching = select(suppressions)
        if holding is not None:
            holds = (suppressions.c.until_time > now) & _not_ended_by(now)
            matching = matching.where(holds if holding else ~holds)
        total = await self._connection.scalar(select(func.count()).select_from(matching.subquery()))
        order = (suppressions.c.created_time, suppressions.c.suppression_id)
        rows, cursor = await time_page(self._connection, matching, order, _LIST, query)
        return Listed([_suppression(row) for row in rows], total or 0, cursor)

    async def hits(self, rule: Suppression, query: PageQuery) -> Listed[SuppressionHit]:
        """Return the hits of a rule, newest first."""
        matching = select(suppression_hits).where(
            suppression_hits.c.suppression_id == rule.suppression_id
        )
        order = (suppression_hits.c.event_time, suppression_hits.c.transaction_id)
        rows, cursor = await time_page(self._connection, matching, order, _HITS, query)
        return Listed([_hit(row) for row in rows], rule.hit_count, cursor)

    async def add_event(self, event: SuppressionEvent) -> None:
        """Add a row to the history of a rule."""
        await self._connection.execute(
            insert(suppression_events).values(**msgspec.structs.asdict(event))
        )

    async def events(self, suppression_id: str) -> list[SuppressionEvent]:
        """Return the history of a rule, oldest first."""
        columns = [suppression_events.c[name] for name in SuppressionEvent.__struct_fields__]
        found = await self._connection.execute(
            select(*columns)
            .where(suppression_events.c.suppression_id == suppression_id)
            .order_by(suppression_events.c.event_id)
        )
        return [SuppressionEvent(*row) for row in found]


def _event_time(hit: SuppressionHit) -> datetime:
    return hit.event_time


def _not_ended_by(instant: datetime) -> ColumnElement[bool]:
    return or_(suppressions.c.ended_time.is_(None), suppressions.c.ended_time > instant)


def _suppression(row: Any) -> Suppression:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's columns by name
    values["entity_type"] = SuppressedType(values["entity_type"])
    return Suppression(**values)


def _hit(row: Any) -> SuppressionHit:
    values = dict(row._mapping)  # noqa: SLF001 - as above
    values["severity"] = Severity(values["severity"])
    return SuppressionHit(**values)
