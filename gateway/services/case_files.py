"""Cases: alerts of one owner that are worked together."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from gateway.domain import case_file
from gateway.domain.alert import Alert, AlertEvent
from gateway.domain.case_file import CaseChange, CaseEdit, CaseEvent, CaseFile, CaseStatus
from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.errors import ConflictError, NotFoundError
from gateway.services.alerts import read_alert
from gateway.services.case_ports import CaseDatabase, CaseUnit

# Rows of history that are shown with a case, its newest.
HISTORY_LENGTH_MAX = 1000
SUGGESTED_MAX = 100


class CaseDetail(msgspec.Struct, frozen=True):
    """A case with its alerts, oldest first, and what happened to it and to them, oldest first.

    Attributes:
        history_complete: False when older rows were left out.
    """

    case: CaseFile
    alerts: list[Alert]
    history: list[CaseEvent | AlertEvent]
    history_complete: bool


class CaseService:
    """The use cases of /api/cases."""

    def __init__(
        self, database: CaseDatabase, now: Callable[[], datetime], new_id: Callable[[str], str]
    ) -> None:
        self._database = database
        self._now = now
        self._new_id = new_id

    async def start(
        self, title: str, alert_ids: Sequence[str], assigned_to: str | None, author: str
    ) -> CaseFile:
        """Store a new case that holds alerts.

        Raises:
            NotFoundError: no such alert.
            InvalidArgumentError: the alerts are not of one owner.
            ConflictError: an alert is in an open case.
        """
        now = self._now()
        async with self._database.write() as unit:
            alerts = [await read_alert(unit, alert_id) for alert_id in alert_ids]
            await _require_free(unit, alerts)
            change = case_file.start(
                CaseFile(
                    case_id=self._new_id("case"),
                    version=1,
                    status=CaseStatus.OPEN,
                    title=title,
                    owner_id=case_file.owner_of(alerts[0]),
                    assigned_to=assigned_to,
                    alert_count=0,
                    created_by=author,
                    created_time=now,
                    updated_time=now,
                ),
                alerts,
            )
            await unit.case_files.add(change.case)
            await unit.case_files.add_members(change.case.case_id, change.added)
            await unit.case_files.add_events(change.events)
        return change.case

    async def page(
        self, status: CaseStatus | None, assigned_to: str | None, query: PageQuery
    ) -> Listed[CaseFile]:
        """Return cases, newest first; None is no filter, and "" finds those that nobody has."""
        async with self._database.read() as unit:
            return await unit.case_files.page(status, assigned_to, query)

    async def detail(self, case_id: str) -> CaseDetail:
        """Return a case with its alerts and its history, or raise NotFoundError."""
        async with self._database.read() as unit:
            case = await _read(unit, case_id)
            own = await unit.case_files.events(case_id, HISTORY_LENGTH_MAX + 1)
            of_alerts = await unit.case_files.alert_events(case_id, HISTORY_LENGTH_MAX + 1)
            alerts = await unit.case_files.members(case_id)
        merged: list[CaseEvent | AlertEvent] = [*of_alerts, *own]
        # Stable, so that rows of one instant stay in the order in which they were written.
        merged.sort(key=lambda event: event.event_time)
        shown = merged[-HISTORY_LENGTH_MAX:]
        return CaseDetail(case, alerts, shown, len(shown) == len(merged))

    async def regroup(
        self,
        case_id: str,
        add: Sequence[str],
        remove: Sequence[str],
        author: str,
        expected_version: int | None,
    ) -> CaseFile:
        """Put alerts into a case and take others out; what is so already stays as it is.

        Raises:
            NotFoundError: no such case or alert.
            InvalidArgumentError: an alert is not of the case's owner, or there are too many.
            ConflictError: the case is closed or another version, or an alert is in an open case.
        """
        async with self._database.write() as unit:
            case = await _locked(unit, case_id, expected_version)
            coming = [await read_alert(unit, alert_id) for alert_id in add]
            going = frozenset([(await read_alert(unit, each)).alert_id for each in remove])
            members = await unit.case_files.members(case_id)
            change = case_file.regroup(case, members, coming, going, author, self._now())
            await _require_free(unit, [each for each in coming if each.alert_id in change.added])
            await unit.case_files.remove_members(case_id, change.removed)
            await unit.case_files.add_members(case_id, change.added)
            return await _store(unit, case, change)

    async def edit(
        self, case_id: str, asked: CaseEdit, author: str, expected_version: int | None
    ) -> CaseFile:
        """Close, reopen, rename or hand over a case. Its alerts stay as they are.

        Raises:
            NotFoundError: no such case.
            ConflictError: it has the status already or is another version, or it is reopened and
                one of its alerts is in another open case.
        """
        async with self._database.write() as unit:
            case = await _locked(unit, case_id, expected_version)
            change = case_file.edit(case, asked, author, self._now())
            if asked.status is CaseStatus.OPEN:
                await _require_free(unit, await unit.case_files.members(case_id))
            return await _store(unit, case, change)

    async def add_note(self, case_id: str, content: str, author: str) -> CaseEvent:
        """Add a note to the history of a case, open or closed, or raise NotFoundError."""
        note = CaseEvent(case_id, "NOTE_ADDED", author, None, content, self._now())
        async with self._database.write() as unit:
            await _read(unit, case_id)
            await unit.case_files.add_events([note])
        return note

    async def suggestion(self, alert_id: str) -> list[Alert]:
        """Return open alerts that could go into one case with an alert, most urgent first.

        Raises:
            NotFoundError: no such alert.
        """
        async with self._database.read() as unit:
            alert = await read_alert(unit, alert_id)
            keys = sorted(case_file.keys_of(alert))
            found = await unit.case_files.joinable(keys, SUGGESTED_MAX + 1)
        others = [each for each in found if each.alert_id != alert.alert_id]
        return others[:SUGGESTED_MAX]


async def _read(unit: CaseUnit, case_id: str, *, lock: bool = False) -> CaseFile:
    case = await unit.case_files.get(case_id, lock=lock)
    if case is None:
        raise NotFoundError("no such case", details={"case_id": case_id})
    return case


async def _locked(unit: CaseUnit, case_id: str, expected_version: int | None) -> CaseFile:
    case = await _read(unit, case_id, lock=True)
    if expected_version not in {None, case.version}:
        raise ConflictError(
            f"the case has version {case.version}, the request expected {expected_version}",
            reason="STALE_VERSION",
            details={"version": case.version, "expected_version": expected_version},
        )
    return case


async def _require_free(unit: CaseUnit, alerts: Sequence[Alert]) -> None:
    """Name those that are in an open case; the database refuses what gets into one meanwhile."""
    taken = await unit.case_files.open_cases_of([alert.alert_id for alert in alerts])
    if taken:
        raise ConflictError(
            f"{', '.join(sorted(taken))}: in an open case already",
            reason="ALERT_IN_CASE",
            details={"cases": taken},
        )


async def _store(unit: CaseUnit, before: CaseFile, change: CaseChange) -> CaseFile:
    if change.case != before:
        await unit.case_files.put(change.case)
        await unit.case_files.add_events(change.events)
    return change.case
