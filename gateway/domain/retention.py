"""Which transactions are old enough to be removed, and what that means for those that come again.

The horizon lies at the start of a day in UTC, so that no hour and no day of the counts is cut in
two. A transaction is older than it by both clocks, the payer's and ours: history that was replayed
lately stays, and so do the hours of the counts behind the horizon whole.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from msgspec import Struct

from gateway.domain.transaction import TransactionRecord

DAY = timedelta(days=1)


class Pruned(Struct, frozen=True):
    """What a removal did so far, or would do.

    Attributes:
        before: the horizon.
        removed: transactions that are gone.
        kept: older ones that something still refers to.
        reached: our clock's time of the last transaction that was looked at.
    """

    before: datetime
    removed: int = 0
    kept: int = 0
    reached: datetime | None = None


class OldTransaction(Struct, frozen=True):
    """A transaction that came in before the horizon; removable if nothing refers to it."""

    transaction_id: str
    ingest_time: datetime
    removable: bool


def horizon(now: datetime, days: int, newest: datetime) -> datetime:
    """Return before when transactions are to be removed: the start of a day, `days` ago or more.

    Args:
        now: by our clock.
        days: how long transactions are kept, at least 1.
        newest: when the last stored transaction came in. Whatever came in before it is stored, so
            that an event from before the horizon which comes again is known to be a repetition.
    """
    latest = min(now - days * DAY, newest)
    return datetime.combine(latest.date(), time(), latest.tzinfo)


def may_be_pruned(transactions: Sequence[TransactionRecord], now: datetime) -> bool:
    """Return whether any of the transactions may lie before a horizon, so that it is worth a look.

    The youngest horizon is a day old.
    """
    return any(_older(transaction, now - DAY) for transaction in transactions)


def without_pruned(
    transactions: Sequence[TransactionRecord], before: datetime | None
) -> list[TransactionRecord]:
    """Leave out what lies before the horizon: it was taken in and counted once already."""
    if before is None:
        return list(transactions)
    return [transaction for transaction in transactions if not _older(transaction, before)]


def _older(transaction: TransactionRecord, before: datetime) -> bool:
    return max(transaction.ingest_time, transaction.event_time) < before
