"""Bodies of the alert and investigation endpoints."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.domain.enumerations import (
    AlertStatus,
    CaseDecision,
    EntityType,
    RiskLevel,
    Severity,
)

AnalystId = Annotated[str, Meta(min_length=1, max_length=64)]


class PaginationBody(Struct):
    """Where a page stands in its list; `next_cursor` continues after it and is null at the end.

    With `total_is_lower_bound` there are at least `total_records`: not all of them were counted.
    """

    page: int
    limit: int
    total_pages: int
    total_records: int
    has_next: bool
    has_previous: bool
    next_cursor: str | None = None
    total_is_lower_bound: bool = False


class AlertBody(Struct, kw_only=True):
    """An alert in a list. `timestamp` is when it was raised, by the gateway's clock."""

    alert_id: str
    timestamp: datetime
    entity: str
    entity_type: EntityType
    risk_score: float
    severity: Severity
    status: AlertStatus
    priority: str
    version: int
    account_id: str
    transaction_id: str
    transaction_count: int
    leading_reason: str
    description: str
    assigned_to: str | None
    outcome: CaseDecision | None
    response_deadline: datetime
    resolution_deadline: datetime
    sla_deadline: datetime
    sla_breached: bool
    updated_at: datetime
    closed_at: datetime | None


class AlertListBody(Struct):
    """A page of alerts."""

    data: list[AlertBody]
    pagination: PaginationBody


class TransactionBody(Struct, kw_only=True):
    """A transaction as people read it. `amount` is in major units, `amount_minor` exact.

    `destination_account` is who is paid: the account, or the merchant where there is none.
    """

    transaction_id: str
    kind: str
    amount: float | None
    amount_minor: int | None
    currency: str
    timestamp: datetime
    source_account: str
    destination_account: str | None
    merchant_id: str | None
    terminal_id: str | None
    channel: str | None
    ip_address: str | None
    device_fingerprint: str | None
    geo_country: str | None
    mcc: int | None
    instrument_id: str | None
    side: str | None
    price: float | None
    quantity: float | None
    venue: str | None
    risk_score: float
    decision: str


class DetectorScoresBody(Struct):
    """What each detector said, 0 to 100; `ml` is null when the model did not take part."""

    statistical: float
    behavioral: float
    ml: float | None


class FeatureDeviationBody(Struct, kw_only=True):
    """One reason.

    `deviation` is (value - baseline) / |baseline|, or the plain difference at a baseline of 0.
    """

    feature: str
    deviation: float
    risk_level: RiskLevel
    value: float
    baseline: float
    code: str
    detector: str
    contribution: float
    explanation: str


class MemberBody(Struct):
    """A transaction of the alert."""

    transaction_id: str
    risk_score: float
    timestamp: datetime


class AlertDetailBody(AlertBody, kw_only=True):
    """An alert with what explains it.

    `historical_scores` are the account's last ones, oldest first.
    """

    transaction: TransactionBody | None
    feature_deviations: list[FeatureDeviationBody]
    historical_scores: list[float]
    detector_scores: DetectorScoresBody | None
    model_name: str
    model_version: str
    degraded_reasons: list[str]
    transactions: list[MemberBody]


class AlertDetailEnvelope(Struct):
    """One alert."""

    data: AlertDetailBody


class HistoricalScoreBody(Struct, omit_defaults=True):
    """One past score of the account, at the time of its transaction."""

    date: datetime
    score: float
    model: str | UnsetType = UNSET


class NoteBody(Struct):
    """A note of an analyst."""

    note_id: str
    content: str
    analyst_id: str
    timestamp: datetime


class SimilarAlertBody(Struct):
    """An earlier alert of the same account and how it ended."""

    alert_id: str
    timestamp: datetime
    risk_score: float
    severity: Severity
    status: AlertStatus
    outcome: CaseDecision | None
    leading_reason: str


class InvestigationBody(AlertDetailBody, kw_only=True):
    """Everything an analyst looks at. `case_id` is that of the open case that it is in."""

    historical_behavior: list[HistoricalScoreBody]
    notes: list[NoteBody]
    similar_alerts: list[SimilarAlertBody]
    case_id: str | None


class InvestigationEnvelope(Struct):
    """One investigation."""

    data: InvestigationBody


class StatusChange(Struct):
    """Where the alert should go.

    `expected_version` makes the move fail if somebody else was faster.
    """

    status: AlertStatus | None = None
    expected_version: Annotated[int, Meta(ge=1)] | None = None
    analyst_id: AnalystId | None = None


class StatusPut(Struct):
    """Where the alert should go, as older clients say it."""

    status: AlertStatus
    expected_version: Annotated[int, Meta(ge=1)] | None = None
    analyst_id: AnalystId | None = None


class StatusChanged(Struct):
    """The move was made."""

    success: bool
    alert_id: str
    new_status: AlertStatus
    version: int


class DecisionBody(Struct):
    """What the analyst decided. `confidence` is 0 to 1, or 0 to 100 in percent."""

    decision: CaseDecision
    notes: Annotated[str, Meta(max_length=1000)] | None = None
    analyst_id: AnalystId | None = None
    confidence: Annotated[float, Meta(ge=0, le=100)] | None = None
    expected_version: Annotated[int, Meta(ge=1)] | None = None


class DecisionTaken(Struct):
    """The decision was recorded."""

    success: bool
    alert_id: str
    updated_status: AlertStatus
    message: str
    version: int


class NewNote(Struct):
    """What to write down."""

    content: Annotated[str, Meta(min_length=1, max_length=1000)]
    analyst_id: AnalystId | None = None


class NoteAdded(Struct):
    """The note was stored."""

    success: bool
    message: str
    note_id: str


class HistoryEntryBody(Struct):
    """One thing that happened to the alert."""

    action: str
    old_status: AlertStatus | None
    new_status: AlertStatus
    analyst_id: str
    content: str
    timestamp: datetime


class HistoryBody(Struct):
    """What happened to an alert, oldest first."""

    alert_id: str
    history: list[HistoryEntryBody]
