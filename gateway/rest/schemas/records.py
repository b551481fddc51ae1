"""Bodies of the transaction endpoints."""

from datetime import datetime

from msgspec import Struct

from gateway.rest.schemas.alerts import (
    AlertBody,
    DetectorScoresBody,
    FeatureDeviationBody,
    PaginationBody,
    TransactionBody,
)


class TransactionRowBody(TransactionBody, kw_only=True):
    """A transaction in a list.

    `alert_id` is the alert that it raised or was folded into, null below the threshold
    and when a suppression rule held the alert back.
    """

    severity: str
    alert_id: str | None


class TransactionListBody(Struct):
    """A page of transactions, newest event first."""

    data: list[TransactionRowBody]
    pagination: PaginationBody


class KnownLabelBody(Struct):
    """What the transaction is known to have been, from `known_at` on."""

    value: str
    source: str
    known_at: datetime


class TransactionDetailBody(TransactionBody, kw_only=True):
    """A transaction with why it was scored so, and what became of it.

    `ingested_at` is on the gateway's clock, `timestamp` on the payer's. `suppressed_by` is the id
    of the suppression rule that held its alert back.
    """

    severity: str
    ingested_at: datetime
    owner_id: str | None
    order_id: str | None
    card_bin: str | None
    latitude: float | None
    longitude: float | None
    detector_scores: DetectorScoresBody
    feature_deviations: list[FeatureDeviationBody]
    model_name: str
    model_version: str
    degraded_reasons: list[str]
    alert: AlertBody | None
    suppressed_by: str | None
    label: KnownLabelBody | None


class TransactionDetailEnvelope(Struct):
    """One transaction."""

    data: TransactionDetailBody
