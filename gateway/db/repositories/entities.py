"""Entities: what their transactions and alerts say of them. Every read has a bound."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.db import bulk
from gateway.db.prepared import Prepared, together
from gateway.db.repositories.alert_list import alert_of
from gateway.db.repositories.transactions import TransactionRepository, newest_first
from gateway.db.tables.alerts import alert_events, alerts
from gateway.db.tables.entities import alert_entities
from gateway.db.tables.feed import labels, transactions
from gateway.db.types import UtcTime
from gateway.domain.alert import Alert, AlertEvent
from gateway.domain.entity import Entity, EntityKind, LinkKind, ProfileRow, Reach, Shared, SharedRow
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.domain.transaction import TransactionRecord

_COLUMNS = {
    EntityKind.USER: transactions.c.owner_id,
    EntityKind.ACCOUNT: transactions.c.account_id,
    EntityKind.TRANSACTION: transactions.c.transaction_id,
    EntityKind.DEVICE: transactions.c.device_id,
    EntityKind.MERCHANT: transactions.c.merchant_id,
    EntityKind.INSTRUMENT: transactions.c.instrument_id,
    EntityKind.IP: transactions.c.ip_address,
}
_LINKS = {
    LinkKind.DEVICE: transactions.c.device_id,
    LinkKind.IP: transactions.c.ip_address,
    LinkKind.MERCHANT: transactions.c.merchant_id,
    LinkKind.COUNTERPARTY: transactions.c.counterparty_account_id,
}
_PROFILE = ProfileRow.__struct_fields__


class EntityRepository:
    """SQL of entities, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def reach(self, entity: Entity, most: int) -> Reach:
        """Return when an entity was first and last seen, and how often, counted up to `most`."""
        statement = _REACH[entity.kind]
        ((first, last, number),) = await statement.rows(
            self._connection, own=entity.entity_id, rows=most + 1
        )
        return Reach(first, last, min(number, most), number > most)

    async def newest(self, entity: Entity, limit: int) -> list[ProfileRow]:
        """Return what a profile needs of the newest transactions, newest first."""
        statement = _NEWEST[entity.kind]
        rows = await statement.rows(self._connection, own=entity.entity_id, rows=limit)
        return [ProfileRow(*row) for row in rows]

    async def shared(self, entity: Entity, limit: int) -> list[SharedRow]:
        """Return what the newest transactions of an entity name, newest first."""
        statement = _SHARED[entity.kind]
        rows = await statement.rows(self._connection, own=entity.entity_id, rows=limit)
        return [SharedRow(row[0], dict(zip(_LINKS, row[1:], strict=True))) for row in rows]

    async def labels(self, entity: Entity, limit: int) -> dict[str, int]:
        """Return how many of the newest transactions have which label."""
        statement = _LABELS[entity.kind]
        rows = await statement.rows(self._connection, own=entity.entity_id, rows=limit)
        return {value: int(number) for value, number in rows}

    async def transactions(
        self, entity: Entity, after: tuple[datetime, str] | None, limit: int
    ) -> list[TransactionRecord]:
        """Return transactions of an entity, newest first, from behind a place on."""
        own = (_COLUMNS[entity.kind].name, entity.entity_id)
        repository = TransactionRepository(self._connection)
        return (await repository.listed([own], after, 0, limit, limit)).rows

    async def alert_ids(self, entity: Entity, limit: int) -> list[str]:
        """Return the ids of the newest alerts of an entity, newest first."""
        rows = await _ALERT_IDS.rows(
            self._connection, kind=entity.kind, own=entity.entity_id, rows=limit
        )
        return [row[0] for row in rows]

    async def alerts(
        self, entity: Entity, after: tuple[datetime, str] | None, offset: int, limit: int
    ) -> list[Alert]:
        """Return alerts of an entity, newest first, from behind a place on."""
        values: dict[str, Any] = {"offset": offset, "rows": limit}
        if after is not None:
            values["after"], values["after_id"] = after
        statement = _ALERTS_BEHIND if after else _ALERTS
        rows = await statement.rows(
            self._connection, kind=entity.kind, own=entity.entity_id, **values
        )
        return [alert_of(row) for row in rows]

    async def alert_counts(
        self, alert_ids: Sequence[str]
    ) -> dict[tuple[AlertStatus, CaseDecision | None], int]:
        """Return how many of the alerts there are by status and outcome."""
        found = await self._connection.execute(
            select(alerts.c.status, alerts.c.outcome, func.count())
            .where(bulk.one_of(self._connection, alerts.c.alert_id, "ids"))
            .group_by(alerts.c.status, alerts.c.outcome),
            {"ids": bulk.key_set(self._connection, alert_ids)},
        )
        return {
            (AlertStatus(status), None if outcome is None else CaseDecision(outcome)): number
            for status, outcome, number in found
        }

    async def events(
        self, alert_ids: Sequence[str], before: datetime | None, after_id: int | None, limit: int
    ) -> list[tuple[int, AlertEvent]]:
        """Return the history of some alerts with the numbers of its rows, newest first.

        Args:
            alert_ids: whose.
            before: none later than this; None for all.
            after_id: of those at `before`, only lower numbers; None for all.
            limit: how many at most.
        """
        time, event_id = alert_events.c.event_time, alert_events.c.event_id
        query = (
            select(alert_events)
            .where(bulk.one_of(self._connection, alert_events.c.alert_id, "ids"))
            .order_by(time.desc(), event_id.desc())
            .limit(limit)
        )
        if before is not None:
            moment = literal(before, time.type)
            query = query.where(time <= moment)
            if after_id is not None:
                query = query.where(
                    tuple_(time, event_id) < tuple_(moment, literal(after_id, event_id.type))
                )
        found = await self._connection.execute(
            query, {"ids": bulk.key_set(self._connection, alert_ids)}
        )
        return [
            (
                row.event_id,
                AlertEvent(
                    row.alert_id,
                    row.action,
                    AlertStatus(row.old_status) if row.old_status else None,
                    AlertStatus(row.new_status),
                    row.analyst_id,
                    row.content,
                    row.event_time,
                ),
            )
            for row in found
        ]

    async def users_of(
        self, things: Sequence[Shared], newest: int
    ) -> list[tuple[list[tuple[str, int, datetime]], bool]]:
        """Return the accounts of the newest transactions that name a thing, most active first.

        Returns:
            For each thing account, number and time of the last of its accounts; and whether there
            are more transactions.
        """
        found = await together(
            self._connection,
            *((_USERS[each.kind], {"own": each.value, "rows": newest + 1}) for each in things),
        )
        return [
            ([(row[0], row[1], row[2]) for row in rows], sum(row[1] for row in rows) > newest)
            for rows in found
        ]


def _newest_of(column: ColumnElement[Any], *columns: ColumnElement[Any]) -> Select[Any]:
    query = select(*columns).where(column == bindparam("own", type_=String()))
    return newest_first(query, None).limit(bindparam("rows", type_=Integer()))


def _users(column: ColumnElement[Any]) -> Select[Any]:
    rows = _newest_of(column, transactions.c.account_id, transactions.c.event_time).subquery()
    number = func.count()
    return (
        select(rows.c.account_id, number, func.max(rows.c.event_time))
        .group_by(rows.c.account_id)
        .order_by(number.desc(), rows.c.account_id)
    )


def _reach(column: ColumnElement[Any]) -> Select[Any]:
    own = column == bindparam("own", type_=String())
    time = transactions.c.event_time
    most = bindparam("rows", type_=Integer())
    some = select(literal(1)).select_from(transactions).where(own).limit(most).subquery()
    return select(
        select(time).where(own).order_by(time).limit(1).scalar_subquery(),
        select(time).where(own).order_by(time.desc()).limit(1).scalar_subquery(),
        select(func.count()).select_from(some).scalar_subquery(),
    )


def _labels(column: ColumnElement[Any]) -> Select[Any]:
    newest = _newest_of(column, transactions.c.transaction_id).subquery()
    return (
        select(labels.c.value, func.count())
        .join(newest, newest.c.transaction_id == labels.c.transaction_id)
        .group_by(labels.c.value)
        .order_by(labels.c.value)
    )


_REACH = {kind: Prepared(_reach(column)) for kind, column in _COLUMNS.items()}
_LABELS = {kind: Prepared(_labels(column)) for kind, column in _COLUMNS.items()}
_NEWEST = {
    kind: Prepared(_newest_of(column, *(transactions.c[name] for name in _PROFILE)))
    for kind, column in _COLUMNS.items()
}
_SHARED = {
    kind: Prepared(_newest_of(column, transactions.c.event_time, *_LINKS.values()))
    for kind, column in _COLUMNS.items()
}
_USERS = {kind: Prepared(_users(column)) for kind, column in _LINKS.items()}


def _alerts_of(*columns: Any, behind: bool) -> Select[Any]:
    time, alert_id = alert_entities.c.raised_time, alert_entities.c.alert_id
    query = (
        select(*columns)
        .select_from(alert_entities)
        .where(alert_entities.c.entity_type == bindparam("kind", type_=String()))
        .where(alert_entities.c.entity_id == bindparam("own", type_=String()))
        .order_by(time.desc(), alert_id.desc())
        .limit(bindparam("rows", type_=Integer()))
    )
    if not behind:
        return query
    moment = bindparam("after", type_=UtcTime())
    return query.where(time <= moment).where(
        tuple_(time, alert_id) < tuple_(moment, bindparam("after_id", type_=String()))
    )


def _alert_page(*, behind: bool) -> Prepared:
    query = _alerts_of(alerts, behind=behind).offset(bindparam("offset", type_=Integer()))
    return Prepared(query.join(alerts, alerts.c.alert_id == alert_entities.c.alert_id))


_ALERT_IDS = Prepared(_alerts_of(alert_entities.c.alert_id, behind=False))
_ALERTS = _alert_page(behind=False)
_ALERTS_BEHIND = _alert_page(behind=True)
