"""A payment to be scored, and the answer, free of any transport."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.enumerations import Channel, Severity
from gateway.domain.transaction import Reason


class Payment(Struct, frozen=True, kw_only=True):
    """A payment as the scoring server takes it; empty texts and None mean unknown."""

    transaction_id: str
    event_time: datetime
    account_id: str
    merchant_id: str = ""
    device_id: str = ""
    counterparty_account_id: str = ""
    amount_minor: int
    currency: str
    channel: Channel | None = None
    mcc: int = 0
    country: str = ""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    ip_address: str = ""


class ScoreAnswer(Struct, frozen=True, kw_only=True):
    """The answer of the scoring server.

    Attributes:
        statistical, behavioral, ml: 0..1; ml is None when the model did not take part.
        alert_id: of the alert that the payment raises, empty when it raises none.
        sequence: position of the payment in the feed.
    """

    transaction_id: str
    risk_score: float
    severity: Severity
    decision: str
    statistical: float
    behavioral: float
    ml: float | None
    reasons: tuple[Reason, ...]
    model_name: str
    model_version: str
    alert_id: str
    replayed: bool
    degraded_reasons: tuple[str, ...]
    sequence: int
