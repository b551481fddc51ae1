"""Changes of alerts, as those who follow them see them: the log that is the alerts' history."""

import re
from enum import StrEnum
from typing import Self

from msgspec import Struct

from gateway.domain.alert import Alert, AlertEvent, is_open
from gateway.domain.enumerations import AlertStatus, Severity
from gateway.errors import FieldFault, InvalidArgumentError

# Numbers of 64 bits, as the database has them.
_POSITION = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_NUMBER_MAX = 2**63 - 1


class ChangeKind(StrEnum):
    """What a change means to somebody who looks at a list of alerts."""

    RAISED = "alert.raised"
    CHANGED = "alert.changed"
    CLOSED = "alert.closed"


class ChangePosition(Struct, frozen=True, order=True):
    """Where a change stands in the log.

    Attributes:
        xid: of the database's transaction that recorded it; 0 where row numbers alone are in order.
        event_id: its row in the history.
    """

    xid: int
    event_id: int

    def __str__(self) -> str:
        """Return the form that clients hand back."""
        return f"{self.xid}-{self.event_id}"

    @classmethod
    def parse(cls, field: str, text: str) -> Self:
        """Return the position that a client hands back.

        Raises:
            InvalidArgumentError: not one of ours; it names `field`.
        """
        match = _POSITION.fullmatch(text)
        numbers = [int(number) for number in match.groups()] if match else []
        if not numbers or max(numbers) > _NUMBER_MAX:
            fault = FieldFault(field, f"{field} must be the id of an event, was {text[:64]!r}")
            raise InvalidArgumentError(fault.message, faults=(fault,))
        return cls(*numbers)


# Before everything.
BEGINNING = ChangePosition(0, 0)


class Change(Struct, frozen=True):
    """One change: the row of the history that tells of it, and the alert as it was read with it."""

    position: ChangePosition
    event: AlertEvent
    alert: Alert

    @property
    def kind(self) -> ChangeKind:
        """What it means to somebody who looks at a list."""
        before = self.event.old_status
        if before is None:
            return ChangeKind.RAISED
        if is_open(before) and not is_open(self.event.new_status):
            return ChangeKind.CLOSED
        return ChangeKind.CHANGED


class ChangeFilter(Struct, frozen=True):
    """Which changes somebody wants to see; None is no filter.

    A status is met by what comes to it and by what leaves it, so that a list of that status can be
    kept up to date.
    """

    severity: Severity | None = None
    status: AlertStatus | None = None

    def passes(self, change: Change) -> bool:
        """Return whether a change is wanted."""
        if self.severity is not None and change.alert.severity is not self.severity:
            return False
        return self.status is None or self.status in {
            change.event.old_status,
            change.event.new_status,
        }
