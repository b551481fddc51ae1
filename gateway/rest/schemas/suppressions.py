"""Bodies of the endpoints about suppression rules."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.enumerations import Severity
from gateway.domain.suppression import SuppressedType
from gateway.rest.schemas.alerts import PaginationBody
from gateway.rest.schemas.detection import Identifier
from gateway.rest.schemas.queue import Version

Comment = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]
ReasonCode = Annotated[str, Meta(max_length=64, pattern=r"^[A-Z][A-Z0-9_]*\Z")]
Until = Annotated[datetime, Meta(tz=True)]


class SuppressionStatus(StrEnum):
    """Whether a rule holds now."""

    ACTIVE = "active"
    ENDED = "ended"


class SuppressionFilter(StrEnum):
    """A status, or ALL for no filter."""

    ALL = "ALL"
    ACTIVE = "active"
    ENDED = "ended"


class NewSuppressionBody(Struct, kw_only=True):
    """A rule to make.

    Attributes:
        reason_code: leading reason of the alerts that it holds back; any when left out.
        until: when it ends by itself, at most 366 days ahead.
        comment: why the entity is known to be safe.
        include_critical: true also holds CRITICAL alerts back.
    """

    entity_type: SuppressedType
    entity_id: Identifier
    until: Until
    comment: Comment
    reason_code: ReasonCode | None = None
    include_critical: bool = False


class SuppressionChangeBody(Struct, kw_only=True):
    """What to change about a rule, and why; what is left out stays."""

    comment: Comment
    until: Until | None = None
    include_critical: bool | None = None
    expected_version: Version | None = None


class SuppressionEndBody(Struct, kw_only=True):
    """Why the rule ends."""

    comment: Comment
    expected_version: Version | None = None


class SuppressionBody(Struct, kw_only=True):
    """A rule, and how many alerts it held back."""

    suppression_id: str
    status: SuppressionStatus
    version: int
    entity_type: SuppressedType
    entity_id: str
    reason_code: str | None
    include_critical: bool
    comment: str
    created_by: str
    created_at: datetime
    until: datetime
    ended_at: datetime | None
    ended_by: str | None
    hit_count: int
    last_hit_at: datetime | None


class SuppressionEventBody(Struct, kw_only=True):
    """One thing that was done to a rule, by whom and why."""

    action: str
    analyst_id: str
    comment: str
    detail: str
    timestamp: datetime


class SuppressionDetailBody(SuppressionBody, kw_only=True):
    """A rule with its history, oldest first."""

    history: list[SuppressionEventBody]


class SuppressionHitBody(Struct, kw_only=True):
    """An alert that a rule held back; `timestamp` is when its transaction was scored."""

    transaction_id: str
    alert_id: str
    risk_score: float
    severity: Severity
    leading_reason: str
    timestamp: datetime


class SuppressionEnvelope(Struct):
    """One rule."""

    data: SuppressionBody


class SuppressionDetailEnvelope(Struct):
    """One rule with its history."""

    data: SuppressionDetailBody


class SuppressionListBody(Struct):
    """A page of rules."""

    data: list[SuppressionBody]
    pagination: PaginationBody


class SuppressionHitListBody(Struct):
    """A page of hits."""

    data: list[SuppressionHitBody]
    pagination: PaginationBody
