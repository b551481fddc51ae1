"""Transactions as the gateway keeps them, and the events of the feed that bring them."""

from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.enumerations import LabelValue

# A transaction scored within this of its own event time is live: its event clock is the wall clock.
# Chosen by us: longer than a payer's clock drifts, far shorter than any replayed history is old.
LIVE_SKEW_MAX = timedelta(minutes=5)


class Reason(Struct, frozen=True, array_like=True, gc=False):
    """One reason for a score, strongest first in its list.

    Stored as a JSON array to keep rows short.
    """

    code: str
    detector: str
    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str


class TransactionRecord(Struct, frozen=True, gc=False):
    """A scored transaction; its fields are the columns of the table `transactions`, in order.

    Attributes:
        kind: PAYMENT or TRADE.
        amount_minor: minor units; for a trade price times quantity, rounded half to even, None when
            it does not fit.
        severity: of the REST contract, so MINIMAL counts as LOW.
        decision: APPROVE, REVIEW or DECLINE.
        statistical, behavioral, ml: 0..1; ml is None without a model.
        degraded_reasons: codes with a comma between them, empty when nothing was left out.
        alert_id: of the alert that this transaction alone would raise; None below the threshold,
            or when a suppression rule held the alert back.
        reasons: JSON array of `Reason` arrays.
    """

    transaction_id: str
    kind: str
    event_time: datetime
    ingest_time: datetime
    sequence: int
    account_id: str
    merchant_id: str | None
    terminal_id: str | None
    device_id: str | None
    counterparty_account_id: str | None
    instrument_id: str | None
    side: str | None
    amount_minor: int | None
    currency: str
    price_nanos: int | None
    quantity_micros: int | None
    venue: str | None
    order_id: str | None
    owner_id: str | None
    channel: str | None
    mcc: int | None
    country: str | None
    latitude_deg: float | None
    longitude_deg: float | None
    ip_address: str | None
    card_bin: str | None
    risk_score: float
    severity: str
    decision: str
    statistical: float
    behavioral: float
    ml: float | None
    model_name: str
    model_version: str
    degraded_reasons: str
    alert_id: str | None
    reasons: str

    @property
    def is_live(self) -> bool:
        """True when it was scored as it happened, False when it was replayed from history."""
        return abs(self.ingest_time - self.event_time) <= LIVE_SKEW_MAX


class LabelRecord(Struct, frozen=True, gc=False):
    """A label that the scoring server has taken in."""

    label_id: str
    transaction_id: str
    value: LabelValue
    source: str
    known_time: datetime


class FeedEvent(Struct, frozen=True, gc=False):
    """One event of the feed. Exactly one of transaction, label and fault is set.

    Attributes:
        fault: why the event cannot be read; `payload` then holds its bytes.
    """

    sequence: int
    transaction: TransactionRecord | None = None
    label: LabelRecord | None = None
    fault: str = ""
    payload: bytes = b""


class FeedBatch(Struct, frozen=True):
    """One message of the feed; without events it is a heartbeat."""

    events: list[FeedEvent]
    journal_id: str
    latest_sequence: int


class FeedPosition(Struct, frozen=True):
    """How far the feed has been taken in: everything up to `sequence` of journal `journal_id`."""

    journal_id: str
    sequence: int
