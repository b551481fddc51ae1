"""Working the queue together: who takes which alert."""

from collections.abc import Callable
from datetime import datetime

from gateway.domain import assignment
from gateway.domain.alert import Alert, AlertPage
from gateway.domain.life_cycle import Change
from gateway.domain.pagination import PageQuery
from gateway.domain.people import UserStatus
from gateway.domain.permission import ROLE_PERMISSIONS, Permission
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.services.alerts import read_alert, require_version, store_change
from gateway.services.queue_ports import QueueDatabase, QueueUnit


class AssignmentService:
    """The use cases of claiming, releasing and assigning alerts."""

    def __init__(
        self, database: QueueDatabase, now: Callable[[], datetime], *, login_required: bool
    ) -> None:
        self._database = database
        self._now = now
        self._login_required = login_required

    async def claim(self, alert_id: str, analyst_id: str, expected_version: int | None) -> Alert:
        """Take an alert out of the queue; of several who try at once, one gets it.

        Raises:
            NotFoundError: no such alert.
            ConflictError: somebody has it, it is closed, or it has another version.
        """
        return await self._change(
            alert_id,
            expected_version,
            lambda alert: assignment.claim(alert, analyst_id, self._now()),
        )

    async def release(self, alert_id: str, analyst_id: str, expected_version: int | None) -> Alert:
        """Put an alert back into the queue.

        Raises:
            NotFoundError: no such alert.
            ConflictError: nobody has it, it is closed, or it has another version.
        """
        return await self._change(
            alert_id,
            expected_version,
            lambda alert: assignment.release(alert, analyst_id, self._now()),
        )

    async def assign(
        self, alert_id: str, assignee: str, author: str, expected_version: int | None
    ) -> Alert:
        """Give an alert to somebody, whoever had it.

        Raises:
            NotFoundError: no such alert.
            InvalidArgumentError: the assignee is nobody who may work alerts.
            ConflictError: he has it already, it is closed, or it has another version.
        """
        async with self._database.write() as unit:
            await self._require_analyst(unit, assignee)
            alert = await read_alert(unit, alert_id, lock=True)
            require_version(alert, expected_version)
            change = assignment.assign(alert, assignee, author, self._now())
            return await _store(unit, alert, change)

    async def require_analyst(self, name: str, field: str = "analyst_id") -> None:
        """Raise InvalidArgumentError unless alerts can be given to somebody of that name.

        Without a login there are no users, and anybody can.
        """
        async with self._database.read() as unit:
            await self._require_analyst(unit, name, field)

    async def take_next(self, analyst_id: str) -> Alert | None:
        """Claim the most urgent alert that waits; None when none does.

        Of several who ask at once, each gets another one.
        """
        async with self._database.write() as unit:
            alert = await unit.queue.take_next()
            if alert is None:
                return None
            return await _store(unit, alert, assignment.claim(alert, analyst_id, self._now()))

    async def held_by(self, analyst_id: str, query: PageQuery) -> AlertPage:
        """Return a page of the open alerts that an analyst has, most urgent first."""
        async with self._database.read() as unit:
            return await unit.queue.held_by(analyst_id, query)

    async def _require_analyst(self, unit: QueueUnit, name: str, field: str = "analyst_id") -> None:
        if not self._login_required:
            return
        user = await unit.people.user_named(name)
        if (
            user is None
            or user.status is not UserStatus.ACTIVE
            or Permission.WORK not in ROLE_PERMISSIONS[user.role]
        ):
            fault = FieldFault(
                field, f"{field} must be an active user who may work alerts, was {name!r}"
            )
            raise InvalidArgumentError(fault.message, faults=(fault,))

    async def _change(
        self, alert_id: str, expected_version: int | None, decide: Callable[[Alert], Change]
    ) -> Alert:
        async with self._database.write() as unit:
            alert = await read_alert(unit, alert_id, lock=True)
            require_version(alert, expected_version)
            return await _store(unit, alert, decide(alert))


async def _store(unit: QueueUnit, before: Alert, change: Change) -> Alert:
    await store_change(unit, before, change)
    return change.alert
