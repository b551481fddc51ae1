"""What live events hold."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.enumerations import AlertStatus
from gateway.rest.schemas.alerts import AlertBody, TransactionBody


class ChangeBody(Struct, kw_only=True):
    """What happened to an alert, and who did it; the row of its history."""

    action: str
    old_status: AlertStatus | None
    new_status: AlertStatus
    analyst_id: str
    content: str
    timestamp: datetime


class AlertChangeBody(AlertBody, kw_only=True):
    """The data of a live event: an alert as lists show it, and what happened to it."""

    change: ChangeBody


class LiveTransactionBody(TransactionBody, kw_only=True):
    """The data of the event `transaction`.

    Attributes:
        ingested_at: on our clock, `timestamp` on the payer's.
        alert_id: of the alert that it raises by itself; null below the threshold.
    """

    severity: str
    ingested_at: datetime
    alert_id: str | None


class ResumeBody(Struct, kw_only=True):
    """The data of `resync` and `behind`.

    Attributes:
        resume_after: the id after which the next event comes.
    """

    resume_after: str
