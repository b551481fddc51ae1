"""Alerts: what an analyst works on. One alert speaks of one or more transactions of an entity."""

from datetime import datetime

from msgspec import Struct

from gateway.domain import priority, sla
from gateway.domain.enumerations import (
    OPEN_STATUSES,
    AlertStatus,
    CaseDecision,
    EntityType,
    LabelValue,
    Severity,
)
from gateway.domain.transaction import TransactionRecord

# Leading reason of an alert that came without reasons.
NO_REASON = "RISK_SCORE"
SYSTEM_ANALYST = "system"


class Alert(Struct, frozen=True, kw_only=True):
    """An alert; its fields are the columns of the table `alerts`.

    Attributes:
        version: grows with every change that an analyst makes; folding in a transaction leaves it.
        entity, entity_type: what the alert is shown under.
        account_id: the account that acted; with leading_reason it decides what folds together.
        transaction_id: the transaction with the highest risk score among those folded in.
        first_event_time, last_event_time: on the clock of the transactions.
        raised_time: on our clock, as all times below.
        response_deadline, resolution_deadline: until when it should be claimed, and closed.
        claimed_time, closed_time, outcome, assigned_to: None until it happens; cleared by a
            reopening.
        fraud_count: frauds confirmed on the account before the alert was raised.
        queue_rank: order in the analyst's queue, higher first; see priority.py.
        owner_id: who owns the account, where a trade names him; None when it is its own.
    """

    alert_id: str
    version: int
    status: AlertStatus
    severity: Severity
    risk_score: float
    entity: str
    entity_type: EntityType
    account_id: str
    leading_reason: str
    description: str
    transaction_id: str
    transaction_count: int
    first_event_time: datetime
    last_event_time: datetime
    raised_time: datetime
    updated_time: datetime
    response_deadline: datetime
    resolution_deadline: datetime
    claimed_time: datetime | None
    closed_time: datetime | None
    outcome: CaseDecision | None
    assigned_to: str | None
    fraud_count: int
    is_open: bool
    queue_rank: float
    owner_id: str | None = None

    @property
    def sla_deadline(self) -> datetime:
        """The deadline that counts now.

        Of the response while nobody has it, of the resolution after that.
        """
        return (
            self.response_deadline
            if self.status is AlertStatus.ACTIVE
            else self.resolution_deadline
        )

    def sla_breached(self, now: datetime) -> bool:
        """Return whether a deadline was missed, or is being missed at `now`."""
        responded = self.claimed_time or now
        return (
            responded > self.response_deadline
            or (self.closed_time or now) > self.resolution_deadline
        )

    def priority(self, now: datetime) -> str:
        """Return P1, P2 or P3 at `now`; a closed alert stays where it was when it was closed."""
        return priority.band(self.queue_rank, self.closed_time or now)


class AlertTransaction(Struct, frozen=True):
    """A transaction that belongs to an alert.

    Attributes:
        raised_alert_id: the id that the scoring server named for it; differs from the alert's when
            it was folded in.
    """

    transaction_id: str
    alert_id: str
    raised_alert_id: str
    sequence: int
    risk_score: float
    event_time: datetime


class AlertEvent(Struct, frozen=True):
    """One row of an alert's history. Rows are only ever added."""

    alert_id: str
    action: str
    old_status: AlertStatus | None
    new_status: AlertStatus
    analyst_id: str
    content: str
    event_time: datetime


class Note(Struct, frozen=True):
    """Something an analyst wrote about an alert."""

    note_id: str
    alert_id: str
    content: str
    analyst_id: str
    created_time: datetime


class DecisionRecord(Struct, frozen=True):
    """A decision of an analyst, kept for feedback."""

    decision_id: str
    alert_id: str
    decision: CaseDecision
    notes: str
    analyst_id: str
    confidence: float | None
    decided_time: datetime


class OutboxLabel(Struct, frozen=True):
    """A label on its way to the scoring server. `label_id` makes its delivery idempotent.

    Attributes:
        source: ANALYST, or a LabelSource.
    """

    label_id: str
    transaction_id: str
    value: LabelValue
    known_time: datetime
    created_time: datetime
    source: str = "ANALYST"
    reported_by: str = ""


class AlertPage(Struct, frozen=True):
    """One page of alerts.

    Attributes:
        next_cursor: continues after the last alert; None at the end.
        total_is_lower_bound: there are at least so many; they were not all counted.
    """

    alerts: list[Alert]
    total: int
    next_cursor: str | None
    total_is_lower_bound: bool = False


def alert_from_transaction(
    transaction: TransactionRecord, leading: tuple[str, str], fraud_count: int
) -> Alert:
    """Return the alert that a transaction raises by itself, ACTIVE and with nobody on it.

    It is about the account that acted, for payments and trades alike: the analyst can act on an
    account.

    Args:
        transaction: it carries an alert_id.
        leading: code and sentence of its strongest reason.
        fraud_count: frauds confirmed on the account before.
    """
    assert transaction.alert_id is not None
    code, sentence = leading
    severity = Severity(transaction.severity)
    raised = transaction.ingest_time
    return Alert(
        alert_id=transaction.alert_id,
        version=1,
        status=AlertStatus.ACTIVE,
        severity=severity,
        risk_score=transaction.risk_score,
        entity=transaction.account_id,
        entity_type=EntityType.ACCOUNT,
        account_id=transaction.account_id,
        leading_reason=code,
        description=sentence,
        transaction_id=transaction.transaction_id,
        transaction_count=1,
        first_event_time=transaction.event_time,
        last_event_time=transaction.event_time,
        raised_time=raised,
        updated_time=raised,
        response_deadline=sla.response_deadline(severity, raised),
        resolution_deadline=sla.resolution_deadline(severity, raised),
        claimed_time=None,
        closed_time=None,
        outcome=None,
        assigned_to=None,
        fraud_count=fraud_count,
        is_open=True,
        queue_rank=priority.queue_rank(severity, transaction.risk_score, fraud_count, raised),
        owner_id=transaction.owner_id,
    )


def is_open(status: AlertStatus) -> bool:
    """Return whether an alert of this status still waits for a decision."""
    return status in OPEN_STATUSES
