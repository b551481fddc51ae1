"""What a batch of scored transactions means for the alerts and the counts.

Decides everything, stores nothing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from gateway.domain import folding
from gateway.domain.alert import (
    NO_REASON,
    SYSTEM_ANALYST,
    Alert,
    AlertEvent,
    AlertTransaction,
    alert_from_transaction,
)
from gateway.domain.rollup import Rollup, hour_of
from gateway.domain.transaction import Reason, TransactionRecord

_REASONS = msgspec.json.Decoder(list[Reason])


class Raising(Struct, frozen=True):
    """A transaction that raises an alert."""

    alert_id: str
    transaction: TransactionRecord


class AlertPlan(Struct, frozen=True):
    """What to store.

    New alerts, alerts that took something in, their transactions and their history.
    """

    new: list[Alert]
    folded: list[Alert]
    members: list[AlertTransaction]
    events: list[AlertEvent]


def reasons_of(transaction: TransactionRecord) -> list[Reason]:
    """Return the reasons of a transaction, strongest first."""
    return _REASONS.decode(transaction.reasons)


def first_of_each(
    transactions: Sequence[TransactionRecord], known: set[str]
) -> list[TransactionRecord]:
    """Return the transactions that are new, each id once.

    A later event of the same id is a repetition.
    """
    new: dict[str, TransactionRecord] = {}
    for transaction in transactions:
        if transaction.transaction_id not in known:
            new.setdefault(transaction.transaction_id, transaction)
    return list(new.values())


def raising(transactions: Sequence[TransactionRecord]) -> list[Raising]:
    """Return those transactions that raise an alert."""
    return [
        Raising(transaction.alert_id, transaction)
        for transaction in transactions
        if transaction.alert_id is not None
    ]


def plan_alerts(
    raised: Sequence[Raising],
    candidates: Sequence[Alert],
    fraud_counts: dict[str, int],
    window: timedelta,
) -> AlertPlan:
    """Decide which alerts are new and which fold into one that is open.

    Args:
        raised: transactions that raise an alert, in the order of the feed.
        candidates: open alerts of the same accounts that began not longer than the window before.
        fraud_counts: confirmed frauds by account; a missing account has none.
        window: how long after its first transaction an alert takes others in.
    """
    current = {alert.alert_id: alert for alert in candidates}
    by_burst: dict[tuple[str, str], list[str]] = {}
    for alert in candidates:
        by_burst.setdefault((alert.account_id, alert.leading_reason), []).append(alert.alert_id)
    new: set[str] = set()
    folded: Counter[str] = Counter()
    members: list[AlertTransaction] = []
    events: list[AlertEvent] = []
    for item in raised:
        transaction = item.transaction
        newcomer = alert_from_transaction(
            transaction, leading_reason(transaction), fraud_counts.get(transaction.account_id, 0)
        )
        burst = by_burst.setdefault((newcomer.account_id, newcomer.leading_reason), [])
        owner = next(
            (name for name in burst if folding.folds_into(current[name], newcomer, window)), None
        )
        if owner is None:
            owner = newcomer.alert_id
            current[owner] = newcomer
            burst.append(owner)
            new.add(owner)
            events.append(_raised(newcomer))
        else:
            current[owner] = folding.fold(current[owner], newcomer)
            folded[owner] += 1
        members.append(
            AlertTransaction(
                transaction.transaction_id,
                owner,
                item.alert_id,
                transaction.sequence,
                transaction.risk_score,
                transaction.event_time,
            )
        )
    # In one order everywhere, so that two processes never wait for each other's rows.
    changed = [current[name] for name in sorted(folded.keys() - new)]
    return AlertPlan(
        new=[alert for name, alert in current.items() if name in new],
        folded=changed,
        members=members,
        events=events + [_folded(alert, folded[alert.alert_id]) for alert in changed],
    )


def count_transactions(
    rollups: dict[datetime, Rollup], transactions: Sequence[TransactionRecord]
) -> None:
    """Add transactions to the counts of the hours in which they were taken in."""
    for transaction in transactions:
        _rollup(rollups, transaction.ingest_time).transactions += 1


def count_alerts(rollups: dict[datetime, Rollup], alerts: Sequence[Alert]) -> None:
    """Add new alerts to the counts of the hours in which they were raised."""
    for alert in alerts:
        _rollup(rollups, alert.raised_time).count_alert(alert.severity)


def _rollup(rollups: dict[datetime, Rollup], instant: datetime) -> Rollup:
    hour = hour_of(instant)
    if hour not in rollups:
        rollups[hour] = Rollup(hour=hour)
    return rollups[hour]


def leading_reason(transaction: TransactionRecord) -> tuple[str, str]:
    """Return code and sentence of the strongest reason of a transaction."""
    reasons = reasons_of(transaction)
    if reasons:
        return reasons[0].code, reasons[0].sentence
    return NO_REASON, f"The risk score is {transaction.risk_score:.1f} of 100."


def _folded(alert: Alert, count: int) -> AlertEvent:
    what = "1 transaction was" if count == 1 else f"{count} transactions were"
    return AlertEvent(
        alert.alert_id,
        "FOLDED",
        alert.status,
        alert.status,
        SYSTEM_ANALYST,
        f"{what} folded in",
        alert.updated_time,
    )


def _raised(alert: Alert) -> AlertEvent:
    return AlertEvent(
        alert.alert_id,
        "RAISED",
        None,
        alert.status,
        SYSTEM_ANALYST,
        alert.description,
        alert.raised_time,
    )
