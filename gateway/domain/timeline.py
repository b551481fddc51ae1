"""What happened to an entity: its transactions and the events of its alerts, in one order."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.alert import AlertEvent
from gateway.domain.transaction import TransactionRecord

_TRANSACTION = "t:"
_EVENT = "e:"
# The largest number that a row can have, and its length.
_EVENT_ID_MAX = 2**63 - 1
_EVENT_DIGITS = 19


class TimelineEntry(Struct, frozen=True):
    """One thing that happened: a transaction, or an event of an alert with its number."""

    time: datetime
    what: TransactionRecord | AlertEvent
    event_id: int = 0

    @property
    def key(self) -> str:
        """Orders what happened at the same time: transactions first where the newest come first."""
        if isinstance(self.what, AlertEvent):
            return f"{_EVENT}{self.event_id:0{_EVENT_DIGITS}}"
        return _TRANSACTION + self.what.transaction_id


class TimelinePlace(Struct, frozen=True):
    """Behind which entry a timeline goes on.

    Attributes:
        time: of the entry.
        transaction: time and id behind which transactions go on.
        event_id: behind which events of the same time go on; None where all of them follow.
    """

    time: datetime
    transaction: tuple[datetime, str]
    event_id: int | None


class TimelinePage(Struct, frozen=True):
    """Part of a timeline, newest first; `next_cursor` goes on, None at the end."""

    entries: list[TimelineEntry]
    next_cursor: str | None


def place_of(time: datetime, key: str) -> TimelinePlace:
    """Return the place behind the entry that a cursor of a timeline names."""
    if key.startswith(_TRANSACTION):
        return TimelinePlace(time, (time, key.removeprefix(_TRANSACTION)), None)
    number = key.removeprefix(_EVENT)
    # No id sorts before the empty one, so that no transaction of this time follows.
    event_id = int(number[:_EVENT_DIGITS]) if number.isdecimal() else 0
    return TimelinePlace(time, (time, ""), min(event_id, _EVENT_ID_MAX))
