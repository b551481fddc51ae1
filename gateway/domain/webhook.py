"""Webhooks: who is told of which changes, and what becomes of each delivery."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from gateway.domain.change import Change, ChangeKind
from gateway.domain.enumerations import SEVERITY_ORDER, Severity

WEBHOOKS_MAX = 50
# Deliveries that may wait for one webhook; further ones are dead at once. Chosen by us.
BACKLOG_MAX = 10_000
PING = "ping"
# Deliveries that a list counts; of more it says that there are at least so many. Chosen by us.
COUNTED_MAX = 10_000
# What an attempt that succeeded or failed is remembered for; chosen by us.
DELIVERED_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=30)
_ERROR_LENGTH_MAX = 200
_OK = range(200, 300)
_GONE = 410


class Webhook(Struct, frozen=True, kw_only=True):
    """A place to tell of changes; its fields are the columns of the table `webhooks`.

    Attributes:
        events: kinds of changes that it wants.
        severity_min: of alerts that it wants.
        disabled_reason: why we made it inactive; empty when we did not.
        sealed_secret: what its deliveries are signed with, encrypted; see services/sealing.py.
    """

    webhook_id: str
    version: int
    url: str
    description: str
    events: tuple[ChangeKind, ...]
    severity_min: Severity
    active: bool
    disabled_reason: str
    sealed_secret: str
    created_by: str
    created_time: datetime
    updated_time: datetime

    def wants(self, change: Change) -> bool:
        """Return whether it is told of a change."""
        return (
            change.kind in self.events
            and SEVERITY_ORDER[change.alert.severity] >= SEVERITY_ORDER[self.severity_min]
        )

    def disabled(self, reason: str, now: datetime) -> "Webhook":
        """Return it as it is after we made it inactive."""
        return msgspec.structs.replace(
            self,
            version=self.version + 1,
            active=False,
            disabled_reason=reason,
            updated_time=now,
        )

    def __repr__(self) -> str:
        """Return which it is, without the secret."""
        return f"Webhook({self.webhook_id!r})"


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class Delivery(Struct, frozen=True, kw_only=True):
    """One change on its way to one webhook; its fields are the columns of `webhook_deliveries`.

    Attributes:
        delivery_id: the same at every attempt, so that the receiver can leave repetitions out.
        event_id: row of the history that it tells of; None for a ping.
        next_attempt_time: when it is due, while it is PENDING.
        settled_time: when it was delivered or given up.
        last_status, last_error: what the last attempt gave.
    """

    delivery_id: str
    webhook_id: str
    event_id: int | None
    event_type: str
    body: str
    status: DeliveryStatus
    attempts: int
    created_time: datetime
    next_attempt_time: datetime
    settled_time: datetime | None = None
    last_status: int | None = None
    last_error: str = ""


class Outcome(Struct, frozen=True, kw_only=True):
    """What one attempt gave.

    Attributes:
        status: of HTTP; None without an answer.
        retry_after_s: what the receiver asked for.
    """

    status: int | None = None
    error: str = ""
    retry_after_s: float = 0.0

    @property
    def delivered(self) -> bool:
        """The receiver has taken it."""
        return self.status in _OK

    @property
    def gone(self) -> bool:
        """The receiver wants nothing any more."""
        return self.status == _GONE


class RetryRules(Struct, frozen=True, kw_only=True):
    """How long and how often a delivery is tried; pauses double from the first to the longest."""

    attempts_max: int
    age_max: timedelta
    pause_first: timedelta
    pause_max: timedelta

    def pause(self, attempts: int, jitter: float) -> timedelta:
        """Return how long to wait after so many failed attempts.

        Args:
            attempts: at least 1.
            jitter: 0 to 1; takes up to half of the pause off, so that pauses never shrink.
        """
        # Beyond 2^40 the longest pause is reached, whatever the first is.
        doublings = min(attempts - 1, 40)
        full_s = min(
            self.pause_max.total_seconds(), self.pause_first.total_seconds() * 2.0**doublings
        )
        return timedelta(seconds=full_s * (1 - jitter / 2))


def after_attempt(
    delivery: Delivery, outcome: Outcome, rules: RetryRules, jitter: float, now: datetime
) -> Delivery:
    """Return a delivery after an attempt: delivered, due again later, or given up."""
    attempts = delivery.attempts + 1
    tried = msgspec.structs.replace(
        delivery,
        attempts=attempts,
        last_status=outcome.status,
        last_error="" if outcome.delivered else _reason(outcome),
    )
    if outcome.delivered:
        return msgspec.structs.replace(tried, status=DeliveryStatus.DELIVERED, settled_time=now)
    asked = min(timedelta(seconds=outcome.retry_after_s), rules.pause_max)
    due = now + max(rules.pause(attempts, jitter), asked)
    too_late = due - delivery.created_time > rules.age_max
    if outcome.gone or attempts >= rules.attempts_max or too_late:
        return msgspec.structs.replace(tried, status=DeliveryStatus.DEAD, settled_time=now)
    return msgspec.structs.replace(tried, next_attempt_time=due)


def again(delivery: Delivery, now: datetime) -> Delivery:
    """Return a dead delivery as if it were new, but for its id."""
    return msgspec.structs.replace(
        delivery,
        status=DeliveryStatus.PENDING,
        attempts=0,
        created_time=now,
        next_attempt_time=now,
        settled_time=None,
    )


def _reason(outcome: Outcome) -> str:
    text = outcome.error or f"HTTP {outcome.status}"
    return text[:_ERROR_LENGTH_MAX]
