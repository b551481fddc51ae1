"""Reading alerts and moving them through their life cycle."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain import life_cycle, rollup
from gateway.domain.alert import Alert, AlertPage
from gateway.domain.enumerations import AlertStatus
from gateway.domain.explanation import Explanation
from gateway.domain.pagination import AlertQuery
from gateway.errors import ConflictError, NotFoundError
from gateway.services.labelling import withdrawn_labels
from gateway.services.ports import Database, Unit
from gateway.services.shared_reads import shared


class AlertDetail(msgspec.Struct, frozen=True):
    """An alert with what explains it."""

    alert: Alert
    explanation: Explanation


# From a page, what was asked for, and the present, to what is sent.
PageRendering = Callable[[AlertPage, AlertQuery, datetime], bytes]


class AlertService:
    """The use cases of the alert list and the alert page."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], label_wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._now = now
        self._label_wake = label_wake

    async def page(self, query: AlertQuery) -> AlertPage:
        """Return one page of alerts."""
        async with self._database.read() as unit:
            return await unit.alerts.page(query)

    @shared
    async def rendered_page(self, query: AlertQuery, render: PageRendering) -> bytes:
        """Return one page of alerts as `render` makes it."""
        return render(await self.page(query), query, self._now())

    async def get(self, alert_id: str) -> Alert:
        """Return an alert or raise NotFoundError."""
        async with self._database.read() as unit:
            return await read_alert(unit, alert_id)

    async def detail(self, alert_id: str) -> AlertDetail:
        """Return an alert with what explains it.

        Raises:
            NotFoundError: no such alert.
        """
        async with self._database.read() as unit:
            return await read_detail(unit, alert_id)

    async def move(
        self, alert_id: str, target: AlertStatus, analyst_id: str, expected_version: int | None
    ) -> Alert:
        """Move an alert, once, in one transaction with its history row.

        Return it as it is after the move.

        Raises:
            NotFoundError: no such alert.
            ConflictError: no such move from where it stands, or somebody else changed it first.
        """
        async with self._database.write() as unit:
            alert = await read_alert(unit, alert_id, lock=True)
            require_version(alert, expected_version)
            change = life_cycle.move(alert, target, analyst_id, self._now())
            await store_change(unit, alert, change)
            withdrawn = await withdrawn_labels(unit, alert, change)
            await unit.outbox.add(withdrawn)
        if withdrawn:
            self._label_wake()
        return change.alert


async def read_alert(unit: Unit, alert_id: str, *, lock: bool = False) -> Alert:
    """Return an alert or raise NotFoundError.

    Whoever is going to change it locks it: folding leaves the version as it is, so the version
    alone would let a change undo what was folded in meanwhile.
    """
    alert = await unit.alerts.get(alert_id, lock=lock)
    if alert is None:
        raise NotFoundError("no such alert", details={"alert_id": alert_id})
    return alert


async def read_detail(unit: Unit, alert_id: str) -> AlertDetail:
    """Return an alert with what explains it or raise NotFoundError."""
    alert = await read_alert(unit, alert_id)
    return AlertDetail(alert, await unit.explanations.explanation(alert))


def require_version(alert: Alert, expected_version: int | None) -> None:
    """Raise ConflictError when the caller has seen another version of the alert."""
    if expected_version is not None and alert.version != expected_version:
        raise ConflictError(
            f"the alert has version {alert.version}, the request expected {expected_version}",
            reason="STALE_VERSION",
            details={"version": alert.version, "expected_version": expected_version},
        )


async def store_change(unit: Unit, before: Alert, change: life_cycle.Change) -> None:
    """Store a change with its history rows and counts.

    Raises:
        ConflictError: somebody else changed the alert first; the transaction is to be undone.
    """
    if not await unit.alerts.change(change.alert, before.version):
        raise ConflictError(
            "somebody else changed the alert at the same time; read it again",
            reason="STALE_VERSION",
            details={"expected_version": before.version},
        )
    await unit.alerts.add_events(change.events)
    await unit.feed.add_rollups(rollup.closing(before, change.alert))
    if change.alert.is_open and not before.is_open:
        await unit.cases.withdraw_decisions(before.alert_id, change.alert.updated_time)
