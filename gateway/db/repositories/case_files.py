"""Cases, which alerts they hold, and their history."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.repositories.alert_list import alert_of
from gateway.db.tables.alerts import alert_events, alerts
from gateway.db.tables.case_files import case_file_alerts, case_file_events, case_files
from gateway.db.timeline import time_page
from gateway.domain.alert import Alert, AlertEvent
from gateway.domain.case_file import CaseEvent, CaseFile, CaseStatus
from gateway.domain.enumerations import AlertStatus
from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.errors import ConflictError

_LIST = "cases"
_MEMBERS = case_file_alerts.c


class CaseFileRepository:
    """SQL of cases, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, case: CaseFile) -> None:
        """Store a new case."""
        await self._connection.execute(insert(case_files).values(**msgspec.structs.asdict(case)))

    async def get(self, case_id: str, *, lock: bool = False) -> CaseFile | None:
        """Return a case; `lock` keeps others from changing it until the transaction ends."""
        query = select(case_files).where(case_files.c.case_id == case_id)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return None if row is None else _case(row)

    async def put(self, case: CaseFile) -> None:
        """Overwrite a case that is locked.

        Raises:
            ConflictError: it is open, and one of its alerts is in another open case.
        """
        await self._connection.execute(
            update(case_files)
            .where(case_files.c.case_id == case.case_id)
            .values(**msgspec.structs.asdict(case))
        )
        is_open = case.status is CaseStatus.OPEN
        with _one_open_case_each():
            await self._connection.execute(
                update(case_file_alerts)
                .where(_MEMBERS.case_id == case.case_id, _MEMBERS.is_open.is_(not is_open))
                .values(is_open=is_open)
            )

    async def page(
        self, status: CaseStatus | None, assigned_to: str | None, query: PageQuery
    ) -> Listed[CaseFile]:
        """Return cases, newest first; None is no filter, and "" finds those that nobody has."""
        matching = select(case_files)
        if status is not None:
            matching = matching.where(case_files.c.status == status)
        if assigned_to is not None:
            matching = matching.where(
                case_files.c.assigned_to == assigned_to
                if assigned_to
                else case_files.c.assigned_to.is_(None)
            )
        total = await self._connection.scalar(select(func.count()).select_from(matching.subquery()))
        order = (case_files.c.created_time, case_files.c.case_id)
        rows, cursor = await time_page(self._connection, matching, order, _LIST, query)
        return Listed([_case(row) for row in rows], total or 0, cursor)

    async def members(self, case_id: str) -> list[Alert]:
        """Return the alerts of a case, oldest first."""
        found = await self._connection.execute(
            select(alerts)
            .join(case_file_alerts, _MEMBERS.alert_id == alerts.c.alert_id)
            .where(_MEMBERS.case_id == case_id)
            .order_by(alerts.c.raised_time, alerts.c.alert_id)
        )
        return [alert_of(tuple(row)) for row in found]

    async def add_members(self, case_id: str, alert_ids: Sequence[str]) -> None:
        """Put alerts into an open case, in the order given.

        Raises:
            ConflictError: one is in an open case already; the transaction is to be undone.
        """
        if not alert_ids:
            return
        rows = [
            {"case_id": case_id, "alert_id": alert_id, "is_open": True} for alert_id in alert_ids
        ]
        with _one_open_case_each():
            await self._connection.execute(insert(case_file_alerts), rows)

    async def remove_members(self, case_id: str, alert_ids: Sequence[str]) -> None:
        """Take alerts out of a case."""
        if alert_ids:
            await self._connection.execute(
                delete(case_file_alerts).where(
                    _MEMBERS.case_id == case_id, _MEMBERS.alert_id.in_(alert_ids)
                )
            )

    async def open_cases_of(self, alert_ids: Sequence[str]) -> dict[str, str]:
        """Return the open case that each alert is in, by alert; those in none are left out."""
        found = await self._connection.execute(
            select(_MEMBERS.alert_id, _MEMBERS.case_id).where(
                bulk.one_of(self._connection, _MEMBERS.alert_id, "ids"), _MEMBERS.is_open
            ),
            {"ids": bulk.key_set(self._connection, alert_ids)},
        )
        return {row.alert_id: row.case_id for row in found}

    async def joinable(self, keys: Sequence[str], limit: int) -> list[Alert]:
        """Return open alerts of accounts or owners that are in no open case, most urgent first."""
        taken = select(_MEMBERS.alert_id).where(
            _MEMBERS.alert_id == alerts.c.alert_id, _MEMBERS.is_open
        )
        found = await self._connection.execute(
            select(alerts)
            .where(or_(alerts.c.account_id.in_(keys), alerts.c.owner_id.in_(keys)))
            .where(alerts.c.is_open, ~taken.exists())
            .order_by(alerts.c.queue_rank.desc(), alerts.c.alert_id.desc())
            .limit(limit)
        )
        return [alert_of(tuple(row)) for row in found]

    async def add_events(self, events: Sequence[CaseEvent]) -> None:
        """Add rows to the history of cases, in order."""
        if events:
            await self._connection.execute(
                insert(case_file_events), [msgspec.structs.asdict(event) for event in events]
            )

    async def events(self, case_id: str, limit: int) -> list[CaseEvent]:
        """Return the newest rows of a case's own history, oldest first."""
        columns = [case_file_events.c[name] for name in CaseEvent.__struct_fields__]
        found = await self._connection.execute(
            select(*columns)
            .where(case_file_events.c.case_id == case_id)
            .order_by(case_file_events.c.event_id.desc())
            .limit(limit)
        )
        return [CaseEvent(*row) for row in found][::-1]

    async def alert_events(self, case_id: str, limit: int) -> list[AlertEvent]:
        """Return the newest rows of the history of a case's alerts, oldest first."""
        columns = [alert_events.c[name] for name in AlertEvent.__struct_fields__]
        found = await self._connection.execute(
            select(*columns)
            .join(case_file_alerts, _MEMBERS.alert_id == alert_events.c.alert_id)
            .where(_MEMBERS.case_id == case_id)
            .order_by(alert_events.c.event_id.desc())
            .limit(limit)
        )
        return [_alert_event(row) for row in found][::-1]


@contextmanager
def _one_open_case_each() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(
            "an alert is in another open case at the same time; read it again",
            reason="ALERT_IN_CASE",
        ) from error


def _case(row: Any) -> CaseFile:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's columns by name
    values["status"] = CaseStatus(values["status"])
    return CaseFile(**values)


def _alert_event(row: Any) -> AlertEvent:
    values = dict(row._mapping)  # noqa: SLF001 - as above
    values["new_status"] = AlertStatus(values["new_status"])
    if values["old_status"] is not None:
        values["old_status"] = AlertStatus(values["old_status"])
    return AlertEvent(**values)
