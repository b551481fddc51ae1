"""Bodies of the feedback endpoints."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.feedback import FeedbackDecision, FeedbackRange
from gateway.rest.schemas.alerts import AlertBody, PaginationBody


class FeedbackFilter(StrEnum):
    """A decision, or ALL for no filter."""

    ALL = "ALL"
    FRAUD = "FRAUD"
    FALSE_POSITIVE = "FALSE_POSITIVE"


class FeedbackBody(Struct, kw_only=True):
    """A decision that closed its alert; `withdrawn` when the alert was reopened after it."""

    feedback_id: str
    alert_id: str
    entity: str
    entity_type: str
    decision: FeedbackDecision
    notes: str
    resolved_at: datetime
    analyst: str
    confidence: float | None
    withdrawn: bool
    withdrawn_at: datetime | None


class FeedbackSummaryBody(Struct, kw_only=True):
    """What a range comes to.

    `resolution_rate` is total_resolutions as percent of alerts_raised, 0 where none was raised.
    Withdrawn decisions count in `withdrawn` only. `since` is null for `all`.
    """

    total_resolutions: int
    confirmed_frauds: int
    false_positives: int
    resolution_rate: float
    withdrawn: int
    alerts_raised: int
    range: FeedbackRange
    since: datetime | None


class FeedbackListBody(Struct):
    """A page of decisions, and what its range comes to whatever the decision filter is."""

    data: list[FeedbackBody]
    pagination: PaginationBody
    summary: FeedbackSummaryBody


class FeedbackSummaryEnvelope(Struct):
    """The summary of a range."""

    data: FeedbackSummaryBody


class FeedbackDetailBody(FeedbackBody, kw_only=True):
    """A decision with its alert as that is now."""

    alert: AlertBody


class FeedbackDetailEnvelope(Struct):
    """One decision."""

    data: FeedbackDetailBody
