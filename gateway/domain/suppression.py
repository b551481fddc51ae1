"""Suppression rules: for whom alerts are held back, until when, and which transactions that hits.

Whether a rule holds is judged by the time at which the scoring server took the transaction in, so
that a feed that is taken in late, or again, gives the same hits.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from gateway.domain.enumerations import Severity
from gateway.domain.intake import Raising, leading_reason
from gateway.domain.transaction import TransactionRecord
from gateway.errors import ConflictError, FieldFault, InvalidArgumentError

# Chosen by us: what is known to be safe should be looked at again once a year.
DURATION_MAX = timedelta(days=366)


class SuppressedType(StrEnum):
    """What a rule can be about."""

    ACCOUNT = "ACCOUNT"
    MERCHANT = "MERCHANT"
    DEVICE = "DEVICE"
    INSTRUMENT = "INSTRUMENT"
    TRANSACTION = "TRANSACTION"


_ID_OF: dict[SuppressedType, Callable[[TransactionRecord], str | None]] = {
    SuppressedType.ACCOUNT: lambda record: record.account_id,
    SuppressedType.MERCHANT: lambda record: record.merchant_id,
    SuppressedType.DEVICE: lambda record: record.device_id,
    SuppressedType.INSTRUMENT: lambda record: record.instrument_id,
    SuppressedType.TRANSACTION: lambda record: record.transaction_id,
}


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """A rule; its fields are the columns of the table `suppressions`.

    Attributes:
        reason_code: the leading reason of the alerts that it holds back; None for any.
        include_critical: whether it holds CRITICAL alerts back too.
        created_time, until_time: it holds from the one on and no longer at the other.
        ended_time, ended_by: None unless somebody ended it before.
        hit_count, last_hit_time: of the alerts that it held back.
    """

    suppression_id: str
    version: int
    entity_type: SuppressedType
    entity_id: str
    reason_code: str | None
    include_critical: bool
    comment: str
    created_by: str
    created_time: datetime
    until_time: datetime
    ended_time: datetime | None = None
    ended_by: str | None = None
    hit_count: int = 0
    last_hit_time: datetime | None = None

    def holds_at(self, instant: datetime) -> bool:
        """Return whether the rule holds at an instant."""
        ended = self.ended_time is not None and self.ended_time <= instant
        return self.created_time <= instant < self.until_time and not ended


class SuppressionEvent(msgspec.Struct, frozen=True):
    """One row of a rule's history. Rows are only ever added.

    Attributes:
        content: why, in the words of who did it.
        detail: what was set or changed.
    """

    suppression_id: str
    action: str
    analyst_id: str
    content: str
    detail: str
    event_time: datetime


class SuppressionHit(msgspec.Struct, frozen=True):
    """A transaction whose alert a rule held back. Rows are only ever added.

    Attributes:
        alert_id: that the scoring server named.
        event_time: when the scoring server took the transaction in.
    """

    transaction_id: str
    suppression_id: str
    alert_id: str
    risk_score: float
    severity: Severity
    leading_reason: str
    event_time: datetime


class SuppressionChange(msgspec.Struct, frozen=True):
    """A rule after a change, with the history row that tells of it. Nothing is stored yet."""

    suppression: Suppression
    event: SuppressionEvent


def require_end_date(until: datetime, now: datetime) -> None:
    """Raise InvalidArgumentError unless a rule may hold until then."""
    if now < until <= now + DURATION_MAX:
        return
    fault = FieldFault(
        "until",
        f"until must be in the future and at most {DURATION_MAX.days} days ahead, "
        f"was {until.isoformat()}",
    )
    raise InvalidArgumentError(fault.message, faults=(fault,))


def create(rule: Suppression) -> SuppressionChange:
    """Return a new rule with the first row of its history."""
    until = rule.until_time.isoformat()
    detail = f"until={until} include_critical={str(rule.include_critical).lower()}"
    event = SuppressionEvent(
        rule.suppression_id, "CREATED", rule.created_by, rule.comment, detail, rule.created_time
    )
    return SuppressionChange(rule, event)


def amend(
    rule: Suppression,
    until: datetime | None,
    include_critical: bool | None,
    comment: str,
    analyst_id: str,
    now: datetime,
) -> SuppressionChange:
    """Return a rule with another end or another say about CRITICAL alerts; None leaves each.

    Raises:
        ConflictError: the rule has ended.
    """
    _require_holding(rule, now)
    after = msgspec.structs.replace(
        rule,
        version=rule.version + 1,
        until_time=rule.until_time if until is None else until,
        include_critical=rule.include_critical if include_critical is None else include_critical,
    )
    changes = []
    if after.until_time != rule.until_time:
        changes.append(f"until={rule.until_time.isoformat()}->{after.until_time.isoformat()}")
    if after.include_critical != rule.include_critical:
        changes.append(f"include_critical={str(after.include_critical).lower()}")
    event = SuppressionEvent(
        rule.suppression_id, "CHANGED", analyst_id, comment, " ".join(changes), now
    )
    return SuppressionChange(after, event)


def end(rule: Suppression, comment: str, analyst_id: str, now: datetime) -> SuppressionChange:
    """Return a rule that ends now.

    Raises:
        ConflictError: it has ended already.
    """
    _require_holding(rule, now)
    after = msgspec.structs.replace(
        rule, version=rule.version + 1, ended_time=now, ended_by=analyst_id
    )
    return SuppressionChange(
        after, SuppressionEvent(rule.suppression_id, "ENDED", analyst_id, comment, "", now)
    )


def entity_ids(raised: Sequence[Raising]) -> list[str]:
    """Return all ids that a rule about any of the transactions could name."""
    found = {read(item.transaction) for item in raised for read in _ID_OF.values()}
    return sorted(each for each in found if each is not None)


def hits(raised: Sequence[Raising], rules: Sequence[Suppression]) -> list[SuppressionHit]:
    """Return which alerts are held back, each by the oldest rule that fits."""
    oldest_first = sorted(rules, key=lambda rule: (rule.created_time, rule.suppression_id))
    found = []
    for item in raised:
        record = item.transaction
        reason, _ = leading_reason(record)
        rule = next((each for each in oldest_first if _fits(each, record, reason)), None)
        if rule is not None:
            found.append(
                SuppressionHit(
                    record.transaction_id,
                    rule.suppression_id,
                    item.alert_id,
                    record.risk_score,
                    Severity(record.severity),
                    reason,
                    record.ingest_time,
                )
            )
    return found


def without_alerts(
    records: Sequence[TransactionRecord], held_back: Sequence[SuppressionHit]
) -> list[TransactionRecord]:
    """Return transactions, those whose alert is held back as ones that raise none."""
    silent = {hit.transaction_id for hit in held_back}
    return [
        msgspec.structs.replace(record, alert_id=None)
        if record.transaction_id in silent
        else record
        for record in records
    ]


def _fits(rule: Suppression, record: TransactionRecord, reason: str) -> bool:
    return (
        _ID_OF[rule.entity_type](record) == rule.entity_id
        and rule.holds_at(record.ingest_time)
        and rule.reason_code in {None, reason}
        and (rule.include_critical or record.severity != Severity.CRITICAL)
    )


def _require_holding(rule: Suppression, now: datetime) -> None:
    if not rule.holds_at(now):
        raise ConflictError(
            "the rule has ended; make a new one",
            reason="SUPPRESSION_ENDED",
            details={"until": rule.until_time, "ended_at": rule.ended_time},
        )
