"""Alerts and the transactions that belong to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.prepared import Prepared
from gateway.db.repositories import alert_list
from gateway.db.repositories.alert_list import alert_of
from gateway.db.repositories.alert_places import AlertPlaces
from gateway.db.tables.alerts import alert_events, alert_transactions, alerts
from gateway.domain.alert import Alert, AlertEvent, AlertPage, AlertTransaction
from gateway.domain.enumerations import AlertStatus, CaseDecision, EntityType, Severity
from gateway.domain.pagination import AlertQuery

_OWNER = (
    select(alert_transactions.c.alert_id)
    .where(alert_transactions.c.raised_alert_id == bindparam("alert_id"))
    .limit(1)
    .scalar_subquery()
)
_BY_ID = select(alerts).where(alerts.c.alert_id == func.coalesce(_OWNER, bindparam("alert_id")))
_ALERT = Prepared(_BY_ID)
_LOCKED = Prepared(_BY_ID.with_for_update())
MEMBERS = Prepared(
    select(alert_transactions)
    .where(alert_transactions.c.alert_id == bindparam("alert_id"))
    .order_by(alert_transactions.c.event_time, alert_transactions.c.transaction_id)
    .limit(bindparam("most"))
)
_EVENTS = Prepared(
    select(alert_events)
    .where(alert_events.c.alert_id == bindparam("alert_id"))
    .order_by(alert_events.c.event_id)
)


class AlertRepository:
    """SQL of alerts, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection, places: AlertPlaces) -> None:
        self._connection = connection
        self._places = places

    async def get(self, alert_id: str, *, lock: bool = False) -> Alert | None:
        """Return an alert by its id, or by the id of an alert that was folded into it.

        `lock` keeps others from changing it until the transaction ends, folding included.
        """
        statement = _LOCKED if lock else _ALERT
        rows = await statement.rows(self._connection, alert_id=alert_id)
        return alert_of(rows[0]) if rows else None

    async def page(self, query: AlertQuery) -> AlertPage:
        """Return one page of alerts, by cursor where the query has one."""
        return await alert_list.page(self._connection, query, self._places)

    async def change(self, alert: Alert, version_before: int) -> bool:
        """Store a changed alert unless somebody else changed it first; False when somebody did."""
        changed = await self._connection.execute(
            update(alerts)
            .where(alerts.c.alert_id == alert.alert_id, alerts.c.version == version_before)
            .values(**msgspec.structs.asdict(alert))
        )
        return changed.rowcount == 1

    async def name_entity(self, alert_id: str, entity: str, entity_type: EntityType) -> None:
        """Show an alert under another entity; what folds into it stays the same."""
        await self._connection.execute(
            update(alerts)
            .where(alerts.c.alert_id == alert_id)
            .values(entity=entity, entity_type=entity_type)
        )

    async def folding_candidates(
        self, accounts: Sequence[str], since: datetime, until: datetime
    ) -> list[Alert]:
        """Return open alerts of the accounts that began in [since, until], and lock them."""
        found = await self._connection.execute(
            select(alerts)
            .where(bulk.one_of(self._connection, alerts.c.account_id, "accounts"))
            .where(alerts.c.is_open, alerts.c.first_event_time.between(since, until))
            .order_by(alerts.c.alert_id)
            .with_for_update(),
            {"accounts": bulk.key_set(self._connection, accounts)},
        )
        return [alert_of(row) for row in found]

    async def fraud_counts(self, accounts: Sequence[str]) -> dict[str, int]:
        """Return how many alerts of each account ended as fraud.

        Accounts without one are left out.
        """
        found = await self._connection.execute(
            select(alerts.c.account_id, func.count())
            .where(bulk.one_of(self._connection, alerts.c.account_id, "accounts"))
            .where(alerts.c.outcome == CaseDecision.FRAUD)
            .group_by(alerts.c.account_id),
            {"accounts": bulk.key_set(self._connection, accounts)},
        )
        return {row[0]: row[1] for row in found}

    async def known_alerts(self, alert_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are stored already."""
        return await bulk.existing(self._connection, alerts.c.alert_id, alert_ids)

    async def add(self, new: Sequence[Alert]) -> None:
        """Store new alerts."""
        await bulk.load(self._connection, alerts, [msgspec.structs.astuple(alert) for alert in new])

    async def put_folded(self, folded: Sequence[Alert]) -> None:
        """Store alerts that took transactions in; they were locked by `folding_candidates`."""
        for alert in folded:
            await self._connection.execute(
                update(alerts)
                .where(alerts.c.alert_id == alert.alert_id)
                .values(**msgspec.structs.asdict(alert))
            )

    async def add_transactions(self, members: Sequence[AlertTransaction]) -> None:
        """Store which transactions belong to which alert."""
        await bulk.load(
            self._connection,
            alert_transactions,
            [msgspec.structs.astuple(member) for member in members],
        )

    async def transactions(self, alert_id: str, limit: int) -> list[AlertTransaction]:
        """Return the transactions of an alert, oldest event first."""
        found = await MEMBERS.rows(self._connection, alert_id=alert_id, most=limit)
        return [AlertTransaction(*row) for row in found]

    async def add_events(self, events: Sequence[AlertEvent]) -> None:
        """Add rows to the history of alerts, in order."""
        if events:
            await self._connection.execute(
                alert_events.insert(), [msgspec.structs.asdict(event) for event in events]
            )

    async def events(self, alert_id: str) -> list[AlertEvent]:
        """Return the history of an alert, oldest first."""
        found = await _EVENTS.rows(self._connection, alert_id=alert_id)
        names = alert_events.columns.keys()
        return [event_of(dict(zip(names, row, strict=True))) for row in found]

    async def counts(self) -> dict[tuple[AlertStatus, Severity], int]:
        """Return how many alerts there are by status and severity; empty groups are left out."""
        return await alert_list.counts(self._connection)


def event_of(row: Mapping[Any, Any]) -> AlertEvent:
    """Return a row of `alert_events` as an event."""
    return AlertEvent(
        row["alert_id"],
        row["action"],
        AlertStatus(row["old_status"]) if row["old_status"] else None,
        AlertStatus(row["new_status"]),
        row["analyst_id"],
        row["content"],
        row["event_time"],
    )
